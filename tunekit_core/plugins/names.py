"""Names of components and options files: bare where that is clear, else with their distribution before a slash."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tunekit_core.plugins.known import is_known

BUILT_IN = "tunekit-hpo"
SLASH = "/"
OF_A_COMPONENT = re.compile(r"[A-Za-z0-9_-]+")
"""What a component can be called: one word of the command line, as a value and as part of a key."""


def normalized(distribution: str) -> str:
    """The name of a distribution as package indices compare it.

    >>> normalized("Tunekit_BO")
    'tunekit-bo'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


def split_name(name: str) -> tuple[str | None, str]:
    """The distribution that a name states, if it does, and the bare name.

    >>> split_name("tunekit-bo/mobster"), split_name("mobster")
    (('tunekit-bo', 'mobster'), (None, 'mobster'))
    """
    distribution, slash, bare = name.rpartition(SLASH)
    return normalized(distribution) if slash else None, bare


def qualified(distribution: str, name: str) -> str:
    """The name that says which distribution is meant."""
    return f"{distribution}{SLASH}{name}"


def is_ours(distribution: str) -> bool:
    """Whether a distribution is one of tunekit's own."""
    return distribution == BUILT_IN or is_known(distribution)


def meant_within(name: str, homes: Sequence[str], distribution: str) -> str:
    """A bare name that stands in a distribution's own files or code, with the distribution that it means there.

    Where several offer the name, its own is meant, and among those of tunekit tunekit's: no plugin changes what the
    files of another choose. The name stays bare where that does not say which.

    Args:
        name: The name.
        homes: The distributions that offer it.
        distribution: Whose file or code it is.
    """
    if len(homes) < 2:
        return name
    if distribution in homes:
        return qualified(distribution, name)
    ours = [home for home in homes if is_ours(home)]
    return qualified(ours[0], name) if is_ours(distribution) and len(ours) == 1 else name


def several_offer(what: str, homes: Sequence[tuple[str, str]], choices: Sequence[str]) -> str:
    """The message for a bare name that several distributions offer.

    Args:
        what: What they offer, such as ``"A searcher named 'mobster'"``.
        homes: Name and version of each distribution.
        choices: What can be typed instead, for each.
    """
    ours = [distribution for distribution, _ in homes if is_ours(distribution)]
    origins = []
    for distribution, version in homes:
        is_newcomer = ours and distribution not in ours
        origins.append(f"by {distribution} {version}{' (not a part of tunekit)' if is_newcomer else ''}")
    return f"{what} is offered {' and '.join(origins)}. Type which one is meant: {' or '.join(choices)}"
