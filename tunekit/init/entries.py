"""Reads what a file of settings holds, YAML or JSON: each entry by its name with dots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tunekit.init.arguments import Argument, Form, kind_of_value
from tunekit.init.values import UNKNOWN

FLOAT = re.compile(r"[-+]?(\d[\d_]*)(\.[\d_]*)?[eE][-+]?\d+")


class Loader(yaml.SafeLoader):
    """Reads ``1e-4`` as the number that is meant; for PyYAML it is a text."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789"))


def content_of(file: Path, notes: list[str]) -> Mapping[str, Any]:
    """What a file holds; nothing, and a note on it, if it cannot be read or is no mapping.

    Args:
        file: The file.
        notes: Gets a sentence.
    """
    try:
        text = file.read_text(encoding="utf-8")
        # As yaml.safe_load does, with more numbers; JSON may have tabs, which YAML does not.
        content = json.loads(text) if file.suffix == ".json" else Loader(text).get_single_data()
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        notes.append(f"{file} cannot be read: {' '.join(str(error).split())}.")
        return {}
    return content if isinstance(content, dict) else {}


def entries(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The entries that are no mappings, by their names."""
    for key, value in content.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, dict):
            yield from entries(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def argument_of_entry(name: str, value: Any, form: Form) -> Argument:
    """An entry as an argument.

    Args:
        name: Its name.
        value: What stands there.
        form: How it is passed.
    """
    is_computed = isinstance(value, str) and "${" in value
    is_missing = value == "???"
    plain = value is None or isinstance(value, str | int | float | list)
    return Argument(
        name=name,
        form=form,
        line=0,
        kind=kind_of_value(value),
        default=None if is_missing else UNKNOWN if is_computed or not plain else value,
        is_required=is_missing,
        is_list=isinstance(value, list),
        obstacle="is computed from others" if is_computed else "",
    )
