"""Secrets on their way from the command line or the environment to what needs them: nothing else writes them down."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.secret_names import (
    MASK,
    URL,
    holds_password,
    is_secret_name,
    mask_secrets,
    name_in,
    secrets_of_command,
)

ENTRY = re.compile(r"([\w.-]+)(\s*:\s*)(\"[^\"]*\"|'[^']*'|[^,{}]+)")  # of a mapping, as it is typed
WITH_DEFAULT = re.compile(r"(\$\{\s*oc\.env\s*:\s*[^,}\s]+)\s*,((?:[^{}]|\$\{[^{}]*\})*)\}")
INTERPOLATIONS = re.compile(r"(\$\{(?:[^{}]|\{[^{}]*\})*\})+")
NEEDED = re.compile(r"\$\{\s*oc\.env\s*:\s*([^,}\s]+)\s*\}")  # without a default
VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*([^,}\s]+)")
COMMAND = "command"  # an option of this name holds what a program is started with, which everybody sees
AS_IT_IS = "it is written down as it is, in a file or as the name of a folder. Type one that is no secret."
IN_RESULTS = (
    "what is searched or fixed is written to the results. Give it to the program as a variable: "
    "benchmark.environment.NAME=…"
)
SPACE = "benchmark.space."  # hyperparameters are no secrets


class Secret(str):
    """A text that is not to be written down.

    Attributes:
        shown: What is written in its place.
        written: What it is read from again, with interpolations such as ``${oc.env:API_TOKEN}``.
    """

    shown: str
    written: str

    def __new__(cls, text: str, shown: str, written: str) -> Secret:
        secret = super().__new__(cls, text)
        secret.shown, secret.written = shown, written
        keep_out_of_sight(text)
        return secret

    def __repr__(self) -> str:
        return repr(self.shown)

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, (str(self), self.shown, self.written)


def variables_in(written: str) -> list[str]:
    """The environment variables that a value is made of."""
    return VARIABLE.findall(written)


def missing_variables(written: str) -> list[str]:
    """The environment variables without which a value cannot be read again; a secret that is empty is none."""
    return [
        name
        for name in NEEDED.findall(written)
        if name not in os.environ or (is_secret_name(name) and not os.environ[name])
    ]


def is_secret_variable(name: str) -> bool:
    """Whether what is in an environment variable is a secret."""
    return is_secret_name(name) or holds_password(os.environ.get(name, ""))


def names_secret(written: str) -> bool:
    """Whether a value is made of an environment variable in which a secret is."""
    return any(map(is_secret_variable, variables_in(written)))


def without_defaults(written: str) -> str:
    """A value as it was written, without what it is where a variable is not set that holds a secret."""
    return WITH_DEFAULT.sub(lambda match: f"{match[1]}}}" if _is_secret_default(*match.groups()) else match[0], written)


def _is_secret_default(start: str, default: str) -> bool:
    return is_secret_variable(variables_in(start)[0]) or holds_password(default)


def refuse_secret(path: str, value: Any, why: str) -> None:
    """See that a value that is written as it is holds no secret, at whatever depth.

    Args:
        path: Dotted name of the option.
        value: Its value.
        why: Why it may hold none, and what to do instead: the end of a sentence and what follows.

    Raises:
        ConfigurationError: If it does.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            refuse_secret(f"{path}.{key}", part, why)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            refuse_secret(f"{path}.{number}", part, why)
    elif isinstance(value, Secret) or (isinstance(value, str) and holds_password(value)):
        what = f"is made of {value.written}, a secret" if isinstance(value, Secret) else "holds a URL with a password"
        raise ConfigurationError(f"{path} {what}, and {why}", option=path)


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """A command line as it may be printed; its secrets are masked in all that is printed from now on."""
    return [_printed(argument) for argument in arguments]


def _printed(argument: str) -> str:
    for variable in filter(is_secret_variable, variables_in(argument)):
        keep_out_of_sight(os.environ.get(variable, ""))
    key, sign, value = argument.partition("=")
    name = name_in(re.split(r"[/$+~]", key)[-1])
    for url in URL.findall(argument):
        keep_out_of_sight(url)
    if key.lstrip("+").startswith(SPACE):
        printed = argument
    elif sign and is_secret_name(name):
        printed = f"{key}={_masked(value)}"
    elif name == COMMAND:
        printed = _printed_command(argument)
    else:
        printed = f"{key}={ENTRY.sub(_printed_entry, value)}" if value.startswith(("{", "[{")) else argument
    return URL.sub(MASK, printed)


def _printed_command(argument: str) -> str:
    secrets = [text for _, text in secrets_of_command(argument.partition("=")[2])]
    for text in secrets:
        keep_out_of_sight(text)
    return mask_secrets(argument, secrets)


def _printed_entry(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    return f"{name}{sign}{_masked(value)}" if is_secret_name(name_in(name)) else match[0]


def _masked(value: str) -> str:
    plain = value.strip("\"'")
    if INTERPOLATIONS.fullmatch(plain):
        return without_defaults(value)
    keep_out_of_sight(plain)
    return MASK
