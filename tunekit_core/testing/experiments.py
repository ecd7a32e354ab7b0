"""Run experiments on the toy problem, with whatever can happen to trials and to the process that tunes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.builtin.criteria import CountOptions, MaxNumEvaluations, MaxNumTrialsStarted
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Suggestion
from tunekit_core.engine.events import Decided, Happened, Recorded, Started, Workers
from tunekit_core.engine.tuner import Tuner, TuningResult
from tunekit_core.errors import ComponentError
from tunekit_core.randomness import Streams
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import EVENTS
from tunekit_core.records.load import read_events
from tunekit_core.space import ConfigurationTable
from tunekit_core.testing.limits import comes_to_an_end
from tunekit_core.testing.toy import ToyBenchmark, toy_problem
from tunekit_core.testing.toy_backend import ToyBackend

MakeScheduler = Callable[[Problem, Streams], Scheduler]
MakeObserver = Callable[[Problem, Path], Observer]
ENDS = "suggest() comes to an end: where no configuration is left it returns None."


class Died(BaseException):
    """The process of an experiment died."""


@attrs.frozen(kw_only=True)
class Setup:
    """What is run, and what happens in it.

    Attributes:
        benchmark: The toy benchmark.
        rows: The only allowed configurations, or ``None``.
        seed: Effective seed.
        max_evaluations: Reports after which the experiment ends.
        max_trials: Trials after which no other starts.
        fail_at: As for :class:`ToyBackend`.
        lose_at: As there.
        lag: As there.
        max_checkpoints: Of the backend.
        n_workers: Trials at the same time: in the first process, and in each that follows one that died.
        dies_after: The number of events after which a process dies, for each that does.
    """

    benchmark: ToyBenchmark = attrs.field(factory=ToyBenchmark)
    rows: ConfigurationTable | None = None
    seed: int = 0
    max_evaluations: int = 80
    max_trials: int = 10_000
    fail_at: Mapping[int, int] = attrs.field(factory=dict)
    lose_at: Mapping[tuple[int, int], int] = attrs.field(factory=dict)
    lag: float = 0.0
    max_checkpoints: int | None = None
    n_workers: Sequence[int] = (3,)
    dies_after: Sequence[int] = ()

    def problem(self) -> Problem:
        """The problem, made anew."""
        return toy_problem(self.benchmark, self.rows)


@attrs.frozen
class Lived:
    """An experiment after its end.

    Attributes:
        result: Of its last process.
        events: What was recorded, as it is read back.
        record: The bytes of the record.
        suggestions: What the scheduler suggested while the tuner ran, each with the number of events before it.
    """

    result: TuningResult
    events: list[Recorded]
    record: bytes
    suggestions: list[tuple[int, str]]


def run_toy(
    make: MakeScheduler,
    folder: Path,
    *,
    benchmark: ToyBenchmark | None = None,
    seed: int = 0,
    n_workers: int = 3,
    max_evaluations: int = 80,
    fail_at: Mapping[int, int] | None = None,
) -> tuple[TuningResult, list[Recorded]]:
    """Run an experiment on the toy problem.

    Args:
        make: Builds the scheduler from problem and streams.
        folder: Where the record goes.
        benchmark: The toy benchmark; the smooth one unless given.
        seed: Effective seed.
        n_workers: Trials at the same time.
        max_evaluations: Reports after which the experiment ends.
        fail_at: As for :class:`ToyBackend`.

    Returns:
        The result and the recorded events, as read from disk.
    """
    setup = Setup(
        benchmark=benchmark or ToyBenchmark(),
        seed=seed,
        n_workers=(n_workers,),
        max_evaluations=max_evaluations,
        fail_at=fail_at or {},
    )
    lived = live(make, setup, folder)
    return lived.result, lived.events


def live(
    make: MakeScheduler,
    setup: Setup,
    folder: Path,
    *,
    asked_at: Container[int] = (),
    composers: Callable[[Problem], Sequence[ResultComposer]] = lambda problem: (),
    observer: MakeObserver | None = None,
) -> Lived:
    """Run an experiment, process after process, to its end.

    Args:
        make: Builds the scheduler from problem and streams.
        setup: What is run.
        folder: Where the record goes.
        asked_at: Numbers of events after which the scheduler is asked for a suggestion though no worker may be free.
        composers: Builds those from the problem.
        observer: Builds one from the problem and the folder.

    Raises:
        AssertionError: If a component breaks a rule, raises an error, or does not come to an end.
    """
    suggestions: list[tuple[int, str]] = []
    for n_workers, dies_after in zip(setup.n_workers, [*setup.dies_after, None], strict=True):
        problem, streams = setup.problem(), Streams(setup.seed)
        scheduler = make(problem, streams)
        record = _WatchedRecord(folder, dies_after)
        _watch(scheduler, record, suggestions, asked_at=asked_at)
        backend = ToyBackend(
            problem, setup.benchmark, None, streams, fail_at=setup.fail_at, lose_at=setup.lose_at, lag=setup.lag
        )
        backend.max_checkpoints = setup.max_checkpoints
        criteria: list[StoppingCriterion] = [
            MaxNumEvaluations(problem, CountOptions(count=setup.max_evaluations)),
            MaxNumTrialsStarted(problem, CountOptions(count=setup.max_trials)),
        ]
        tuner = Tuner(
            scheduler=scheduler,
            backend=backend,
            stopping=criteria,
            n_workers=n_workers,
            composers=composers(problem),
            observers=() if observer is None else [observer(problem, folder)],
            record=record,
        )
        try:
            result = tuner.run()
        except Died:
            continue
        except ComponentError as error:
            raise AssertionError(str(error)) from error
        break  # perhaps before its process could die
    return Lived(result, read_events(folder), (folder / EVENTS).read_bytes(), suggestions)


def as_text(suggestion: Suggestion | None) -> str:
    """A suggestion in words that are equal where suggestions are."""
    if suggestion is None:
        return "None"
    return f"{type(suggestion).__name__} {json.dumps(attrs.asdict(suggestion), default=repr)}"


class _WatchedRecord(ExperimentRecord):
    """Knows how many events it has, lets somebody look before each, and ends the process after one of them."""

    def __init__(self, folder: Path, dies_after: int | None) -> None:
        super().__init__(folder, keep_events=True)
        self.n_events = 0
        self.n_started = 0
        self.n_workers = 0
        self.before_event: Callable[[], object] = lambda: None
        self._dies_after = dies_after

    def begin(
        self,
        problem: Problem,
        n_workers: int,
        components: Sequence[Any],
        metadata: Mapping[str, Any],
        *,
        restores: bool = False,
    ) -> Iterable[Recorded]:
        past = super().begin(problem, n_workers, components, metadata, restores=restores)
        return self._counted(past)

    def write(self, event: Happened) -> None:
        if not isinstance(event, Decided):  # between a report and its decision nobody is asked
            self.before_event()
        super().write(event)
        self._count(event)
        if self.n_events == self._dies_after:
            raise Died

    def finish(self, status: ExperimentStatus, reason: str, summary: Mapping[str, Any]) -> None:
        if status is ExperimentStatus.COMPLETED:
            self.before_event()
        super().finish(status, reason, summary)

    def _counted(self, past: Iterable[Recorded]) -> Iterator[Recorded]:
        for event in past:
            self._count(event)
            yield event

    def _count(self, event: Happened | Recorded) -> None:
        self.n_events += 1
        self.n_started += isinstance(event, Started)
        if isinstance(event, Workers):
            self.n_workers = event.n


def _watch(
    scheduler: Scheduler, record: _WatchedRecord, suggestions: list[tuple[int, str]], *, asked_at: Container[int]
) -> None:
    """Keep what a scheduler suggests. It stays the same object: what it is, and what it can do, is looked at."""
    suggest = scheduler.suggest

    def watched(trial_id: int) -> Suggestion | None:
        with comes_to_an_end(ENDS):
            suggestion = suggest(trial_id)
        suggestions.append((record.n_events, as_text(suggestion)))
        return suggestion

    scheduler.suggest = watched  # type: ignore[method-assign]

    def ask() -> None:
        if record.n_events in asked_at and record.n_workers:  # before, a scheduler need not know anything
            scheduler.suggest(record.n_started)

    record.before_event = ask
