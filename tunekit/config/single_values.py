"""A single value in place of the options of a component, such as ``stopping.regret_bound=0.1``: that of the first.

Where a component has several options, the value is put under the name of that one before anything is composed: else
whatever came later would replace the other without a word, since a value has no options, and options are no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tunekit.config.hydra_values import entries
from tunekit.config.schema import SEVERAL
from tunekit_core.errors import ConfigurationError, UnknownComponentError
from tunekit_core.plugins.registry import registry

SWITCH = re.compile(r"(?<!\w)(null|none|true|false)(?!\w)", re.IGNORECASE)  # these say whether there is a component
REFERENCE, MISSING = "${", "???"  # which may become anything


def option_meant(key: str) -> str:
    """The option that a dotted key stands for: the first one of the component that it names; else the key itself.

    >>> option_meant("stopping.regret_bound")
    'stopping.regret_bound.below'
    """
    group, _, name = key.partition(".")
    options = _options(SEVERAL[group], name) if group in SEVERAL else ()
    return f"{key}.{options[0]}" if options else key


def with_options_named(overrides: Sequence[str]) -> list[str]:
    """Overrides, where each single value has the option that it stands for, as far as others may be given beside it.

    Args:
        overrides: As they are typed; those of one key alone with a switch in between, such as null, stay as they are,
            since the last of them holds.
    """
    keys = [override.lstrip("+").partition("=")[0] for override in overrides]
    values = [override.partition("=")[2] for override in overrides]
    switched = {key for key, value in zip(keys, values, strict=True) if not _is_single(value)}
    named = []
    for override, key, value in zip(overrides, keys, values, strict=True):
        group, _, name = key.partition(".")
        if group in SEVERAL and key not in switched:
            is_beside_others = any(other.startswith(f"{key}.") for other in keys)
            if is_beside_others or len(_options(SEVERAL[group], name)) > 1:
                override = f"{option_meant(key)}={value}"
        named.append(override)
    return named


def with_entries_alone(overrides: Iterable[str]) -> list[str]:
    """Overrides, where each entry of a mapping that is typed for components of one kind stands alone.

    So what is typed of one of them beside it counts, and a single value in it has its option.

    >>> with_entries_alone(["stopping={regret_bound: 0.1, max_cost: 3}", "seed=3"])
    ['stopping.regret_bound=0.1', 'stopping.max_cost=3', 'seed=3']
    """
    alone = []
    for override in overrides:
        key, _, value = override.partition("=")
        found = entries(value.strip()) if key.lstrip("+") in SEVERAL else []
        alone += [f"{key}.{name}={inner}" for name, inner in found] or [override]
    return alone


def as_options(kind: str, name: str, value: Any) -> Any:
    """What stands behind a component in an options file: a single value as the option that it stands for.

    Args:
        kind: Kind of the component.
        name: Its name.
        value: Options, a single value, or what says whether there is a component.
    """
    if value is None or isinstance(value, bool | dict) or is_open(value):
        return value
    options = _options(kind, name)
    return {options[0]: value} if len(options) > 1 else value


def _is_single(value: str) -> bool:
    return bool(value) and not value.startswith("{") and not SWITCH.search(value)


def is_open(value: Any) -> bool:
    """Whether a value may become anything: it refers to another, or has to be given yet."""
    return isinstance(value, str) and (REFERENCE in value or value == MISSING)


def _options(kind: str, name: str) -> tuple[str, ...]:
    """Names of the options of a component; none of one that does not exist, which is told where it is looked for."""
    try:
        return tuple(registry().find(kind, name).options)
    except (ConfigurationError, UnknownComponentError):
        return ()
