"""Where trials are compared, and how many of them go on.

In the letters of the papers: r_0 < r_1 < … < r_K are the rung levels, r_K = R is ``max_resource`` and eta is
``reduction_factor``. Everywhere in this package ``levels`` includes R as its last entry.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tunekit_asha.options import LevelOptions
from tunekit_core import ConfigurationError, InvalidOption, Problem


def max_resource_of(problem: Problem, scheduler: str) -> int:
    """The resource of a complete trial.

    Args:
        problem: What is to be solved.
        scheduler: Name of the scheduler that asks.

    Raises:
        ConfigurationError: If the problem has none.
    """
    if problem.max_resource is None:
        raise ConfigurationError(
            f"scheduler={scheduler} compares trials at levels below max_resource, and this problem has none. "
            "Give benchmark.max_resource, or use scheduler=fifo.",
            option="benchmark.max_resource",
        )
    return problem.max_resource


def choose_levels(max_resource: int, min_resource: int, options: LevelOptions) -> tuple[int, ...]:
    """The rung levels, lowest first, with ``max_resource`` as the last.

    Args:
        max_resource: Resource of a complete trial.
        min_resource: The lowest level, at least 1. It stays at 1 if the levels themselves are given.
        options: How the levels grow, by a factor of 3 unless it is said.

    Raises:
        InvalidOption: If an option does not fit ``max_resource``, has no effect, or leaves no level below
            ``max_resource``.
    """
    if options.rung_levels is not None:
        return _given_levels(max_resource, min_resource, options.rung_levels)
    if min_resource >= max_resource:
        raise InvalidOption(
            "min_resource",
            min_resource,
            f"must be below max_resource={max_resource}: with no rung in between, no trials are compared. "
            "Lower it, or use scheduler=fifo",
        )
    if options.rung_increment is not None:
        return (*range(min_resource, max_resource, options.rung_increment), max_resource)
    return _geometric_levels(max_resource, min_resource, options.reduction_factor or 3)


def _geometric_levels(max_resource: int, min_resource: int, reduction_factor: float) -> tuple[int, ...]:
    # Compared level by level, not floor(log(R / r) / log(eta)): in floats that is 4 for 243 and 3.
    exact = (min_resource * reduction_factor**k for k in itertools.count())
    levels = [round(level) for level in itertools.takewhile(lambda level: level < max_resource, exact)]
    if levels[-1] < max_resource:  # 80.6 is below 81 but rounds to it
        levels.append(max_resource)
    return tuple(levels)


def _given_levels(max_resource: int, min_resource: int, rung_levels: Sequence[int]) -> tuple[int, ...]:
    if min_resource != 1:
        raise InvalidOption("min_resource", min_resource, "has no effect where rung_levels is given: leave it out")
    levels = tuple(rung_levels)
    increasing = all(low < high for low, high in itertools.pairwise((0, *levels)))
    if not levels or not increasing or levels[0] >= max_resource or levels[-1] > max_resource:
        raise InvalidOption(
            "rung_levels",
            list(levels),
            f"must be increasing whole numbers from 1 to max_resource={max_resource}, the first of them below that",
        )
    return levels if levels[-1] == max_resource else (*levels, max_resource)


def promotion_quantiles(levels: Sequence[int]) -> tuple[float, ...]:
    """The share of trials that go on from each level: r_j / r_{j+1}, which is 1 / eta for geometric levels.

    Nothing lies beyond the last level, where the share is 1.
    """
    return (*(low / high for low, high in itertools.pairwise(levels)), 1.0)
