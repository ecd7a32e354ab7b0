"""Mappings and lists that several components hold and none may change."""

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


class ReadOnlyList(list[Any]):
    """The same of a list; ``list(…)`` makes a copy that can be changed."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self),)

    def __copy__(self) -> ReadOnlyList:
        return self

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only: list(…) makes a copy that can be changed.")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse


MAX_DEPTH = 100
"""How deep what is recorded may be nested: far below what Python can read, wherever in a program it does."""


def is_deeper(value: Any, depth: int) -> bool:
    """Whether what JSON holds is nested deeper than this; it takes no stack, however deep that is."""
    level = [value]
    for _ in range(depth + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return False
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return True


def read_only(value: Any) -> Any:
    """What JSON holds, with all dicts and lists in it as ones that cannot be changed."""
    if isinstance(value, dict):
        return ReadOnlyDict({key: read_only(each) for key, each in value.items()})
    return ReadOnlyList(map(read_only, value)) if isinstance(value, list) else value
