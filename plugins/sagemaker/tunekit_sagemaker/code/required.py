"""Which distributions have to travel, and what they require beside each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from importlib import metadata

import attrs
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tunekit_sagemaker.code.distributions import installed, is_compiled, is_of_no_index
from tunekit_sagemaker.code.requirements import RequirementsFile

OURS = "tunekit-"  # begins the names of what no index has, however it was installed


@attrs.frozen
class Travelling:
    """What goes along.

    Attributes:
        distributions: Names of distributions whose files travel, each once.
        requirements: What these require, and an index has.
    """

    distributions: tuple[str, ...]
    requirements: tuple[RequirementsFile, ...]


def travelling_with(distributions: Sequence[str]) -> Travelling:
    """The distributions that travel with some: those they require that no index has, as far as they can.

    Args:
        distributions: Names of those that travel in any case.
    """
    found: dict[str, list[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = deque((name, frozenset[str]()) for name in distributions)
    always = {canonicalize_name(name) for name in distributions}
    while waiting:
        name, extras = waiting.popleft()
        key = canonicalize_name(name), extras
        if key in seen:
            continue
        seen.add(key)
        lines = found.setdefault(canonicalize_name(name), [])
        for text in installed(name).requires or ():
            requirement = _for_extras(Requirement(text), extras)
            if requirement is None:
                continue
            if canonicalize_name(requirement.name) in always or _travels(requirement.name):
                waiting.append((requirement.name, frozenset(requirement.extras)))
            elif str(requirement) not in lines:
                lines.append(str(requirement))
    files = tuple(RequirementsFile(name, "\n".join(lines), is_moved=True) for name, lines in found.items() if lines)
    return Travelling(tuple(found), files)


def _for_extras(requirement: Requirement, extras: frozenset[str]) -> Requirement | None:
    """A requirement without what it says of extras; ``None`` if it is for others than these."""
    marker = requirement.marker
    if marker is None or "extra" not in str(marker):
        return requirement
    if not any(_is_met(marker, extra) for extra in extras):
        return None
    requirement.marker = None
    return requirement


def _is_met(marker: Marker, extra: str) -> bool:
    return marker.evaluate({"extra": extra})


def _travels(name: str) -> bool:
    is_ours = canonicalize_name(name).startswith(OURS)
    try:
        return (is_ours or is_of_no_index(name)) and not is_compiled(name)
    except metadata.PackageNotFoundError:  # its condition is not met here
        return False
