"""Which values of options are secrets, and where one is read that is not at hand: from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tunekit.secrets import AS_IT_IS, COMMAND, IN_RESULTS, Secret, is_secret_variable, refuse_secret, variables_in
from tunekit_core.errors import ConfigurationError
from tunekit_core.secret_names import (
    MASK,
    URL_WITH_PASSWORD,
    WORD,
    holds_password,
    is_secret,
    masked,
    name_in,
    secrets_of_command,
)

SPACE = "space"  # an option of this name holds hyperparameters, which results are made of
ENVIRONMENT = "environment"  # one of this name holds variables, where a whole number is text too
FOLDER = "folder"


def marked(path: str, value: Any) -> Any:
    """The value of an option, with secrets as such.

    Args:
        path: Dotted name of the option, or of what is in it.
        value: Its value.

    Raises:
        ConfigurationError: If a hyperparameter, a command or a folder is or holds a secret.
    """
    name = name_in(path)
    if name == SPACE:
        refuse_secret(path, value, IN_RESULTS)
        return value
    if name == FOLDER:
        refuse_secret(path, value, AS_IT_IS)
    if name == COMMAND and isinstance(value, str):
        _check_command(path, value)
    if name == ENVIRONMENT and isinstance(value, Mapping):
        value = {
            key: str(part) if is_secret(key, part) and isinstance(part, int) else part for key, part in value.items()
        }
    if isinstance(value, Mapping):
        return {key: marked(f"{path}.{key}", part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [marked(f"{path}.{number}", part) for number, part in enumerate(value)]
    if not isinstance(value, str) or not is_secret(name, value.shown if isinstance(value, Secret) else value):
        return value
    if isinstance(value, Secret) and not holds_password(value.written):
        return Secret(value, MASK, value.written)
    return Secret(value, MASK, f"${{oc.env:{_variable(path)}}}")


def shown(name: str, value: Any) -> Any:
    """A value that is written as it was given, but for secrets in it, which are lost."""
    if isinstance(value, Secret):
        return masked(name, value.shown)
    if isinstance(value, Mapping):
        return {key: shown(str(key), part) for key, part in value.items()}
    if isinstance(value, list):
        return [shown(name, part) for part in value]
    return masked(name, value)


def with_environment(path: str, value: Any) -> Any:
    """Values of options as they were given, with those from the environment that have a mask in their place.

    Raises:
        ConfigurationError: If one is not there.
    """
    if isinstance(value, Mapping):
        return {key: with_environment(f"{path}.{key}", part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_environment(f"{path}.{number}", part) for number, part in enumerate(value)]
    if value != MASK:
        return value
    variable = _variable(path)
    if not os.environ.get(variable):
        raise ConfigurationError(
            f"{path}={MASK} stands in place of a value that is never written, since it is or holds a secret. Type "
            f"{path}=VALUE, or set it before: export {variable}=VALUE",
            option=path,
            value=value,
        )
    return Secret(os.environ[variable], MASK, f"${{oc.env:{variable}}}")


def _variable(path: str) -> str:
    """The variable that a secret is read from which was typed: it is called as the secret is."""
    name = name_in(path)
    return name + path.rpartition(name)[2].replace(".", "_")


def _check_command(path: str, command: str) -> None:
    option = path.removesuffix(COMMAND)
    if isinstance(command, Secret):
        variable = next(filter(is_secret_variable, variables_in(command.written)))
        what, otherwise = f"is made of ${{oc.env:{variable}}}, a secret", ""
    elif found := secrets_of_command(command):
        argument, _ = found[0]
        what = f"holds what looks like a secret, {argument}"
        variable, otherwise = "DATABASE_URL", ""
        if argument != URL_WITH_PASSWORD:
            variable = "_".join(WORD.findall(argument)).upper()
            otherwise = f" If it is none, have the space pass it on: {option}{SPACE}.{argument.lstrip('-')}=…"
    else:
        return
    raise ConfigurationError(
        f"{path} {what}; commands are written down, and other users see them. Give it to the program as a variable: "
        f"{option}{ENVIRONMENT}.{variable}='${{oc.env:{variable}}}'.{otherwise}",
        option=path,
    )
