"""The training runs of one problem of a family: a blackbox with a known optimum.

Symbols:

| symbol | meaning |
|---|---|
| f, g | two independent landscapes: the one that counts, and one that misleads at first |
| end | 2 (1 - exp(-c f)), with c so that random configurations have 1 on average: what is reported at the end |
| e | (1 - w) end + w early, what can be seen of the end at an epoch; w falls from 1 to 0 |
| p | progress of the training, from 0 at the epoch at which it leaves the start value, to 1 at the last |

A report is start + (e - start) p. With ``share`` below 1 the start value is chance level, 1, and the ends of those that
leave it are divided by the worst of them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.synthetic.diverging import Diverging
from tunekit_benchmarks.synthetic.families import Family
from tunekit_benchmarks.synthetic.landscape import Landscape
from tunekit_benchmarks.synthetic.positions import CATEGORIES, Positions
from tunekit_core import Configuration, Curve, SearchSpace, Streams

Floats = NDArray[np.float64]

EPOCHS = 27
N_SEEDS = 100
TOP = 2.0  # the loss at the start of a training, where there is no chance level
CHANCE = 1.0
MOST_SAMPLES = 16384  # random configurations from which quantiles are taken
MOST_NUMBERS = 2**17  # in all of them, so that a wide space is made as fast
MOST_RANKED = 4096  # of them, where they are ranked again and again, or where a share is large
DECIMALS = 9  # of losses: the last bits of sums and functions differ between machines
SPEED = 6.0  # of a training: its distance from the end falls by exp(SPEED) from the first epoch to the last
SPEED_SPREAD = 0.15

_RESOURCES = tuple(range(1, EPOCHS + 1))
_ELAPSED = tuple(map(float, _RESOURCES))
_EPOCHS = np.arange(1.0, EPOCHS + 1.0)


class Runs:
    """The problem of a family that an instance draws. A blackbox, and what it takes to judge a search of it.

    Two families of equal dimensions and kinds have the same landscape for the same instance, unless they fail.

    Args:
        family: What the problem is like.
        instance: Draws where the optimum lies, what matters, and all else that is random, from 0 to 2**32 - 1.

    Attributes:
        space: The hyperparameters, ``x1`` to ``xd``.
        n_seeds: Runs of each configuration; without noise they are equal.
        optimum: The smallest loss without noise at the last epoch.
        best_configuration: Where it is reached.
        noise_deviation: Standard deviation of the error of a report, beside that at chance level.
    """

    n_seeds = N_SEEDS
    optimum = 0.0

    def __init__(self, family: Family, instance: int) -> None:
        d = family.dimensions
        self._family = family
        self._streams = Streams(instance, family="synthetic")
        shuffles = self._streams.uniforms("categories", 0, d, len(CATEGORIES))
        self._positions = Positions(d, family.mixed, shuffles)
        self.space: SearchSpace = self._positions.space
        snap = self._positions.snap
        self._end_landscape = Landscape(self._streams, "end", d, snap, edge=family.failing)
        self._other_landscape = Landscape(self._streams, "other", d, snap)
        self._wave = self._streams.uniforms(f"speeds/{d}", 0, 1, d)[0] - 0.5
        self.best_configuration: Configuration = self.space.complete(
            self._positions.configuration(self._end_landscape.optimum)
        )
        self._digest = hashlib.blake2b(repr((family, instance)).encode(), digest_size=16).hexdigest()
        self._start = TOP if family.share == 1.0 else CHANCE
        self._weights_of_early = (EPOCHS - _EPOCHS) / (EPOCHS - 1.0)
        self._left_at = family.leaves_at * EPOCHS
        n = min(MOST_SAMPLES, MOST_NUMBERS // d)
        self._calibrate(snap(self._streams.uniforms(f"sample/{d}", 0, n, d)))

    @property
    def data_hash(self) -> str:
        """What identifies the family and the instance, whatever name it has."""
        return self._digest

    def curve(self, configuration: Mapping[str, Any], seed: int) -> Curve:
        """The run of a configuration.

        Args:
            configuration: The hyperparameters; other entries are ignored.
            seed: From 0 to ``n_seeds - 1``.

        Raises:
            KeyError: If a hyperparameter is missing.
            IndexError: If there is no such seed.
        """
        if not 0 <= seed < N_SEEDS:
            raise IndexError(f"seed={seed}: there are the seeds 0 to {N_SEEDS - 1}.")
        losses, at_chance, diverged = self._losses(self._positions.of([configuration]))
        values = losses[0]
        scale = np.where(
            at_chance[0], math.hypot(self.noise_deviation, self._family.chance_noise), self.noise_deviation
        )
        if scale.any():
            noisy = (values + scale * self._normals(configuration, seed)).round(DECIMALS)
            values = noisy if diverged is None else np.where(diverged[0], values, noisy)
        if self._fails(configuration):
            return Curve(_RESOURCES[:1], _ELAPSED[:1], {"loss": tuple(values[:1].tolist())}, fails=True)
        return Curve(_RESOURCES, _ELAPSED, {"loss": tuple(values.tolist())})

    def noiseless(self, configuration: Mapping[str, Any], resource: int) -> float:
        """What a configuration reports at an epoch, less its noise; infinity where it has failed before.

        Args:
            configuration: The hyperparameters; other entries are ignored.
            resource: The epoch, from 1 to 27.

        Raises:
            KeyError: If a hyperparameter is missing.
            IndexError: If there is no such epoch.
        """
        if not 1 <= resource <= EPOCHS:
            raise IndexError(f"resource={resource}: there are the epochs 1 to {EPOCHS}.")
        return float(self.noiseless_curves([configuration])[0, resource - 1])

    def noiseless_curves(self, configurations: Sequence[Mapping[str, Any]]) -> Floats:
        """The same for n configurations and all epochs, an n x 27 array."""
        losses = self._losses(self._positions.of(configurations))[0]
        losses[[self._fails(each) for each in configurations], 1:] = math.inf
        return losses

    def _calibrate(self, sample: Floats) -> None:
        """Take the quantiles that the knobs need from random positions."""
        family = self._family
        f = self._end_landscape(sample)
        self._steepness = _steepness(f)
        self._worst_leaving = math.inf
        ends = self._ends(sample)
        if family.share < 1.0:
            self._worst_leaving = float(np.quantile(ends, family.share))
        self._mixing, self._other_mean, self._other_deviation = 1.0, 0.0, 1.0
        self._end_mean, self._end_deviation = float(ends.mean()), float(ends.std())
        if family.correlation < 1.0:
            g = np.sqrt(self._other_landscape(sample))
            self._other_mean, self._other_deviation = float(g.mean()), float(g.std())
            F = (ends - self._end_mean) / self._end_deviation
            G = (g - self._other_mean) / self._other_deviation
            self._mixing = _mixing(F[:MOST_RANKED], G[:MOST_RANKED], family.correlation)
        if family.diverging > 0.0:
            self._diverging = Diverging(self._end_landscape, sample[:MOST_RANKED], family.diverging)
        last = self._scaled(ends)
        best = np.sort(last)[: max(2, len(last) // 10)]
        self.noise_deviation = family.noise * float(best.std())

    def _ends(self, positions: Floats) -> Floats:
        """The end values of n positions, in [0, 2)."""
        return -TOP * np.expm1(-self._steepness * self._end_landscape(positions))

    def _leave(self, ends: Floats) -> NDArray[np.bool_]:
        return ends < self._worst_leaving

    def _scaled(self, ends: Floats) -> Floats:
        """The losses at the last epoch."""
        if self._family.share == 1.0:
            return ends
        return np.minimum(ends / self._worst_leaving, CHANCE)

    def _losses(self, positions: Floats) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_] | None]:
        """Three n x 27 arrays: losses without noise, whether they are at chance level, and whether it has diverged."""
        ends = self._ends(positions)
        seen = self._scaled(ends)[:, None]
        if self._family.correlation < 1.0:
            w = self._weights_of_early
            seen = (1.0 - w) * seen + w * self._early(positions, ends)[:, None]
        progress = self._progress(positions)
        stays = ~self._leave(ends)
        progress[stays] = 0.0
        losses = (self._start + (seen - self._start) * progress).round(DECIMALS)
        at_chance = progress == 0.0 if self._family.share < 1.0 else np.zeros(losses.shape, dtype=bool)
        diverged = None
        if self._family.diverging > 0.0:
            diverged = self._diverging.first_epochs(positions)[:, None] <= _EPOCHS
            losses[diverged] = self._family.diverged_loss
        return losses, at_chance, diverged

    def _early(self, positions: Floats, ends: Floats) -> Floats:
        """What is seen first, between 0 and the start value."""
        F = (ends - self._end_mean) / self._end_deviation
        G = (np.sqrt(self._other_landscape(positions)) - self._other_mean) / self._other_deviation
        mixed = self._mixing * F + math.sqrt(1.0 - self._mixing**2) * G
        return self._start / (1.0 + np.exp(-1.5 * mixed))

    def _progress(self, positions: Floats) -> Floats:
        """How far each of n trainings is, an n x 27 array from 0 to 1. Some are a little faster than others."""
        speed = SPEED * (1.0 + SPEED_SPREAD * np.sin(2.0 * np.pi * (positions @ self._wave)))[:, None]
        passed = np.maximum(_EPOCHS - self._left_at, 0.0) / (EPOCHS - self._left_at)
        return np.expm1(-speed * passed) / np.expm1(-speed)

    def _fails(self, configuration: Mapping[str, Any]) -> bool:
        return self._family.failing and bool(configuration["x1"] > 0.5)

    def _normals(self, configuration: Mapping[str, Any], seed: int) -> Floats:
        """A standard normal number for each epoch: the same on every machine for the same configuration and seed."""
        key = hashlib.blake2b(repr(self.space.key(configuration)).encode(), digest_size=16).hexdigest()
        u = self._streams.uniforms(f"noise/{self._digest}/{seed}/{key}", 0, 2, EPOCHS)
        # Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958: numpy may change its own.
        normals: Floats = np.sqrt(-2.0 * np.log1p(-u[0])) * np.cos(2.0 * np.pi * u[1])
        return normals


def _steepness(f: Floats) -> float:
    """The c with which 2 (1 - exp(-c f)) has the mean 1."""
    low, high = 0.0, 64.0 / float(f.mean())
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if -TOP * np.expm1(-middle * f).mean() > 1.0 else (middle, high)
    return (low + high) / 2.0


def _mixing(F: Floats, G: Floats, correlation: float) -> float:
    """The a with which F and a F + sqrt(1 - a^2) G have this rank correlation."""
    ranks = _ranks(F)
    low, high = -1.0, 1.0
    for _ in range(20):
        a = (low + high) / 2.0
        reached = np.corrcoef(ranks, _ranks(a * F + math.sqrt(1.0 - a * a) * G))[0, 1]
        low, high = (low, a) if reached > correlation else (a, high)
    return (low + high) / 2.0


def _ranks(values: Floats) -> Floats:
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks
