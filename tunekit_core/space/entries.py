"""What a search space may hold under a name: a domain or a constant."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from tunekit_core.errors import ConfigurationError
from tunekit_core.space.domain import Domain, Value, plain
from tunekit_core.space.text import domain_from_json, parse_domain

_START_OF_CALL = re.compile(r"\s*[A-Za-z_]\w*\s*\(")


def checked_entry(name: object, entry: object) -> Domain | Value:
    """The entry, if it can stand in a search space.

    Raises:
        ConfigurationError: If it is neither a domain nor a constant, or the name is not text.
    """
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"{name!r} cannot be a name in a search space: use text.", value=name)
    if isinstance(entry, Domain):
        return entry
    value = plain(entry)
    if _looks_like_domain(value):
        raise ConfigurationError(
            f"{name}={value!r} is text, not a domain. Use SearchSpace.parse to read domains from text.",
            option=name,
            value=entry,
        )
    if isinstance(value, list | tuple):
        raise ConfigurationError(
            f"{name}={value!r} cannot be a constant. To search over the values write choice({list(value)!r}).",
            option=name,
            value=entry,
        )
    if not isinstance(value, Value) or (isinstance(value, float) and not math.isfinite(value)):
        raise ConfigurationError(
            f"{name}={value!r} is neither a domain nor a constant. Constants are text, finite numbers, true, "
            "false and null.",
            option=name,
            value=entry,
        )
    return value


def parse_entry(name: str, entry: Any) -> Any:
    """The domain that a text such as ``uniform(0, 1)`` describes, anything else as it is.

    Raises:
        ConfigurationError: If the text begins like a call but is not a domain.
    """
    try:
        return parse_domain(entry) if _looks_like_domain(entry) else entry
    except ConfigurationError as error:
        raise named(name, error) from error


def entry_to_json(entry: Domain | Value) -> dict[str, Any]:
    """Fields of a domain, or the field ``constant``."""
    return entry.to_json() if isinstance(entry, Domain) else {"constant": entry}


def entry_from_json(record: Mapping[str, Any]) -> Any:
    """The entry of a record with fields of :func:`entry_to_json`, and fields of the space beside them."""
    if "constant" in record:
        return record["constant"]
    return domain_from_json({key: value for key, value in record.items() if key not in ("name", "fixed")})


def named(name: str, error: ConfigurationError) -> ConfigurationError:
    """The error of a domain, with the name of the hyperparameter."""
    return ConfigurationError(f"{name}: {error}", option=name, value=error.value)


def _looks_like_domain(entry: object) -> bool:
    return isinstance(entry, str) and _START_OF_CALL.match(entry) is not None
