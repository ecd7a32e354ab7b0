"""Which values of options are secrets, and where one is read that is not at hand: from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tunekit.secrets import Secret
from tunekit_core.errors import ConfigurationError
from tunekit_core.secret_names import MASK, is_secret, is_secret_name, masked

SPACE = "space"  # an option of this name holds hyperparameters, which results are made of
ENVIRONMENT = "environment"  # one of this name holds variables, where a whole number is text too


def marked(name: str, value: Any) -> Any:
    """The value of an option, with secrets as such.

    Args:
        name: Of the option; within a mapping that of an entry.
        value: Its value.

    Raises:
        ConfigurationError: If a hyperparameter is a secret.
    """
    if name == SPACE:
        return refused_in(value)
    if name == ENVIRONMENT and isinstance(value, Mapping):
        value = {
            key: str(part) if is_secret(key, part) and isinstance(part, int) else part for key, part in value.items()
        }
    if isinstance(value, Mapping):
        return {key: marked(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [marked(name, part) for part in value]
    if not isinstance(value, str) or not is_secret(name, value):
        return value
    return Secret(value, MASK, value.written if isinstance(value, Secret) else f"${{oc.env:{name}}}")


def shown(name: str, value: Any) -> Any:
    """A value that is written as it was given, but for secrets in it, which are lost."""
    if isinstance(value, Secret):
        return value.shown
    if isinstance(value, Mapping):
        return {key: shown(str(key), part) for key, part in value.items()}
    if isinstance(value, list):
        return [shown(name, part) for part in value]
    return masked(name, value)


def refused_in(value: Any) -> Any:
    """Values that are written to results: none of them may be a secret.

    Raises:
        ConfigurationError: If one is.
    """
    if isinstance(value, Secret):
        raise ConfigurationError(
            f"{value.written} names a secret, and what is searched or fixed is written to the results. Give it to the "
            "program as a variable: benchmark.environment.NAME=…",
            value=value.written,
        )
    if isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            refused_in(part)
    return value


def with_environment(path: str, value: Any) -> Any:
    """Values of options as they were given, with those from the environment that have a mask in their place.

    Raises:
        ConfigurationError: If one is not there.
    """
    if isinstance(value, Mapping):
        return {key: with_environment(f"{path}.{key}", part) for key, part in value.items()}
    name = path.rpartition(".")[2]
    if value != MASK or not is_secret_name(name):
        return value
    if not os.environ.get(name):
        raise ConfigurationError(
            f"{path}={MASK} stands in place of a value that is never written, since its name looks like that of a "
            f"secret. Type {path}=VALUE, or set it before: export {name}=VALUE",
            option=path,
            value=value,
        )
    return os.environ[name]
