"""What the model is fitted to: losses made well-behaved, when it is fitted, and to which of many data."""

from __future__ import annotations

import math

import attrs
import numpy as np
import scipy

MIN_STD = 1e-9
HUGE, HUGE_BESIDE_ONE = 1e8, 1e12
GOOD_QUANTILE, BAD_QUANTILE = 0.05, 0.75
FAR = 3.0
ENOUGH_FOR_A_SHAPE = 5
POWERS = (-4.0, 4.0)
LARGEST_EXPONENT = math.log(np.finfo(float).max)
EVERY_DATUM_UP_TO = 30
GROWTH = 0.1
BEST_SHARE = 0.25


def without_diverged(losses: np.ndarray) -> np.ndarray:
    """The losses, with NaN in place of those of trials that diverged: what is not finite, and what is huge.

    A network that diverges reports infinity, NaN, or whatever finite number it has come to, such as 3e38. These say the
    same, so a model must not tell them apart. A loss is huge if it is above 1e8, and above 1e8 times the size of what
    good trials have: the lowest loss, and the one at the end of the best quarter. Where more than three quarters have
    diverged, that one is itself huge; so losses are also huge beyond a gap, above 1e8 times the size of all that is
    lower, or 1e12 times where that is one value, which says nothing of how losses spread.

    What is huge is left out of what it is compared with, so the others are judged as if NaN had been reported in its
    place. Sizes, not distances, are compared, since distances alone cannot tell 98 % that have diverged from a plateau
    of 98 % at 1 while the best differ by 1e-15: a plateau or a heavy tail below 1e8 is never huge. Losses that are all
    large are judged by their own size.

    Args:
        losses: n losses, lower is better.
    """
    finite = losses[np.isfinite(losses)]
    if not len(finite) or finite.max() <= HUGE:
        return np.where(np.isfinite(losses), losses, np.nan)
    ordered = np.sort(finite)
    highest = ordered[_n_below_huge(ordered) - 1]
    return np.where(np.isfinite(losses) & (losses <= highest), losses, np.nan)


def _n_below_huge(ordered: np.ndarray) -> int:
    below, above = ordered[:-1], ordered[1:]
    with np.errstate(over="ignore"):
        factors = np.where(below > ordered[0], HUGE, HUGE_BESIDE_ONE)
        is_gap = above > factors * np.maximum(np.maximum(np.abs(below), abs(ordered[0])), 1.0)
    n = int(is_gap.argmax()) + 1 if is_gap.any() else len(ordered)
    while True:  # fewer each time, and so is what they are compared with
        good = max(1.0, abs(float(ordered[0])), abs(float(ordered[(n - 1) // 4])))
        left = int(ordered[:n].searchsorted(HUGE * good, side="right"))
        if left == n:
            return n
        n = left


@attrs.frozen
class Standardisation:
    """How losses became targets, for the way back. What was moved down to a few times the median is not told apart.

    A loss l is first ``z = (l / unit - mean) / std``. Of that Yeo and Johnson's transformation with a power is taken,
    where there is one, and ``y = (transformed - mean_of_powers) / std_of_powers`` is the target.

    Attributes:
        unit: A number that is about the size of the largest loss.
        mean: Of the losses in that unit.
        std: Theirs.
        least_z: Of the losses.
        largest_z: Of the losses, those that were moved down included.
        power: That of the transformation; 1 leaves z as it is.
        mean_of_powers: Of what is transformed.
        std_of_powers: Theirs.
    """

    unit: float
    mean: float
    std: float
    least_z: float
    largest_z: float
    power: float = 1.0
    mean_of_powers: float = 0.0
    std_of_powers: float = 1.0

    def loss(self, y: float) -> float:
        """The loss that has a target; infinite where none has, since it is beyond the range of the transformation."""
        z = _inverse_yeo_johnson(y * self.std_of_powers + self.mean_of_powers, self.power)
        return (z * self.std + self.mean) * self.unit

    def slope(self, y: float) -> float:
        """The derivative of the loss by its target, at the closest target that was observed."""
        z = _inverse_yeo_johnson(y * self.std_of_powers + self.mean_of_powers, self.power)
        z = min(max(z, self.least_z), self.largest_z)
        by_z = (1 + z) ** (self.power - 1) if z >= 0 else (1 - z) ** (1 - self.power)
        return self.std_of_powers / by_z * self.std * self.unit


def standardise(losses: np.ndarray) -> np.ndarray:
    """The targets of `standardised` alone."""
    return standardised(losses)[0]


def standardised(losses: np.ndarray) -> tuple[np.ndarray, Standardisation | None]:
    """Targets with mean 0 and standard deviation 1, about normally distributed; a constant becomes 0.

    Losses far above the median are moved down to a few times as far above it as good ones are below, so that a run
    that diverged does not make all others look equal. That is done to the worst quarter at most: where most trials end
    on a plateau, its tiny differences would otherwise become the largest that are left. Then Yeo and Johnson's power
    transformation spreads out whichever end is crowded, mostly that of the good losses.

    Args:
        losses: n losses, lower is better. Those of trials that diverged, as `without_diverged` has it, count as the
            worst of the others.

    Returns:
        The n targets, and the way back; ``None`` where the targets are all equal, so that there is none.

    References:
        Yeo and Johnson, A New Family of Power Transformations to Improve Normality or Symmetry, Biometrika 2000.
    """
    losses = without_diverged(losses)
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return np.zeros(len(losses)), None
    scale = max(np.abs(finite).max(), np.finfo(float).tiny)  # or the squares of huge losses would overflow
    y = np.where(np.isfinite(losses), losses, finite.max()) / scale
    good, median, bad = np.quantile(finite / scale, [GOOD_QUANTILE, 0.5, BAD_QUANTILE])
    far = max(median + FAR * (median - good), bad)
    clipped = np.minimum(y, far) if far > good else y
    of_size_1 = with_size_1(clipped)
    z = _normalise(of_size_1)
    if not z.any():
        return z, None
    unit = np.ldexp(scale, np.frexp(np.abs(clipped).max())[1] - 1)
    linear = Standardisation(
        unit=float(unit),
        mean=float(of_size_1.mean()),
        std=max(float(of_size_1.std()), MIN_STD),
        least_z=float(z.min()),
        largest_z=float(z.max()),
    )
    if len(z) < ENOUGH_FOR_A_SHAPE:
        return z, linear
    power = _most_normal_power(z)
    powers = _yeo_johnson(z, power)
    back = attrs.evolve(
        linear,
        power=power,
        mean_of_powers=float(powers.mean()),
        std_of_powers=max(float(powers.std()), MIN_STD),
    )
    return _normalise(powers), back


def with_size_1(y: np.ndarray) -> np.ndarray:
    """Numbers times a power of 2, so that no bit of them is lost, for which the largest is from 1 to below 2 in size.

    What was clipped may be many orders of magnitude below what it was scaled by, and would look constant.
    """
    _, exponent = np.frexp(np.abs(y).max())
    return np.ldexp(y, 1 - exponent)


def _normalise(y: np.ndarray) -> np.ndarray:
    return (y - y.mean()) / max(y.std(), MIN_STD)


def _most_normal_power(z: np.ndarray) -> float:
    """The power for which the transformed numbers are most likely under a normal distribution."""
    slope = (np.sign(z) * np.log1p(np.abs(z))).sum()

    def cost(power: float) -> float:
        return 0.5 * len(z) * np.log(np.maximum(_yeo_johnson(z, power).var(), MIN_STD)) - (power - 1) * slope

    return float(scipy.optimize.minimize_scalar(cost, bounds=POWERS, method="bounded", options={"xatol": 1e-3}).x)


def _yeo_johnson(z: np.ndarray, power: float) -> np.ndarray:
    """``((1 + z)^p - 1) / p`` for z at or above 0, and its mirror with 2 - p below."""
    return np.where(z >= 0, _power(np.maximum(z, 0.0), power), -_power(np.maximum(-z, 0.0), 2.0 - power))


def _inverse_yeo_johnson(t: float, power: float) -> float:
    """The z of which t is the transformation; infinite beyond its range."""
    return _inverse_power(t, power) if t >= 0 else -_inverse_power(-t, 2.0 - power)


def _inverse_power(t: float, power: float) -> float:
    if power * t <= -1:
        return math.inf
    logarithm = t if abs(power) < 1e-9 else math.log1p(power * t) / power
    return math.expm1(logarithm) if logarithm < LARGEST_EXPONENT else math.inf


def _power(z: np.ndarray, power: float) -> np.ndarray:
    return np.log1p(z) if abs(power) < 1e-9 else np.expm1(power * np.log1p(z)) / power


def next_fit(count: int, max_size: int) -> int:
    """The number of data at which hyperparameters that were fitted to ``count`` data are fitted again.

    Each datum up to 30; then with every tenth more, but often enough for the data to stay within ``max_size``.
    """
    if count < EVERY_DATUM_UP_TO:
        return count + 1
    return count + max(1, min(math.ceil(GROWTH * count), max_size // 10))


def room(count: int, max_size: int) -> int:
    """How many of ``count`` data a fit may keep, so that there are at most ``max_size`` until the next fit."""
    return max(1, max_size - (next_fit(count, max_size) - 1 - count))


def select_best_and_random(losses: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of ``size`` data in their order: the best quarter, and a random choice of the rest."""
    order = np.argsort(without_diverged(losses), kind="stable")
    n_best = math.ceil(BEST_SHARE * size)
    rest = generator.choice(order[n_best:], size - n_best, replace=False)
    return np.sort(np.concatenate([order[:n_best], rest]))


def feasible_first(losses: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Ranks of n losses, lower is better, where any feasible one is better than the others.

    Args:
        losses: n losses.
        values: n values of the constraint, feasible at or below 0. NaN is not.
    """
    ranks = np.empty(len(losses), dtype=int)
    ranks[np.lexsort((without_diverged(losses), ~(values <= 0)))] = np.arange(len(losses))
    return ranks


def select_highest_trials(
    trial_ids: np.ndarray, resources: np.ndarray, size: int, generator: np.random.Generator
) -> np.ndarray:
    """Positions of ``size`` data in their order: all data of the trials that came furthest.

    From the highest resource downwards, trials that reached it are kept with all their data while there is
    room. Where there is not, they are kept at this resource alone, and if these are still too many, a random
    choice of them; what room is left then goes to a random choice of the rest.

    Args:
        trial_ids: n trials.
        resources: Where they were observed.
        size: Number of positions, fewer than n.
        generator: Draws the random choices.
    """
    trials, index = np.unique(trial_ids, return_inverse=True)
    reached = np.zeros(len(trials), dtype=resources.dtype)
    np.maximum.at(reached, index, resources)
    kept = np.zeros(len(trial_ids), dtype=bool)
    for resource in np.unique(reached)[::-1]:
        members = reached[index] == resource
        if kept.sum() + members.sum() > size:
            _fill(kept, members & (resources == resource), size, generator)
            break
        kept |= members
    _fill(kept, np.ones(len(kept), dtype=bool), size, generator)
    return np.flatnonzero(kept)


def _fill(kept: np.ndarray, members: np.ndarray, size: int, generator: np.random.Generator) -> None:
    candidates = np.flatnonzero(members & ~kept)
    left = size - int(kept.sum())
    kept[candidates if len(candidates) <= left else generator.choice(candidates, left, replace=False)] = True
