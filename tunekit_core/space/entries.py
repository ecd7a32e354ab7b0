"""What a search space may hold under a name: a domain or a constant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from tunekit_core.errors import ConfigurationError, shown
from tunekit_core.space.domain import Domain, Value, is_value, plain
from tunekit_core.space.lookalikes import instead_of_mapping, instead_of_object, instead_of_text, text_like_a_domain
from tunekit_core.space.text import choice, domain_from_json, parse_domain


def checked_entry(name: object, entry: object) -> Domain | Value:
    """The entry, if it can stand in a search space.

    Raises:
        ConfigurationError: If it is neither a domain nor a constant, or the name is not text.
    """
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"{name!r} cannot be a name in a search space: use text.", value=name)
    if isinstance(entry, Domain):
        return entry
    if isinstance(entry, list | np.ndarray):
        return _choice(name, entry)
    value = plain(entry)
    if isinstance(value, str) and text_like_a_domain(value):
        raise ConfigurationError(
            f"{name}={value!r} is text, not a domain. Use SearchSpace.parse to read domains from text.",
            option=name,
            value=entry,
        )
    if isinstance(value, tuple) or not is_value(value):
        raise ConfigurationError(
            f"{name}={entry!r} is neither a domain nor a constant. {instead_of_object(entry)}. Constants are text, "
            "finite numbers, true, false and null.",
            option=name,
            value=entry,
        )
    return cast("Value", value)


def check_entries(entries: object) -> None:
    """See that what a space is made of has names.

    Raises:
        ConfigurationError: If it is no mapping.
    """
    if not isinstance(entries, Mapping):
        raise ConfigurationError(
            f"{shown(entries)} is no search space: give a mapping from names to domains or constants, such as "
            "{'lr': 'loguniform(1e-4, 1e-1)', 'units': [16, 32, 64]}.",
            value=entries,
        )


def flat_entries(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings in mappings as entries whose names have dots; of two entries of one name the last holds.

    Raises:
        ConfigurationError: If it is no mapping, or one in it is a domain as other tools have it.
    """
    check_entries(entries)
    flat: dict[str, Any] = {}
    for name, entry in entries.items():
        if isinstance(entry, Mapping) and entry:
            instead = instead_of_mapping(entry)
            if instead is not None:
                raise ConfigurationError(
                    f"{name}={dict(entry)!r} is no domain. {instead}. A mapping makes names with dots, as in "
                    f"{name}.part.",
                    option=name,
                    value=entry,
                )
            flat |= flat_entries({f"{name}.{part}": value for part, value in entry.items()})
        else:
            flat[name] = entry
    return flat


def parse_entry(name: str, entry: Any) -> Any:
    """The domain that a text such as ``uniform(0, 1)`` describes, anything else as it is.

    Raises:
        ConfigurationError: If the text looks like a domain and is none.
    """
    if isinstance(entry, list):
        for element in entry:
            if isinstance(element, str) and text_like_a_domain(element):
                raise ConfigurationError(
                    f"{name}={entry!r}: a list is a choice of its elements, and {element!r} looks like a domain, of "
                    "which each hyperparameter has one. For a choice of such texts write choice([…]) around them.",
                    option=name,
                    value=entry,
                )
    if not isinstance(entry, str) or not text_like_a_domain(entry):
        return entry
    try:
        return parse_domain(entry)
    except ConfigurationError as error:
        reason = str(error).partition(" Known are:")[0]
        if reason.startswith((f"{entry!r} is not", "No domain is named")):
            reason = f"{entry!r} is not a domain."
        raise named(name, ConfigurationError(f"{reason} {instead_of_text(entry)}", value=entry)) from error


def _choice(name: str, entry: Any) -> Domain:
    try:
        return choice(entry)
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
