"""One run of a method on a task in simulation: what it found, when, and what it cost. Nothing else is written."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

import attrs

from runs.peers import PEERS, build_peer
from runs.tasks import open_task
from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose
from tunekit.config.options_files.offered import groups
from tunekit.runs.building import build_problem
from tunekit_core import (
    Decision,
    ExperimentView,
    Observer,
    Problem,
    Proposal,
    Report,
    Scheduler,
    Streams,
    Trial,
    Tuner,
    create,
)

FRACTIONS = (0.1, 0.25, 0.5, 1.0)


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
        losses: The smallest loss after each of :data:`FRACTIONS` of the seconds; ``None`` before the first finite one.
        trials: Trials started.
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
    reports: int
    suggestions: int
    suggest_seconds: float
    processor_seconds: float

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
    progress = BestLosses([fraction * job.seconds for fraction in FRACTIONS])
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


class BestLosses(Observer):
    """The smallest loss that was reported up to each of some times."""

    name: ClassVar[str] = "best_losses"

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self._best = [math.inf] * len(times)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        for i, time_limit in enumerate(self._times):
            if report.time <= time_limit and report.losses[0] < self._best[i]:
                self._best[i] = report.losses[0]

    @property
    def losses(self) -> list[float | None]:
        """One for each time, ``None`` where nothing finite was reported by then."""
        return [loss if math.isfinite(loss) else None for loss in self._best]
