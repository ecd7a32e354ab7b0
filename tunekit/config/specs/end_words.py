"""The ends of an experiment in the words by which they are typed, and how one run differs from another in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.identity import ends_of
from tunekit_core.number_text import format_number
from tunekit_core.plugins.registry import registry

NO_OPTIONS = "true"  # what is typed for a criterion that has none
NONE = "none"
UNITS = {"seconds": " s"}  # by option; all others are counts, or in the unit of what trials report


def typed_ends(results: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """The ends of a run: by what is typed for it, such as ``stopping.max_cost``, the value and its unit.

    Args:
        results: What was recorded of the run as its config.
    """
    ends: dict[str, tuple[Any, str]] = {}
    for qualified, recorded in ends_of(results).items():
        word = f"stopping.{registry().clearest('stopping', qualified)}"
        options = {name: value for name, value in recorded.items() if name not in (DISTRIBUTION, REVISION)}
        for option, value in options.items():
            ends[word if len(options) == 1 else f"{word}.{option}"] = (value, UNITS.get(option, ""))
        if not options:
            ends[word] = (NO_OPTIONS, "")
    return ends


def changed_ends(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What ends a run otherwise than another, such as ``stopping.max_wallclock_time 600 -> 720 s``.

    Args:
        before: What was recorded of the one, as for :func:`typed_ends`.
        after: What was recorded of the other.
    """
    old, new = typed_ends(before), typed_ends(after)
    changed = []
    for word in dict.fromkeys([*old, *new]):
        if old.get(word) == new.get(word):
            continue
        unit = (new.get(word) or old[word])[1]
        was, becomes = (format_number(ends[word][0]) if word in ends else NONE for ends in (old, new))
        changed.append(f"{word} {was} -> {becomes}{unit if becomes != NONE else ''}")
    if not new:
        changed.append("it has no end from now on but that `steer … stop` ends it")
    return changed
