"""What a run is: two runs with one identity have the same results, and share a folder.

A run is recorded with all of its options. Those that have their default do not count, nor does where inputs are: a new
option, or another place for a file, makes no run another one. A component whose default or numbers change says so by
its revision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tunekit.config.schema import COMPONENTS, SEVERAL
from tunekit.config.specs.components import DISTRIBUTION, REVISION, find_recorded, plain
from tunekit.config.specs.inputs import without_paths
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.names import BUILT_IN, split_name

DIGITS = 12
NO_SUCCESS = "no_success"
NOTHING: tuple[Any, ...] = (None, False, {})  # what is recorded where nothing was asked for


def digest(results: Mapping[str, Any], watched_by: Mapping[str, Any] | None = None) -> str:
    """Twelve hexadecimal digits of what determines the results.

    Args:
        results: As for :class:`~tunekit.config.specs.run_spec.RunSpec`.
        watched_by: Observers, where they are to count.
    """
    identity = identity_of(results) if watched_by is None else {**identity_of(results), "observers": watched_by}
    text = json.dumps(without_paths(identity), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def identity_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """What of it counts."""
    identity = {key: value for key, value in results.items() if value not in NOTHING}
    for key in COMPONENTS:
        identity[key] = without_defaults(key, results[key])
    counted = {**results, "stopping": ends_of(results)}
    for key, kind in SEVERAL.items():
        if key in identity:
            identity[key] = {
                name: without_defaults(kind, {**options, "name": name}) for name, options in counted[key].items()
            }
    return {key: value for key, value in identity.items() if value not in NOTHING}


def ends_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """The criteria of a run that count, each with its options: all but the one that every run has, or is told not to.

    That one changes nothing of a run that can be complete, and what it ends is not complete.
    """
    return {
        name: options
        for name, options in results["stopping"].items()
        if split_name(name)[1] != NO_SUCCESS or options.get(DISTRIBUTION) != BUILT_IN
    }


def revisions(results: Mapping[str, Any]) -> dict[str, int]:
    """The revision of each component that was recorded, by what its options begin with on the command line."""
    found = {key: results[key].get(REVISION) for key in COMPONENTS}
    for key in SEVERAL:
        found |= {f"{key}.{name}": options.get(REVISION) for name, options in results.get(key, {}).items()}
    return {path: revision for path, revision in found.items() if revision is not None}


def without_defaults(kind: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """A component as it was recorded, without the options that have their default.

    Args:
        kind: Its kind.
        recorded: Its name, its distribution, and all of its options.
    """
    component = find_recorded(kind, recorded)
    defaults = {} if component is None else _defaults(component)
    return {
        key: value
        for key, value in recorded.items()
        if key in ("name", DISTRIBUTION, REVISION) or key not in defaults or value != defaults[key]
    }


def _defaults(component: Component) -> Mapping[str, Any]:
    return plain({name: option.default for name, option in component.options.items() if not option.required})
