"""Rules by which two methods may be compared again and again while seeds are added, and what each is worth."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import attrs
import numpy as np
from scipy import special

from tunekit.studies.statistics.intervals import interval
from tunekit.studies.statistics.paired import wilcoxon
from tunekit.studies.statistics.ranking import midranks
from tunekit.studies.statistics.sequential import default_looks, interval_at_look, take_looks
from validity.differences import Array, Draw

Rule = Callable[[Array, Sequence[int]], tuple[int, bool]]  # how many seeds it takes, and whether it tells apart
ERROR = 0.05
LOOKS = default_looks(40, ERROR)
OFTEN = (4, 6, 8, 10, 12, 14, 16, 18, 20)
SIGNS = 5000  # random signs of a resampled distribution
BETS = np.linspace(0.1, 0.9, 9)  # shares of the money that are put on the next sign
RECORDED = Path(__file__).parent / "recorded_losses.csv"


def ours(differences: Array, looks: Sequence[int]) -> tuple[int, bool]:
    """Signed ranks that keep the rank of their first look; bounds like Pocock's."""
    last = take_looks(differences, looks, ERROR)[-1]
    return last.n_seeds, last.is_told_apart


def unadjusted(differences: Array, looks: Sequence[int]) -> tuple[int, bool]:
    """Wilcoxon's test at each look, as if it were the only one."""
    for n in looks:
        if wilcoxon(differences[:n]) <= ERROR:
            return n, True
    return looks[-1], False


def _resampled(spent: Callable[[float], float]) -> Rule:
    """Wilcoxon's signed ranks, ranked anew at each look; the distribution over all looks by random signs."""

    def rule(differences: Array, looks: Sequence[int]) -> tuple[int, bool]:
        # The signs that there are are among the random ones, so that the error is kept however few these are.
        positive = np.concatenate([differences[None, : looks[-1]] > 0, _random_signs(looks[-1])])
        goes_on = np.ones(len(positive), dtype=bool)
        for n in looks:
            ranks = np.where(differences[:n] == 0, 0.0, midranks(np.abs(differences[:n])))
            distances = np.abs(2 * positive[:, :n] @ ranks - ranks.sum())
            allowed = int(spent(n / looks[-1]) * len(positive)) - int(np.count_nonzero(~goes_on))
            largest = np.sort(np.append(distances[goes_on], -1.0))[::-1]
            bound = largest[allowed] if allowed >= 0 else np.inf  # the first that is one too many
            is_out = goes_on & (distances > bound)
            if is_out[0]:
                return n, True
            goes_on &= ~is_out
        return looks[-1], False

    return rule


@lru_cache(maxsize=4)
def _random_signs(n: int) -> Array:
    return np.random.default_rng(0).random((SIGNS, n)) < 0.5


def _betting(weigh: Callable[[Array], Array]) -> Rule:
    """Bets on the next signs: money that is multiplied by 1 / error is proof enough, whenever that is."""

    def rule(differences: Array, looks: Sequence[int]) -> tuple[int, bool]:
        money = np.ones((2, len(BETS)))  # for either side
        for before, n in zip((0, *looks), looks, strict=False):
            stakes = weigh(np.abs(differences[:n]))[before:] * np.sign(differences[before:n])
            for stake in stakes:
                money *= 1 + np.array([[stake], [-stake]]) * BETS
            if money.mean() >= 1 / ERROR:
                return n, True
        return looks[-1], False

    return rule


RULES: Mapping[str, Rule] = {
    "kept ranks, bounds like Pocock's": ours,
    "ranked anew, like Pocock's": _resampled(lambda share: ERROR * math.log1p((math.e - 1) * share)),
    "ranked anew, like O'Brien and Fleming's": _resampled(
        lambda share: 2 * float(special.ndtr(special.ndtri(ERROR / 2) / math.sqrt(share)))
    ),
    "bets on ranks": _betting(lambda sizes: midranks(sizes) / len(sizes)),
    "bets on signs": _betting(np.ones_like),
}


@attrs.frozen
class Worth:
    """What a rule comes to.

    Attributes:
        told_apart: How often.
        seeds: How many it takes on average.
    """

    told_apart: float
    seeds: float


def worth(rule: Rule, draw: Draw, effect: float, repeats: int, looks: Sequence[int] = LOOKS) -> Worth:
    """Simulate a rule with symmetric differences that are moved by an effect."""
    rng = np.random.default_rng(1)
    found = [rule(draw(rng, (looks[-1],)) + effect, looks) for _ in range(repeats)]
    return Worth(float(np.mean([apart for _, apart in found])), float(np.mean([n for n, _ in found])))


@attrs.frozen
class AtStop:
    """What is estimated where our rule stops.

    Attributes:
        coverage: How often the interval of the median holds it, of those that there are.
        naive: How often that does which knows nothing of looks.
        excess: By which share of the effect the median is too large on average, of those that were told apart.
    """

    coverage: float
    naive: float
    excess: float


def at_stop(draw: Draw, centre: float, effect: float, repeats: int) -> AtStop:
    """Simulate the end of a study whose true median is the effect."""
    rng = np.random.default_rng(2)
    held, naive, estimates = [], [], []
    for _ in range(repeats):
        values = draw(rng, (LOOKS[-1],)) - centre + effect
        n, is_apart = ours(values, LOOKS)
        for intervals, each in ((held, interval_at_look(values[:n], LOOKS)), (naive, interval(values[:n]))):
            if each is not None:
                intervals.append(each.low <= effect <= each.high)
        if is_apart:
            estimates.append(float(np.median(values[:n])))
    excess = float(np.mean(estimates)) / effect - 1 if effect and estimates else np.nan
    return AtStop(float(np.mean(held)), float(np.mean(naive)), excess)


def recorded_differences() -> dict[str, Array]:
    """Differences of losses at the end, of 40 seeds of each two methods of the demo study, by both and the dataset."""
    losses: dict[tuple[str, str], list[float]] = {}
    with RECORDED.open(newline="") as file:
        for row in csv.DictReader(file):
            losses.setdefault((row["dataset"], row["method"]), []).append(float(row["loss"]))
    found = {}
    for dataset in dict.fromkeys(dataset for dataset, _ in losses):
        methods = [method for of, method in losses if of == dataset]
        for i, first in enumerate(methods):
            for second in methods[:i]:
                difference = np.subtract(losses[dataset, first], losses[dataset, second])
                found[f"{first} less {second}, {dataset}"] = difference
    return found


def false_alarms(rule: Rule, differences: Array, looks: Sequence[int], repeats: int) -> float:
    """How often a rule tells apart what was recorded, in random order and with random signs."""
    rng = np.random.default_rng(3)
    flipped = (rng.permutation(differences) * rng.choice((-1.0, 1.0), len(differences)) for _ in range(repeats))
    return float(np.mean([rule(each, looks)[1] for each in flipped]))
