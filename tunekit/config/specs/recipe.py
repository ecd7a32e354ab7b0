"""A recipe in the errors of the components that it chose: people know what they typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tunekit_core.errors import ConfigurationError


@contextmanager
def naming_recipe(method: str | None, parts: Mapping[str, str | None], choice: str | None = None) -> Iterator[None]:
    """Add to an error that speaks of a component the method of the run, and the components that it is made of.

    Args:
        method: The recipe; ``None`` if there is none.
        parts: Names of searcher and scheduler, by kind.
        choice: What the method took and why, where that is not what it usually takes; then this is what is added.

    Raises:
        ConfigurationError: The error, with the addition.
    """
    try:
        yield
    except ConfigurationError as error:
        names = [name for name in parts.values() if name]
        speaks = any(re.search(rf"(?<![\w']){re.escape(name)}(?!\w)|'{re.escape(name)}'", str(error)) for name in names)
        if method is None or method in str(error) or not speaks:
            raise
        made_of = " and ".join(f"{kind}={name}" for kind, name in parts.items() if name)
        more = told(method, choice) if choice else f"The run has method={method}, with {made_of}."
        raise ConfigurationError(f"{error} {more}", option=error.option, value=error.value) from error


def told(method: str, choice: str) -> str:
    """The line that says what a method took.

    Args:
        method: Its name.
        choice: What :func:`tunekit.config.specs.fitting.fitted` says of it.
    """
    return f"{method} is {choice}."


def told_of_pauses(method: str, begin_anew: str) -> str:
    """The line that says what becomes of the trials that a method pauses.

    Args:
        method: Its name.
        begin_anew: What :func:`tunekit.config.specs.fitting.why_paused_trials_begin_anew` says of it.
    """
    return f"{method} pauses trials, but {begin_anew}."
