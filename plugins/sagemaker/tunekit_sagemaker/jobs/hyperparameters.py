"""Configurations as hyperparameters of a job, which are texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunekit_core import as_json

MOST = 100
LONGEST_NAME = 256  # characters
LONGEST_VALUE = 256  # as the documentation says; the service takes more


def as_hyperparameters(configuration: Mapping[str, Any]) -> dict[str, str] | None:
    """A configuration as the hyperparameters from which the bootstrap makes the same again, with its types.

    A value is JSON, and a text stands as it is where it cannot be read as JSON: ``1e-05``, ``relu``, ``"1"``.

    Returns:
        ``None`` if they are too many or too long: then the job gets a file ``configuration.json`` instead.
    """
    texts = as_texts(configuration)
    fits = len(texts) <= MOST and all(
        0 < len(name) <= LONGEST_NAME and name.isprintable() and len(text) <= LONGEST_VALUE
        for name, text in texts.items()
    )
    return texts if fits else None


def as_texts(configuration: Mapping[str, Any]) -> dict[str, str]:
    """The same, however many and long they are."""
    return {name: _text(value) for name, value in configuration.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        return as_json(value)
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return value
    return as_json(value)
