"""A recipe in the errors of the components that it chose: people know what they typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tunekit_core.errors import ConfigurationError


@contextmanager
def naming_recipe(method: str | None, parts: Mapping[str, str | None]) -> Iterator[None]:
    """Add to an error that speaks of a component the method of the run, and the components that it is made of.

    Args:
        method: The recipe; ``None`` if there is none.
        parts: Names of searcher and scheduler, by kind.

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
        raise ConfigurationError(
            f"{error} The run has method={method}, with {made_of}.", option=error.option, value=error.value
        ) from error
