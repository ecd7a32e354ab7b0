"""What a program is given in all trials of an experiment, by its metadata: its command, and constants of its space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tunekit_core.space.lookalikes import text_like_a_domain

MAX_RESOURCE_ATTR = "max_resource_attr"  # the option that names the argument which says how far trials run


def command_of(metadata: Mapping[str, Any]) -> str:
    """The command of the program that an experiment runs; empty if it runs none.

    Args:
        metadata: Its ``metadata.json``.
    """
    return str(_benchmark(metadata).get("command") or "")


def constants_and_searched(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """What the search space of an experiment fixes, by dotted name, and the names of what is searched.

    How far trials run, which a script is told by an argument too, is neither.

    Args:
        metadata: Its ``metadata.json``.
    """
    benchmark = _benchmark(metadata)
    space = benchmark.get("space")
    entries = dict(flat(space)) if isinstance(space, Mapping) else {}
    entries.pop(str(benchmark.get(MAX_RESOURCE_ATTR)), None)
    searched = {name for name, value in entries.items() if _is_domain(value)}
    return {name: value for name, value in entries.items() if name not in searched}, searched


def told_of_program(metadata: Mapping[str, Any]) -> str:
    """The program of an experiment and what it is always given, as a line; empty if it runs none.

    Args:
        metadata: Its ``metadata.json``.
    """
    constants, _ = constants_and_searched(metadata)
    always = ", ".join(f"{name}={value}" for name, value in constants.items())
    command = command_of(metadata)
    return f"Command: {command}{f', always with {always}' if always else ''}" if command else ""


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of nested mappings, with dotted keys."""
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            yield from flat(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", entry


def _benchmark(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    config = metadata.get("config")
    benchmark = config.get("benchmark") if isinstance(config, Mapping) else None
    return benchmark if isinstance(benchmark, Mapping) else {}


def _is_domain(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, str) and text_like_a_domain(value))
