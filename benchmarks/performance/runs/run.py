"""One run of a method on a task in simulation: what it found, when, and what it cost. Nothing else is written."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, TypeAlias

import attrs

from runs.peers import PEERS, build_peer
from runs.tasks import open_task
from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose
from tunekit.config.options_files.offered import groups
from tunekit.runs.building import build_problem
from tunekit_core import (
    Configuration,
    Decision,
    ExperimentView,
    Incumbent,
    Observer,
    Problem,
    Proposal,
    Report,
    Scheduler,
    Status,
    Streams,
    Trial,
    Tuner,
    create,
)

N_STEPS = 40
FRACTIONS = tuple(step / N_STEPS for step in range(1, N_STEPS + 1))
"""Shares of the budget after which the incumbent is looked at: equal steps, for the area under the curve."""

Noiseless: TypeAlias = Callable[[Configuration, int], float]
"""The loss, lower is better, that a configuration has at a resource without the noise of measuring it."""


@attrs.frozen
class Job:
    """A run to be carried out.

    Attributes:
        method: Name of a recipe, or of a peer.
        recipe: What :func:`recipe` says of the method.
        task: Such as ``lcbench:3945``.
        seed: Pairs the methods.
        seconds: Simulated seconds.
        label: Version of the code, for the store.
    """

    method: str
    recipe: Mapping[str, Any]
    task: str
    seed: int
    seconds: float
    label: str


def _as_tuple(losses: Iterable[float | None]) -> tuple[float | None, ...]:
    return tuple(losses)


@attrs.frozen
class Run:
    """A finished run.

    Attributes:
        method: Name of a recipe, or of a peer.
        task: Such as ``lcbench:3945``.
        seed: Runs with equal seeds are paired.
        seconds: Simulated seconds.
        label: Version of the code.
        losses: The loss of the incumbent after each of :data:`FRACTIONS` of the seconds, ``None`` where that is not
            finite or there is none yet. Where a task knows the loss without noise, that of the incumbent, which is
            chosen by what was reported all the same: luck does not count.
        trials: Trials started.
        failures: Trials that failed.
        reports: Reports seen.
        suggestions: Calls of the searcher's ``suggest``.
        suggest_seconds: Processor seconds in them.
        processor_seconds: Those of the whole run.
    """

    method: str
    task: str
    seed: int
    seconds: float
    label: str
    losses: tuple[float | None, ...] = attrs.field(converter=_as_tuple)
    trials: int
    failures: int
    reports: int
    suggestions: int
    suggest_seconds: float
    processor_seconds: float

    def __attrs_post_init__(self) -> None:
        if len(self.losses) != N_STEPS:
            raise ValueError(f"it has {len(self.losses)} losses, not {N_STEPS}")

    @property
    def key(self) -> tuple[str, str, int, float, str]:
        """What tells it from other runs."""
        return self.method, self.task, self.seed, self.seconds, self.label


def key_of(job: Job) -> tuple[str, str, int, float, str]:
    """The key of the run that a job leads to."""
    return job.method, job.task, job.seed, job.seconds, job.label


@cache
def recipe(method: str) -> Mapping[str, Any]:
    """What an installed recipe chooses, as the application composes it; for a peer, all but scheduler and searcher.

    Raises:
        ValueError: If neither a recipe nor a peer has that name.
    """
    recipes = groups()["method"]
    if method not in recipes and method not in PEERS:
        raise ValueError(f"{method}: no such method. Known are: {', '.join([*recipes, *PEERS])}.")
    return compose(parse([f"method={'RS' if method in PEERS else method}"])).configs[0]


def carry_out(job: Job) -> Run:
    """Run a job to the end of its simulated seconds."""
    benchmark = open_task(job.task)
    problem = build_problem(benchmark, job.recipe)
    streams = Streams(job.seed)
    scheduler = build_scheduler(job.method, job.recipe, problem, streams)
    timer = SuggestionTimer(scheduler.searcher.suggest)
    scheduler.searcher.suggest = timer  # on the one object, so that whatever else it can do stays visible
    progress = IncumbentLosses(
        [fraction * job.seconds for fraction in FRACTIONS], getattr(benchmark, "noiseless", None)
    )
    tuner = Tuner(
        scheduler=scheduler,
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_wallclock_time", problem, seconds=job.seconds)],
        n_workers=benchmark.n_workers,
        observers=[progress],
    )
    began = time.process_time()
    result = tuner.run()
    return Run(
        method=job.method,
        task=job.task,
        seed=job.seed,
        seconds=job.seconds,
        label=job.label,
        losses=progress.losses,
        trials=result.n_trials,
        failures=result.n_failed,
        reports=result.n_reports,
        suggestions=timer.calls,
        suggest_seconds=round(timer.seconds, 3),
        processor_seconds=round(time.process_time() - began, 3),
    )


def build_scheduler(method: str, chosen: Mapping[str, Any], problem: Problem, streams: Streams) -> Scheduler:
    """The scheduler of a method with its searcher.

    Args:
        method: Name of a recipe, or of a peer.
        chosen: What :func:`recipe` says of the method.
        problem: What is solved.
        streams: Random numbers.

    Raises:
        ValueError: If the libraries of a peer are not installed.
    """
    if method in PEERS:
        return build_peer(method, problem, streams)
    searcher = _create("searcher", chosen["searcher"], problem, streams)
    return _create("scheduler", chosen["scheduler"], problem, streams, searcher)


def _create(kind: str, component: Mapping[str, Any], *context: Any) -> Any:
    options = {name: value for name, value in component.items() if name != "name"}
    return create(kind, component["name"], *context, **options)


class SuggestionTimer:
    """Counts and times the calls of ``suggest``."""

    def __init__(self, suggest: Callable[..., Proposal | None]) -> None:
        self._suggest = suggest
        self.calls = 0
        self.seconds = 0.0

    def __call__(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        began = time.process_time()
        try:
            return self._suggest(trial_id, resource=resource)
        finally:
            self.calls += 1
            self.seconds += time.process_time() - began


class IncumbentLosses(Observer):
    """The loss of the incumbent at each of some times.

    Args:
        times: In seconds of the backend's clock, ascending.
        noiseless: Stands in for what was reported, where a task has it.
    """

    name: ClassVar[str] = "incumbent_losses"

    def __init__(self, times: Sequence[float], noiseless: Noiseless | None = None) -> None:
        self._times = times
        self._noiseless = noiseless
        self._losses: list[float | None] = []
        self._incumbent: Incumbent | None = None

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        self._see(view)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        self._see(view)  # the incumbent may have been of a trial that failed

    def _see(self, view: ExperimentView) -> None:
        while len(self._losses) < len(self._times) and self._times[len(self._losses)] < view.now:
            self._losses.append(self._loss())
        self._incumbent = view.incumbent

    def _loss(self) -> float | None:
        if self._incumbent is None:
            return None
        report = self._incumbent.report
        loss = report.losses[0]
        if self._noiseless is not None:
            loss = float(self._noiseless(self._incumbent.configuration, report.resource))
        return loss if math.isfinite(loss) else None

    @property
    def losses(self) -> list[float | None]:
        """One for each time, once the experiment has ended; ``None`` where nothing finite was known by then."""
        return [*self._losses, *[self._loss()] * (len(self._times) - len(self._losses))]
