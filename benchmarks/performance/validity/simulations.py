"""The simulations: each draws many studies and counts how often a statistic is right."""

from __future__ import annotations

from itertools import combinations

import attrs
import numpy as np
from scipy import special

from tunekit.studies.statistics.bands import better_from, simultaneous_band
from tunekit.studies.statistics.intervals import Statistic, intervals
from tunekit.studies.statistics.paired import holm, wilcoxon
from tunekit.studies.statistics.power import seeds_to_settle
from tunekit.studies.statistics.ranks import critical_difference, friedman
from validity.differences import Array, Differences, Draw, Searches

ERROR = 0.05
RESAMPLES = 1000


def coverage(differences: Differences, statistic: Statistic, n: int, repeats: int) -> float:
    """How often our interval holds the true value; NaN where there is none."""
    values = differences.draw(np.random.default_rng(n), (n, repeats))
    truth = differences.truth[statistic]
    held = [each.low <= truth <= each.high for each in intervals(values, statistic) if each is not None]
    return float(np.mean(held)) if held else np.nan


def width(differences: Differences, statistic: Statistic, n: int, repeats: int) -> float:
    """Median width of the interval; NaN where there is none."""
    values = differences.draw(np.random.default_rng(n), (n, repeats))
    found = [each.high - each.low for each in intervals(values, statistic) if each is not None]
    return float(np.median(found)) if found else np.nan


def rejected_coverage(differences: Differences, n: int, repeats: int) -> dict[str, float]:
    """How often intervals of the mean that are not offered hold it."""
    rng = np.random.default_rng(n)
    values = differences.draw(rng, (repeats, n))
    counts = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n
    truth = differences.truth["mean"]
    mean, deviation = values.mean(axis=1), values.std(axis=1, ddof=1)
    resampled = values @ counts.T
    squares = np.maximum(values**2 @ counts.T - resampled**2, 0) * n / (n - 1)
    studentized = (resampled - mean[:, None]) / np.maximum(np.sqrt(squares), 1e-9)
    low, high = np.quantile(studentized, [0.025, 0.975], axis=1)
    t = special.stdtrit(n - 1, 0.975) / np.sqrt(n)
    bounds = {
        "percentile bootstrap": tuple(np.quantile(resampled, [0.025, 0.975], axis=1)),
        "Student's t": (mean - t * deviation, mean + t * deviation),
        "bootstrap-t": (mean - high * deviation, mean - low * deviation),
    }
    return {name: float(np.mean((below <= truth) & (truth <= above))) for name, (below, above) in bounds.items()}


@attrs.frozen
class BandErrors:
    """How often bands are right.

    Attributes:
        coverage: How often all true values lie in the band, of those that there are.
        given: How often there is a band.
        false_from: How often one method is called better from some time on, though it is not at the end.
    """

    coverage: float
    given: float
    false_from: float


def band_errors(searches: Searches, truth: Array, n: int, repeats: int) -> BandErrors:
    """Simulate a band of n seeds; the truth is the median at each time."""
    rng = np.random.default_rng(n)
    times = np.arange(len(truth))
    held, false_from = [], 0
    for _ in range(repeats // 50):
        for study in searches.differences(rng, 50, n):
            band = simultaneous_band(study)
            if band is None:
                continue
            held.append(bool(np.all((band.low <= truth + 1e-12) & (truth - 1e-12 <= band.high))))
            false_from += better_from(band, times) is not None and truth[-1] >= -1e-12
            false_from += better_from(band.negated(), times) is not None and truth[-1] <= 1e-12
    total = repeats // 50 * 50
    return BandErrors(float(np.mean(held)) if held else np.nan, len(held) / total, false_from / total)


def familywise_error(draw: Draw, k: int, n: int, repeats: int) -> float:
    """How often any pair of k equal methods is called different, by Wilcoxon's test over n seeds and Holm's rule."""
    rng = np.random.default_rng(n)
    wrong = 0
    for _ in range(repeats):
        losses = draw(rng, (n, k)) + draw(rng, (n, 1))  # a seed is easy or hard for all
        p = [wilcoxon(losses[:, i] - losses[:, j]) for i, j in combinations(range(k), 2)]
        wrong += bool(holm(p).min() <= ERROR)
    return wrong / repeats


def rejections(draw: Draw, centre: float, n: int, repeats: int) -> float:
    """How often Wilcoxon's test of differences about a centre is significant."""
    values = draw(np.random.default_rng(n), (repeats, n)) - centre
    return float(np.mean([wilcoxon(row) <= ERROR for row in values]))


def errors_of_ranks(draw: Draw, k: int, n: int, repeats: int) -> tuple[float, float]:
    """How often Friedman's test is significant, and any pair is told apart, of k equal methods on n benchmarks."""
    rng = np.random.default_rng(n)
    omnibus = told_apart = 0
    for _ in range(repeats):
        losses = draw(rng, (n, k)) + draw(rng, (n, 1))
        omnibus += friedman(losses) <= ERROR
        told_apart += bool((critical_difference(losses, losses[:, :, None] - losses[:, None, :]).pairs <= ERROR).any())
    return omnibus / repeats, told_apart / repeats


@attrs.frozen
class Foretold:
    """How often a range of further seeds is right.

    Attributes:
        n_ranges: In how many studies there was a range.
        given: Of studies that are not settled: how often there is a range.
        right: Of the ranges: how often they hold the true number.
        too_early: How often the true number is below the range.
        too_late: How often it is above.
        least: Median of the lower ends.
        most: Median of the upper ends.
    """

    n_ranges: int
    given: float
    right: float
    too_early: float
    too_late: float
    least: float
    most: float


def foretold(draw: Draw, centre: float, n: int, n_hypotheses: int, repeats: int) -> Foretold:
    """Simulate ranges, with effects of 0.8 times a standard normal number, in standard deviations by the quartiles.

    The true number is the least with which, given the differences that there are, the test is significant with a chance
    of 0.8; whether it lies above or below an end of the range is tried with 200 continuations each.
    """
    rng = np.random.default_rng(n)
    below, above = np.quantile(draw(rng, (100_000,)), (0.25, 0.75))
    scale = (above - below) / (2 * special.ndtri(0.75))
    open_, ranges, early, late = 0, [], 0, 0
    for _ in range(repeats):
        effect = 0.8 * scale * rng.normal()
        values = draw(rng, (n,)) - centre + effect
        found = seeds_to_settle(values, n_hypotheses)
        if found == (0, 0):
            continue
        open_ += 1
        if found is None:
            continue
        ranges.append(found)
        settled = [_settled(rng, draw, effect - centre, values, k, n_hypotheses) for k in (found[0] - 1, found[1])]
        early += settled[0] >= 0.8
        late += settled[1] < 0.8
    n_ranges = max(1, len(ranges))
    middle = np.median(ranges, axis=0) if ranges else (np.nan, np.nan)
    return Foretold(
        len(ranges),
        len(ranges) / max(1, open_),
        1 - (early + late) / n_ranges,
        early / n_ranges,
        late / n_ranges,
        float(middle[0]),
        float(middle[1]),
    )


def _settled(
    rng: np.random.Generator,
    draw: Draw,
    effect: float,
    values: Array,
    k: int,
    n_hypotheses: int,
    continuations: int = 200,
) -> float:
    """How often the test is significant once k further seeds are there."""
    further = draw(rng, (continuations, k)) + effect
    everything = np.concatenate([np.broadcast_to(values, (continuations, len(values))), further], axis=1)
    return float(np.mean([wilcoxon(row) <= ERROR / n_hypotheses for row in everything]))
