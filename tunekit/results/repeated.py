"""The command that repeats an experiment, made from what was recorded of it: every option that is no default."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tunekit.config.hydra_values import quoted
from tunekit.config.schema import COMPONENTS, SEVERAL
from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.identity import NOTHING, identity_of
from tunekit.config.specs.inputs import with_paths
from tunekit_core.errors import TunekitError
from tunekit_core.plugins.registry import registry

BARE = re.compile(r"[A-Za-z0-9_./%+-]+")
LIKE_OTHERS = re.compile(r"(?i)(null|true|false|nan|inf|[+-]?[\d.].*)")  # texts that would be read as something else
TYPED = ("n_workers", "random_seed", "constraint", "wait_for_running", "fixed", "points_to_evaluate")
BY_ITSELF = ("function",)  # benchmarks that no command line has


def repeating(metadata: Mapping[str, Any]) -> list[str] | None:
    """What to type after ``python -m tunekit`` for an experiment with equal results, but for its seed.

    With other versions of a plugin whose revision has changed, it is another experiment.

    Args:
        metadata: Its ``metadata.json``.

    Returns:
        Words; ``None`` where the command line did not make it, or what it was made with is not installed here.
    """
    config = metadata.get("config")
    if not isinstance(config, Mapping) or any(not isinstance(config.get(key), Mapping) for key in COMPONENTS):
        return None
    if config["benchmark"].get("name") in BY_ITSELF:
        return None
    try:
        return [f"{key}={_value(value)}" for key, value in _options(with_paths(identity_of(config)))]
    except (TunekitError, LookupError, TypeError, AttributeError):  # somebody else may have written it
        return None


def _options(identity: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in COMPONENTS:
        yield key, _typed(key, identity[key])
        yield from ((f"{key}.{name}", value) for name, value in _given(identity[key]))
    for key, kind in SEVERAL.items():
        for name, options in identity.get(key, {}).items():
            given = list(_given(options))
            if not given:
                yield f"+{key}.{_typed(kind, options)}", {}
            for option, value in given:
                yield f"{key}.{name}.{option}", value
    yield from ((key, identity[key]) for key in TYPED if identity.get(key) not in NOTHING and identity[key] != 0)


def _given(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in options.items() if name not in ("name", DISTRIBUTION, REVISION))


def _typed(kind: str, component: Mapping[str, Any]) -> str:
    """The shortest name that means the component here."""
    return registry().clearest(kind, f"{component.get(DISTRIBUTION)}/{component['name']}")


def _value(value: Any) -> str:
    """A value as Hydra reads it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_text(str(key))}:{_value(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_value, value))}]"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    return text if BARE.fullmatch(text) and not LIKE_OTHERS.fullmatch(text) else quoted(text)
