"""A configuration: a value for every entry of a search space."""

from __future__ import annotations

from typing import ClassVar

from tunekit_core.read_only import ReadOnlyDict


class Configuration(ReadOnlyDict):
    """A value for every entry of a search space, constants included, in the order of the space. Read-only.

    It equals any dict with the same entries.
    """

    __slots__ = ()
    instead: ClassVar[str] = (
        "space.replace(configuration, name, value) makes one with another value, dict(configuration) a copy that can "
        "be changed"
    )
