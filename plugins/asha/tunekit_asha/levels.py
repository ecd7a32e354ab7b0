"""Where trials are compared, how many go on, and how trials spread over brackets.

In the letters of the papers: r_0 < r_1 < … < r_K are the rung levels, r_K = R is ``max_resource`` and eta is
``reduction_factor``. Everywhere in this package ``levels`` includes R as its last entry.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from tunekit_core.errors import ConfigurationError


def choose_levels(
    max_resource: int,
    *,
    min_resource: int = 1,
    reduction_factor: float | None = None,
    rung_increment: int | None = None,
    rung_levels: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """The rung levels, lowest first, with ``max_resource`` as the last.

    At most one of the last three arguments may be given; without any, ``reduction_factor`` is 3.

    Args:
        max_resource: Resource of a complete trial.
        min_resource: The lowest level. It stays at 1 if ``rung_levels`` is given.
        reduction_factor: Levels grow by this factor, 2 or more: each is ``min_resource * reduction_factor**k``,
            rounded.
        rung_increment: Levels grow by this amount, 1 or more.
        rung_levels: The levels themselves, increasing, up to ``max_resource``, which may be left out.

    Raises:
        ConfigurationError: If an argument is out of range, contradicts another, or leaves no level below
            ``max_resource``.
    """
    rules = {"reduction_factor": reduction_factor, "rung_increment": rung_increment, "rung_levels": rung_levels}
    given = [f"scheduler.{name}" for name, value in rules.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError(
            f"{' and '.join(given)} contradict each other: each of them sets all rung levels. Give one of them.",
            option=given[-1],
        )
    if rung_levels is not None:
        return _given_levels(max_resource, min_resource, rung_levels)
    if not 1 <= min_resource < max_resource:
        raise _refusal(
            "min_resource",
            min_resource,
            f"be at least 1 and below max_resource={max_resource}: with no rung in between, no trials are compared. "
            "Choose it in that range, or use scheduler=fifo",
        )
    if rung_increment is not None:
        if rung_increment < 1:
            raise _refusal("rung_increment", rung_increment, "be at least 1")
        return (*range(min_resource, max_resource, rung_increment), max_resource)
    return _geometric_levels(max_resource, min_resource, 3 if reduction_factor is None else reduction_factor)


def _geometric_levels(max_resource: int, min_resource: int, reduction_factor: float) -> tuple[int, ...]:
    if not 2 <= reduction_factor < math.inf:
        raise _refusal("reduction_factor", reduction_factor, "be a number of at least 2")
    # Compared level by level, not floor(log(R / r) / log(eta)): in floats that is 4 for 243 and 3.
    exact = (min_resource * reduction_factor**k for k in itertools.count())
    levels = [round(level) for level in itertools.takewhile(lambda level: level < max_resource, exact)]
    if levels[-1] < max_resource:  # 80.6 is below 81 but rounds to it
        levels.append(max_resource)
    return tuple(levels)


def _given_levels(max_resource: int, min_resource: int, rung_levels: Sequence[int]) -> tuple[int, ...]:
    if min_resource != 1:
        raise _refusal("min_resource", min_resource, "be left out where rung_levels is given: it has no effect")
    levels = tuple(rung_levels)
    increasing = all(low < high for low, high in itertools.pairwise((0, *levels)))
    if not levels or not increasing or levels[0] >= max_resource or levels[-1] > max_resource:
        raise _refusal(
            "rung_levels",
            list(levels),
            f"be increasing whole numbers from 1 to max_resource={max_resource}, the first of them below that",
        )
    return levels if levels[-1] == max_resource else (*levels, max_resource)


def promotion_quantiles(levels: Sequence[int]) -> tuple[float, ...]:
    """The share of trials that go on from each level: r_j / r_{j+1}, which is 1 / eta for geometric levels.

    Nothing lies beyond the last level, where the share is 1.
    """
    return (*(low / high for low, high in itertools.pairwise(levels)), 1.0)


def bracket_probabilities(levels: Sequence[int], brackets: int) -> tuple[float, ...]:
    """How probable it is that a new trial belongs to each bracket.

    Bracket s skips the s lowest rungs. Its probability is proportional to n / ((n - s) r_s) for n levels, so
    that brackets get similar resources in all.

    Args:
        levels: The rung levels, lowest first, with ``max_resource`` as the last.
        brackets: Number of brackets.

    Raises:
        ConfigurationError: If ``brackets`` is below 1 or above the number of levels.

    References:
        Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 2018.
    """
    n = len(levels)
    if not 1 <= brackets <= n:
        raise _refusal(
            "brackets",
            brackets,
            f"be from 1 to {n}: each bracket begins one level higher, and the levels are {', '.join(map(str, levels))}",
        )
    weights = [n / ((n - s) * levels[s]) for s in range(brackets)]
    return tuple(weight / sum(weights) for weight in weights)


def reweighted(levels: Sequence[int], probabilities: Sequence[float], weights: Mapping[int, float]) -> list[float]:
    """Probabilities of brackets after some of them have shared theirs anew.

    Args:
        levels: The level at which each bracket begins.
        probabilities: The probability of each bracket.
        weights: How the brackets that begin at these levels share what they have in all. Other levels are ignored,
            and nothing changes if none has a positive weight.
    """
    weighed = [weights.get(level, 0.0) for level in levels]
    total = sum(weighed)
    if total <= 0:
        return list(probabilities)
    at_stake = sum(share for level, share in zip(levels, probabilities, strict=True) if level in weights)
    return [
        at_stake * (weight / total) if level in weights else share
        for level, share, weight in zip(levels, probabilities, weighed, strict=True)
    ]


def _refusal(name: str, value: object, rule: str) -> ConfigurationError:
    option = f"scheduler.{name}"
    return ConfigurationError(f"{option}={value} must {rule}.", option=option, value=value)
