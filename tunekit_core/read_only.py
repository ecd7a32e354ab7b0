"""Mappings that several components hold and none may change."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn


class ReadOnlyDict(dict[str, Any]):
    """A dict that cannot be changed once it is made; ``dict(…)`` makes a copy that can be.

    It is read, compared, pickled and written as JSON as a dict is, and as fast.

    Attributes:
        instead: What to do instead of changing it, for the error.
    """

    __slots__ = ()
    instead: ClassVar[str] = "dict(…) makes a copy that can be changed"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __copy__(self) -> ReadOnlyDict:
        return self

    def copy(self) -> ReadOnlyDict:
        """Itself, since it cannot be changed."""
        return self

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only: {self.instead}.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
