"""Secrets on their way from the command line or the environment to what needs them: nothing else writes them down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tunekit_core.secret_names import MASK, SHORTEST, is_secret_name, mask_secrets

ENTRY = re.compile(r"([\w.-]+)(\s*:\s*)(\"[^\"]*\"|'[^']*'|[^,{}]+)")  # of a mapping, as it is typed
FROM_ENVIRONMENT = "${"
SPACE = "benchmark.space."  # hyperparameters are no secrets

_known: dict[str, None] = {}  # of this process, so that errors and commands can be printed without them


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


def keep_out_of_sight(text: str) -> None:
    """From now on :func:`redacted` masks this text."""
    if len(text) >= SHORTEST and not text.startswith(FROM_ENVIRONMENT) and text != MASK:
        _known[text] = None


def redacted(text: str) -> str:
    """A text for people, without the secrets that this process has come across."""
    return mask_secrets(text, _known)


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """A command line as it may be printed; its secrets are masked in all that is printed from now on."""
    return [_printed(argument) for argument in arguments]


def _printed(argument: str) -> str:
    key, sign, value = argument.partition("=")
    if key.startswith(SPACE):
        return argument
    if sign and is_secret_name(re.split(r"[./$]", key)[-1]):
        return f"{key}={_masked(value)}"
    is_mapping = value.startswith("{")
    return f"{key}={ENTRY.sub(_printed_entry, value)}" if is_mapping else argument


def _printed_entry(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    return f"{name}{sign}{_masked(value)}" if is_secret_name(name) else match[0]


def _masked(value: str) -> str:
    plain = value.strip("\"'")
    if plain.startswith(FROM_ENVIRONMENT):
        return value
    keep_out_of_sight(plain)
    return MASK
