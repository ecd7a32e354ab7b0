"""The command that repeats an experiment, made from what was recorded of it: its recipe, and what differs from that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tunekit.config.hydra_values import quoted
from tunekit.config.schema import COMPONENTS, METHOD_PARTS, SEVERAL, UNTAGGED
from tunekit.config.single_values import option_meant
from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.identity import NOTHING, identity_of
from tunekit.config.specs.inputs import with_paths
from tunekit.results.going_on import FUNCTION_BENCHMARK
from tunekit.results.recipes import METHOD, Recipe, differences, plans_the_same, recipe_of
from tunekit_core.errors import TunekitError
from tunekit_core.plugins.registry import registry

BARE = re.compile(r"[A-Za-z0-9_./%+-]+")
LIKE_OTHERS = re.compile(r"(?i)(null|true|false|nan|inf|[+-]?[\d.].*)")  # texts that would be read as something else
TYPED = ("n_workers", "random_seed", "constraint", "wait_for_running", "fixed", "points_to_evaluate")
TAG = "experiment_tag"


def repeating(metadata: Mapping[str, Any]) -> list[str] | None:
    """What to type after ``python -m tunekit`` for an experiment in the same folder, but for its seed.

    With other versions of a plugin whose revision has changed, it is another experiment. Of a recipe that is not
    installed here, only the name is typed, with all that it chose.

    Args:
        metadata: Its ``metadata.json``.

    Returns:
        Words; ``None`` where the command line did not make it, or what it was made with is not installed here.
    """
    config = metadata.get("config")
    if not isinstance(config, Mapping) or any(not isinstance(config.get(key), Mapping) for key in COMPONENTS):
        return None
    if config["benchmark"].get("name") == FUNCTION_BENCHMARK:
        return None
    try:
        return list(_words(metadata, config))
    except (TunekitError, LookupError, TypeError, AttributeError):  # somebody else may have written it
        return None


def _words(metadata: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    identity = with_paths(identity_of(config))
    rest = [f"{key}={value_text(value)}" for key, value in _others(identity)]
    if metadata.get(TAG) not in (None, UNTAGGED):
        rest.append(f"{TAG}={value_text(metadata[TAG])}")
    name, recipe = recipe_of(metadata)
    if recipe is not None:
        parts = [f"{key}={value_text(value)}" for key, value in _differing(recipe, identity, config)]
        words = [f"{METHOD}={value_text(name)}", *parts, *rest]
        if (recipe.is_simple and not parts and name == metadata[METHOD]) or plans_the_same(words, metadata):
            yield from words
            return
    if name is not None:  # the run is known by the name alone
        yield f"{METHOD}.name={value_text(metadata[METHOD])}"
    yield from (f"{key}={value_text(value)}" for kind in METHOD_PARTS for key, value in _component(kind, identity))
    yield from rest


def _differing(recipe: Recipe, identity: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind in METHOD_PARTS:
        options = differences(recipe, kind, identity[kind], config[kind])
        if options is None:
            yield from _component(kind, identity)
        else:
            yield from ((f"{kind}.{name}", value) for name, value in options)


def _component(kind: str, identity: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield kind, _typed(kind, identity[kind])
    yield from ((f"{kind}.{name}", value) for name, value in _given(identity[kind]))


def _others(identity: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in COMPONENTS:
        if key not in METHOD_PARTS:
            yield from _component(key, identity)
    for key, kind in SEVERAL.items():
        for name, options in identity.get(key, {}).items():
            given = list(_given(options))
            if not given:
                yield f"+{key}.{_typed(kind, options)}", {}
            yield from _short(f"{key}.{name}", given)
    yield from ((key, identity[key]) for key in TYPED if identity.get(key) not in NOTHING and identity[key] != 0)


def _short(component: str, given: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Options of one of several components as they are typed: the first alone, if it is a number, without its name."""
    if len(given) == 1 and option_meant(component) == f"{component}.{given[0][0]}":
        value = given[0][1]
        if isinstance(value, int | float) and not isinstance(value, bool):  # true would say that it is on
            return [(component, value)]
    return [(f"{component}.{option}", value) for option, value in given]


def _given(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in options.items() if name not in ("name", DISTRIBUTION, REVISION))


def _typed(kind: str, component: Mapping[str, Any]) -> str:
    """The shortest name that means the component here."""
    return registry().clearest(kind, f"{component.get(DISTRIBUTION)}/{component['name']}")


def value_text(value: Any) -> str:
    """A value as Hydra reads it.

    Args:
        value: Of JSON.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_text(str(key))}:{value_text(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(value_text, value))}]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    return text if BARE.fullmatch(text) and not LIKE_OTHERS.fullmatch(text) else quoted(text)
