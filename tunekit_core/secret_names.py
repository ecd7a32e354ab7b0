"""Which values are secrets, by their names or as URLs: these are masked wherever something is recorded or printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
SHORTEST = 4  # characters: a shorter text is part of too much that is no secret
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
WORDS = frozenset({"key", "apikey", "accesskey", "authkey", "privatekey", "secretkey", "auth", "pass", "pwd"})
VARIABLE = re.compile(r"[A-Z]*(KEYS?|PASS|CREDS)")  # of words in capitals: OPENAIKEY, DBPASS, KEYS
WITH_PASSWORD = r"://(?!\*\*\*)[^\s/:@$]*:(?!\*\*\*@|\$\{)[^\s/]+@"  # what is masked or read from elsewhere is none
CREDENTIALS = re.compile(WITH_PASSWORD)
URL = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]{{0,30}}{WITH_PASSWORD}[^\s'\",;)}}\]]*")
CURRENT_FOLDER = "PWD"  # a variable that shells set
BETWEEN_WORDS = re.compile(r"[\s'\"]+")
NUMBER = r"[+-]?[\d.]+(e[+-]?\d+)?"
PLAIN = re.compile(  # what an argument is given that is no secret, whatever it is called
    rf"|{NUMBER}|true|false|yes|no|on|off|none|null|[-$<\[*].*|(~|\.{{0,2}}/).*|.*\.[a-z]{{1,5}}", re.IGNORECASE
)
URL_WITH_PASSWORD = "a URL with a password"
ENDS = ("secret", "secrets", "token", "password", "passwords", "passwd", "passphrase", "credential", "credentials")


def is_secret_name(name: str) -> bool:
    """Whether what bears this name is a secret.

    Names consist of words: ``AWS_ACCESS_KEY_ID``, ``api-key``, ``apiKey``. That of a secret has one that is in
    :data:`WORDS`, or ends as :data:`ENDS` do, in whatever case; or one in capitals, as of variables, that ends in
    ``KEY``, ``KEYS``, ``PASS`` or ``CREDS``. ``keyboard``,
    ``monkey`` and ``max_tokens`` are no such names, nor is ``PWD``, the variable with the current folder.

    >>> is_secret_name("WANDB_API_KEY"), is_secret_name("DBPASSWORD"), is_secret_name("max_tokens")
    (True, True, False)
    """
    words = [] if name == CURRENT_FOLDER else WORD.findall(name)
    return any(word.lower() in WORDS or word.lower().endswith(ENDS) or VARIABLE.fullmatch(word) for word in words)


def holds_password(text: str) -> bool:
    """Whether a URL with a password is in a text.

    >>> holds_password("postgres://me:abc@host/db"), holds_password("http://host:80/a")
    (True, False)
    """
    return CREDENTIALS.search(text) is not None


def is_secret(name: str, value: Any) -> bool:
    """Whether a value is a secret: text or a number that bears the name of one, or text with a URL with a password."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return False
    return is_secret_name(name) or (isinstance(value, str) and holds_password(value))


def secrets_of_command(command: str) -> list[tuple[str, str]]:
    """What in a command is surely a secret: each with the argument that it is given to, or with what it is.

    The last word in the name of an argument counts, and what it is given has to be text: no number, no path.

    >>> secrets_of_command("python train.py --api-key abc --token-dim 8 --db redis://:abc@host")
    [('--api-key', 'abc'), ('a URL with a password', 'redis://:abc@host')]
    """
    found = []
    words = BETWEEN_WORDS.split(command)
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, sign, value = word.partition("=")
        given = value or following
        is_named = bool(sign) or name.startswith("-")
        if is_named and is_secret_name("".join(WORD.findall(name)[-1:])) and not PLAIN.fullmatch(given):
            found.append((name, given))
    return found + [(URL_WITH_PASSWORD, url) for url in URL.findall(command)]


def name_in(path: str) -> str:
    """The name in a dotted path that says what a value is: the last part that is not the number of an item.

    >>> name_in("benchmark.environment.API_KEY"), name_in("tags.tokens.0")
    ('API_KEY', 'tokens')
    """
    parts = path.split(".")
    return next((part for part in reversed(parts) if not part.isdecimal()), "")


def masked(name: str, value: Any) -> Any:
    """A value as it may be shown, with :data:`MASK` in place of itself or of what is in it.

    Args:
        name: Its name, which may be dotted.
        value: What a file or the command line says.
    """
    if isinstance(value, Mapping):
        return {key: masked(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [masked(name, part) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return MASK if is_secret(name_in(name), value) else value


def mask_secrets(text: str, secrets: Iterable[str]) -> str:
    """A text with ``***`` in place of each secret in it, and of each URL with a password.

    Args:
        text: The text.
        secrets: Those that may be in it; one of less than four characters is part of too much else, and stays.

    >>> mask_secrets("key abcd, abc", ["abcd", "abc"])
    'key ***, abc'
    """
    for secret in sorted(set(secrets), key=len, reverse=True):  # one may be a part of another
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MASK)
    return URL.sub(MASK, text)
