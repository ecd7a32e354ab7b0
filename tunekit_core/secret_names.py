"""Which values are secrets, by their names: these are masked wherever something is recorded or printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
SHORTEST = 4  # characters: a shorter text is part of too much that is no secret
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
WORDS = frozenset({"key", "apikey", "accesskey", "authkey", "privatekey", "secretkey", "auth", "pass", "pwd"})
VARIABLE = re.compile(r"[A-Z]*(KEYS?|PASS|CREDS)")  # of words in capitals: OPENAIKEY, DBPASS, KEYS
ENDS = ("secret", "secrets", "token", "password", "passwords", "passwd", "passphrase", "credential", "credentials")


def is_secret_name(name: str) -> bool:
    """Whether what bears this name is a secret.

    Names consist of words: ``AWS_ACCESS_KEY_ID``, ``api-key``, ``apiKey``. That of a secret has one that is in
    :data:`WORDS`, or ends as :data:`ENDS` do, in whatever case; or one in capitals, as of variables, that ends in
    ``KEY``, ``KEYS``, ``PASS`` or ``CREDS``. ``keyboard``,
    ``monkey`` and ``max_tokens`` are no such names.

    >>> is_secret_name("WANDB_API_KEY"), is_secret_name("DBPASSWORD"), is_secret_name("max_tokens")
    (True, True, False)
    """
    words = WORD.findall(name)
    return any(word.lower() in WORDS or word.lower().endswith(ENDS) or VARIABLE.fullmatch(word) for word in words)


def is_secret(name: str, value: Any) -> bool:
    """Whether a value is a secret: text or a number that bears the name of one."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != "" and is_secret_name(name)


def masked(name: str, value: Any) -> Any:
    """A value as it may be shown, with :data:`MASK` in place of itself or of what is in it.

    Args:
        name: Its name; of a dotted one the last part counts.
        value: What a file or the command line says.
    """
    if isinstance(value, Mapping):
        return {key: masked(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [masked(name, part) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return MASK if is_secret(name.rpartition(".")[2], value) else value


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """A text with ``***`` in place of each secret in it.

    Args:
        text: The text.
        secrets: Those that may be in it; one of less than four characters is part of too much else, and stays.

    >>> mask_secrets("key abcd, abc", ["abcd", "abc"])
    'key ***, abc'
    """
    for secret in sorted(set(secrets), key=len, reverse=True):  # one may be a part of another
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    return text
