"""What runs on one task are worth: shares of the gap, area under the curve, differences for equal seeds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs
import numpy as np
from scipy.special import stdtrit  # quantiles of Student's t

from quality.split import BASELINE
from runs.run import FRACTIONS, Run
from runs.tasks import open_task

TENTH, QUARTER, HALF, END = (FRACTIONS.index(fraction) for fraction in (0.1, 0.25, 0.5, 1.0))
MOST_DIFFERENCE = 3.0
"""A difference in shares of the gap is cut here on both sides, so that one seed on one task does not decide."""
MOST_REGRET = 10.0
"""A regret in shares of the gap is cut here in means, and where no loss was finite it counts as this."""


@attrs.frozen(eq=False)
class Curve:
    """What is compared of a run.

    Attributes:
        losses: The 40 losses of the incumbent; infinity where none was finite.
        processor_seconds: Of the whole run.
    """

    losses: np.ndarray
    processor_seconds: float

    @classmethod
    def of(cls, run: Run) -> Curve:
        """That of a stored run."""
        return cls(np.array([np.inf if loss is None else loss for loss in run.losses]), run.processor_seconds)


@attrs.frozen(eq=False)
class TaskRuns:
    """The runs on a task, those of random search among them.

    Attributes:
        task: Such as ``lcbench:3945``.
        best_known: The smallest loss of the task, or of any run of it.
        curves: For each method, its runs by seed.
    """

    task: str
    best_known: float
    curves: Mapping[str, Mapping[int, Curve]]

    @property
    def gap(self) -> float:
        """The mean loss that random search ends with, less the best known."""
        return float(np.mean(self._baseline(END)))

    @property
    def is_tie(self) -> bool:
        """Whether the best known lies within the noise of random search's end: its 95 % interval by Student's t.

        What methods differ by, in shares of such a gap, would be noise divided by noise.
        """
        regrets = self._baseline(END)
        gap, n = self.gap, len(regrets)
        if n == 1 or not np.isfinite(gap):
            return not 0 < gap < np.inf
        return bool(gap <= stdtrit(n - 1, 0.975) * regrets.std(ddof=1) / np.sqrt(n))

    def only(self, methods: Collection[str]) -> TaskRuns:
        """Without the runs of other methods, but always with random search, by which all is measured."""
        kept = {method: runs for method, runs in self.curves.items() if method in methods or method == BASELINE}
        return attrs.evolve(self, curves=kept)

    def first(self, n_seeds: int) -> TaskRuns:
        """With the runs of the first seeds alone; of random search all are kept, by which all is measured."""
        kept = {
            method: runs if method == BASELINE else {seed: run for seed, run in runs.items() if seed < n_seeds}
            for method, runs in self.curves.items()
        }
        return attrs.evolve(self, curves={method: runs for method, runs in kept.items() if runs})

    def regrets(self, method: str) -> dict[int, np.ndarray]:
        """By seed, the 40 losses less the best known in shares of the gap; 0 throughout where the task is a tie."""
        if self.is_tie:
            return {seed: np.zeros(len(FRACTIONS)) for seed in self.curves[method]}
        return {
            seed: np.minimum((curve.losses - self.best_known) / self.gap, MOST_REGRET)
            for seed, curve in self.curves[method].items()
        }

    def areas(self, method: str) -> dict[int, float]:
        """By seed, the mean over the 40 steps of the regret in shares of random search's at a tenth, cut at 1.

        Of random search it is the median over seeds, at the first step from a tenth on where that is finite: with a
        mean, one seed that has only seen a loss of 1e30 by then would make every area 0.
        """
        scale = self._early_regret()
        areas = {}
        for seed, curve in self.curves[method].items():
            regret = curve.losses - self.best_known
            with np.errstate(divide="ignore", invalid="ignore"):
                shares = np.where(regret <= 0, 0.0, np.where(np.isfinite(regret), regret / scale, 1.0))
            areas[seed] = float(np.minimum(shares, 1.0).mean())
        return areas

    def differences(self, first: str, second: str, seeds: Sequence[int], point: int) -> np.ndarray:
        """The loss of the first method less that of the second for equal seeds, in shares of the gap.

        Each is cut at :data:`MOST_DIFFERENCE`. Two runs without a finite loss are equal; on a tie all are.
        """
        if self.is_tie:
            return np.zeros(len(seeds))
        a, b = (np.array([self.curves[method][seed].losses[point] for seed in seeds]) for method in (first, second))
        with np.errstate(invalid="ignore"):
            shares = np.where(a == b, 0.0, (a - b) / self.gap)
        return shares.clip(-MOST_DIFFERENCE, MOST_DIFFERENCE)

    def _baseline(self, point: int) -> np.ndarray:
        """What random search has above the best known, one number for each seed."""
        return np.array([curve.losses[point] for curve in self.curves[BASELINE].values()]) - self.best_known

    def _early_regret(self) -> float:
        medians = (float(np.median(self._baseline(point))) for point in range(TENTH, len(FRACTIONS)))
        return next((median for median in medians if np.isfinite(median)), np.inf)


def runs_on(
    tasks: Iterable[str], runs: Iterable[Run], *, labels: Sequence[str] = (), n_seeds: int | None = None
) -> list[TaskRuns]:
    """What is stored of some tasks at their own budget; a task without runs of random search is left out.

    Args:
        tasks: Those wanted.
        runs: What is stored.
        labels: Versions of the code: a method is shown on a task by its runs of the first of which it has any there.
        n_seeds: So many seeds from 0, of random search all; ``None`` for all.
    """
    stored: dict[str, list[Run]] = {task: [] for task in tasks}
    for run in runs:
        if run.task in stored:
            stored[run.task].append(run)
    found = []
    for task, of_task in stored.items():
        if not of_task:
            continue
        budget = open_task(task).max_wallclock_time
        of_task = [run for run in of_task if run.seconds == budget]
        shown = [run for run in of_task if n_seeds is None or run.seed < n_seeds or run.method == BASELINE]
        curves = by_method(shown, labels)
        if BASELINE in curves:
            found.append(TaskRuns(task, best_known(task, of_task), curves))
    return found


def by_method(runs: Iterable[Run], labels: Sequence[str]) -> dict[str, dict[int, Curve]]:
    """For each method its runs of the first label that it has any of, or those without a label; by seed."""
    of_methods: dict[str, dict[str, dict[int, Curve]]] = {}
    for run in runs:
        of_methods.setdefault(run.method, {}).setdefault(run.label, {})[run.seed] = Curve.of(run)
    chosen = {
        method: next((of[label] for label in (*labels, "") if label in of), {}) for method, of in of_methods.items()
    }
    return {method: dict(sorted(by_seed.items())) for method, by_seed in chosen.items() if by_seed}


def best_known(task: str, runs: Iterable[Run]) -> float:
    """The optimum of a task that knows it, or the smallest loss of any of the runs."""
    optimum = open_task(task).optimum
    if optimum is not None:
        return optimum
    losses = [loss for run in runs for loss in run.losses if loss is not None]
    return min(losses, default=np.nan)
