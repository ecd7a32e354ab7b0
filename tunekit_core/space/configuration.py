"""A configuration: a value for every entry of a search space."""

from __future__ import annotations

from typing import ClassVar

from tunekit_core.read_only import ReadOnlyDict


class Configuration(ReadOnlyDict):
    """A value for every entry of a search space, constants included, in the order of the space. Read-only.

    It equals any dict with the same entries.

    Attributes:
        made_by: The search space that has drawn or cast its values, and so does not look at them again; not set if
            somebody else made it.
    """

    __slots__ = ("made_by",)
    made_by: object
    instead: ClassVar[str] = (
        "space.replace(configuration, name, value) makes one with another value, dict(configuration) a copy that can "
        "be changed"
    )
