"""``stopping.DISTRIBUTION/NAME``: Hydra takes no slash in such a key, so that it is written otherwise for it.

A component whose name is clear without its distribution goes by that alone, however it was typed, so that what a
recipe says and what is typed are one key.
"""

from __future__ import annotations

from typing import Any, cast

from tunekit.config.free_names import decoded_names
from tunekit.config.schema import SEVERAL
from tunekit_core.plugins.names import SLASH, split_name
from tunekit_core.plugins.registry import registry

MARK = "$"


def encoded(kind: str, name: str) -> str:
    """The name of a component as a key for Hydra.

    >>> encoded("stopping", "tunekit-other/max_cost")  # where two distributions offer a max_cost
    '$tunekit-other$max_cost'
    """
    clear = registry().clearest(kind, name)
    if SLASH not in clear:
        return clear
    distribution, bare = split_name(clear)
    return f"{MARK}{distribution}{MARK}{bare}"


def same_component(kind: str, one: str, other: str) -> bool:
    """Whether two names, with or without a distribution before them, are those of one component."""
    return registry().clearest(kind, one) == registry().clearest(kind, other)


def encoded_key(key: str) -> str:
    """A dotted key of the command line, where it has a distribution in it."""
    group, dot, rest = key.partition(".")
    if group not in SEVERAL or SLASH not in rest:
        return key
    distribution, _, inside = rest.rpartition(SLASH)
    name, dot_of_option, option = inside.partition(".")
    return group + dot + encoded(SEVERAL[group], f"{distribution}{SLASH}{name}") + dot_of_option + option


def decoded(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration that Hydra composed, with the names that were typed."""
    several = {
        key: {_decoded(kind, name): value for name, value in config[key].items()}
        for key, kind in SEVERAL.items()
        if isinstance(config.get(key), dict)
    }
    return cast("dict[str, Any]", decoded_names({**config, **several}))


def _decoded(kind: str, name: Any) -> Any:
    text = str(name)
    if text.startswith(MARK):
        text = SLASH.join(text.removeprefix(MARK).split(MARK))
    return registry().clearest(kind, text) if SLASH in text else name
