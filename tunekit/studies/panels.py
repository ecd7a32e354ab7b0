"""The best values over time of each setup on each benchmark: what tables and figures show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.results.best_so_far import BestSoFar
from tunekit.results.costs import total_of_costs
from tunekit.studies.benchmark_runs import BenchmarkRuns, time_limit
from tunekit.studies.collection import CollectedExperiment
from tunekit.studies.grouping import seed_of
from tunekit.studies.statistics.aggregates import iqm, median
from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC, Statistic, intervals

CENTRES: Mapping[Statistic, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "median": lambda losses: median(losses, axis=0),
    "iqm": lambda losses: iqm(losses, axis=0),
    "mean": lambda losses: np.mean(losses, axis=0),
}


@attrs.frozen(eq=False)
class MethodCurves:
    """The runs of one setup on one benchmark.

    Attributes:
        label: The method, and what else tells it from the others.
        curves: The best value over time of each run.
        seeds: What pairs each with runs of other methods; ``None`` where that is not known.
        cost: What its runs have cost together, for people; empty where nobody says so.
    """

    label: str
    curves: Sequence[BestSoFar]
    seeds: Sequence[int | None] = ()
    cost: str = ""


@attrs.frozen(eq=False)
class Spread:
    """What runs have come to at m times, as reported.

    Attributes:
        centre: (m,) array, their median or another mean; NaN where it is none, since too many have no value yet.
        low: (m,) array, the lower end of its 95 % interval; NaN where there is none.
        high: (m,) array, the upper end. An end is infinite where it is a run that has no value yet.
    """

    centre: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@attrs.frozen(eq=False)
class Panel:
    """All methods on one benchmark that search for the best of one metric.

    Attributes:
        problem: Benchmark and dataset.
        metric: Name of the metric, and of the constraint where there is one.
        mode: ``"min"`` or ``"max"``.
        budget: Seconds: the time limit, or the end of the longest run where there is none.
        methods: That with the best median at the end first.
    """

    problem: str
    metric: str
    mode: str
    budget: float
    methods: Sequence[MethodCurves]

    @property
    def sign(self) -> float:
        """What makes a loss of a value: lower is better."""
        return 1.0 if self.mode == "min" else -1.0

    def losses(self, method: MethodCurves, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """A row for each run of a method with its lowest loss at each time; infinite where it has none yet."""
        losses = self.sign * np.array([curve.at(times) for curve in method.curves])
        losses[np.isnan(losses)] = np.inf
        return losses

    def medians(self) -> dict[str, float]:
        """By label the median loss at the end of the budget; infinite where too many runs have found nothing."""
        end = np.array([self.budget])
        return {method.label: float(median(self.losses(method, end), axis=0)[0]) for method in self.methods}

    def spread(
        self, method: MethodCurves, times: NDArray[np.float64], statistic: Statistic = DEFAULT_STATISTIC
    ) -> Spread:
        """What the runs of a method have come to at each time. One without a value is worse than any that has one."""
        losses = self.losses(method, times)
        centre = CENTRES[statistic](losses)
        found = intervals(losses, statistic)
        ends = self.sign * np.array([(np.nan, np.nan) if each is None else (each.low, each.high) for each in found])
        centre = np.where(np.isfinite(centre), self.sign * centre, np.nan)
        return Spread(centre, ends.min(axis=1), ends.max(axis=1))


def panel_of(runs: BenchmarkRuns) -> Panel:
    """The panel of a benchmark."""
    limits = [(run, time_limit(run.metadata)) for run in runs.runs]
    budget = max(_curve(run).end if limit is None else limit for run, limit in limits)
    methods = [_method(label, of_setup) for label, of_setup in runs.setups.items()]
    panel = Panel(runs.benchmark, runs.metric, runs.mode, budget, methods)
    medians = panel.medians()
    return attrs.evolve(panel, methods=sorted(methods, key=lambda method: (medians[method.label], method.label)))


def _method(label: str, runs: Sequence[CollectedExperiment]) -> MethodCurves:
    seeds = [seed_of(run.metadata) for run in runs]
    return MethodCurves(label, [_curve(run) for run in runs], seeds, total_of_costs([run.metadata for run in runs]))


def _curve(run: CollectedExperiment) -> BestSoFar:
    if run.best is None:
        raise ValueError(f"{run.path} is not complete: it has no best value over time.")
    return run.best
