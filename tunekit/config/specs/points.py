"""Configurations that a run begins with, each as the search space takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import Configuration, SearchSpace

OPTION = "points_to_evaluate"


def complete_points(space: SearchSpace, points: Sequence[Mapping[str, Any]]) -> list[Configuration]:
    """The points, with defaults for what they leave out, so that equal ones are equal however they were typed.

    Raises:
        ConfigurationError: If one has a name that the space does not have, or a value that it does not take.
    """
    return [_complete(space, point) for point in points]


def _complete(space: SearchSpace, point: Mapping[str, Any]) -> Configuration:
    try:
        return space.complete(point)
    except ConfigurationError as error:
        raise ConfigurationError(f"{OPTION}=[{dict(point)!r}]: {error}", option=OPTION, value=point) from error
