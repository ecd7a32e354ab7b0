"""What a component declares about itself as attributes, and whether it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from numbers import Integral
from typing import Any

import attrs

from tunekit_core.errors import shown

UNKNOWN = object()


@attrs.frozen
class _Declared:
    """An attribute.

    Attributes:
        fits: Whether it may have a value.
        allowed: What it may be, as the end of a sentence.
    """

    fits: Callable[[Any], bool]
    allowed: str


def wrong_attribute(kind: str, component: Any) -> str:
    """What is wrong with an attribute of a component, as the end of a sentence about it; empty if nothing is.

    Args:
        kind: Its kind, as for :func:`~tunekit_core.create`.
        component: The component, or its class. What a class computes is looked at once there is a component.
    """
    for name, declared in ATTRIBUTES[kind].items():
        value = getattr(component, name, UNKNOWN)  # what has no default is missed where it is used
        is_computed = isinstance(component, type) and hasattr(value, "__get__")
        if value is not UNKNOWN and not is_computed and not declared.fits(value):
            return f"declares {name}={shown(value)}: {declared.allowed}"
    return ""


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(least: int, value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _is_set(members: Iterable[str] | None, value: Any) -> bool:
    is_set = isinstance(value, set | frozenset) and all(isinstance(each, str) for each in value)
    return is_set and (members is None or value <= {*members})


def _is_one_of(values: Iterable[str], value: Any) -> bool:
    return isinstance(value, str) and value in values


def _or_none(fits: Callable[[Any], bool], value: Any) -> bool:
    return value is None or fits(value)


def _set(*members: str) -> _Declared:
    example = f"frozenset({{{members[0]!r}}})"
    return _Declared(
        partial(_is_set, members), f"it has to be a set of {', '.join(map(repr, members))}, as {example} is"
    )


def _count(least: int, *, or_none: bool = False) -> _Declared:
    fits = partial(_is_count, least)
    allowed = f"it has to be a whole number from {least} on"
    return _Declared(partial(_or_none, fits), f"{allowed}, or None") if or_none else _Declared(fits, allowed)


_TEXT = _Declared(_is_text, "it has to be text, empty where it has nothing to say")
_TEXT_OR_NONE = _Declared(partial(_or_none, _is_text), "it has to be text, or None")
_FLAG = _Declared(_is_flag, "it has to be True or False")
_OBJECTIVES = _Declared(partial(_is_one_of, ("one", "many")), "it has to be 'one' or 'many'")
_NAMED = {"name": _Declared(_is_name, "it has to be text that is not empty")}
_PART = {**_NAMED, "revision": _count(1)}
_RANDOM = {**_PART, "stream_family": _Declared(_is_text, "it has to be text, empty for the name of the component")}

ATTRIBUTES: Mapping[str, Mapping[str, _Declared]] = {
    "searcher": {**_RANDOM, "objectives": _OBJECTIVES, "is_expensive": _FLAG},
    "scheduler": {**_RANDOM, "objectives": _OBJECTIVES, "needs": _set("pause", "copy")},
    "backend": {
        **_RANDOM,
        "capabilities": _set("pause", "checkpoint", "copy", "restore"),
        "max_losses": _count(0),
        "max_retries": _count(0),
        "max_checkpoints": _count(0, or_none=True),
        "is_default": _FLAG,
        "cost_unit": _TEXT,
        "cost_basis": _TEXT,
    },
    "benchmark": {
        **_PART,
        "max_resource": _count(1, or_none=True),
        "max_resource_attr": _TEXT_OR_NONE,
        "n_workers": _count(1),
        "dataset": _TEXT_OR_NONE,
        "metrics": _Declared(partial(_or_none, partial(_is_set, None)), "it has to be a set of names, or None"),
        "data_hash": _TEXT_OR_NONE,
        "is_default": _FLAG,
        "preferred_backend": _TEXT_OR_NONE,
    },
    "stopping": {
        **_PART,
        "is_certain": _FLAG,
        "is_failure": _FLAG,
        "waits_for_running": _FLAG,
        "uses_cost": _FLAG,
        "uses_regret_bound": _FLAG,
    },
    "composer": _PART,
    "observer": _NAMED,
    "launcher": _NAMED,
}
"""Those of each kind that have to be of a form, by name."""
