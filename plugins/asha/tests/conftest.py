from collections.abc import Callable

import pytest

from tunekit_core import (
    Decision,
    Objective,
    Problem,
    Report,
    Resume,
    Scheduler,
    Searcher,
    SearchSpace,
    Start,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialReported,
    create,
    uniform,
)
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.engine.events import Decided, Resumed, Started, Workers
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.state.reading import Reader


class Recorder(RandomSearch):
    """Random search that keeps what it is told."""

    name = "recorder"

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams)
        self.asked: list[int | None] = []
        self.targets: list[tuple[int, int | None]] = []
        self.seen: list[tuple[int, int]] = []
        self.pauses: list[int] = []
        self.ends: list[tuple[int, Status]] = []

    def suggest(self, trial_id, *, resource):
        self.asked.append(resource)
        return super().suggest(trial_id, resource=resource)

    def on_target(self, trial: Trial, resource: int | None) -> None:
        self.targets.append((trial.id, resource))

    def on_report(self, trial: Trial, report: Report) -> None:
        self.seen.append((trial.id, report.resource))

    def on_pause(self, trial: Trial) -> None:
        self.pauses.append(trial.id)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.ends.append((trial.id, outcome))


class Experiment:
    """An experiment whose trials report what a test says."""

    def __init__(self, scheduler: type[Scheduler], max_resource: int, seed: int, searcher: type[Searcher], **options):
        space = SearchSpace({"x": uniform(0.0, 1.0)})
        self.problem = Problem(space=space, objective=Objective("loss", resource="epoch"), max_resource=max_resource)
        streams = Streams(seed)
        self.searcher = searcher(self.problem, streams)
        self.scheduler = create("scheduler", scheduler.name, self.problem, streams, self.searcher, **options)
        self.state = ExperimentState(self.problem, self.scheduler)
        self.reader = Reader(self.state)
        self.state.apply(Workers(1, 0.0))

    def next(self) -> Start | Resume | None:
        """What a free worker would do."""
        return self.scheduler.suggest(self.state.n_started)

    def begin(self) -> Trial:
        """Let a free worker do it."""
        suggestion = self.next()
        assert suggestion is not None
        if isinstance(suggestion, Start):
            return self.state.apply(Started.of(self.state.n_started, suggestion, 0.0))
        return self.state.apply(Resumed.of(suggestion, 0.0))

    def report(self, trial: Trial, resource: int, loss: float) -> Decision:
        """A running trial reports; a pause or stop is carried out at once."""
        decision = self.decide(trial, resource, loss)
        if decision is not Decision.CONTINUE or resource == self.problem.max_resource:
            self.end(trial)
        return decision

    def decide(self, trial: Trial, resource: int, loss: float) -> Decision:
        """A running trial reports; a pause or stop is decided, and the trial has yet to end."""
        report = self.reader.read(TrialReported(trial.id, trial.run, {"epoch": resource, "loss": loss}, 0.0))
        assert isinstance(report, Report)
        decision = self.state.apply(report)
        self.state.apply(Decided(trial.id, decision))
        return decision

    def end(self, trial: Trial, status: Status = Status.COMPLETED) -> None:
        self.state.apply(TrialEnded(trial.id, trial.run, status, 0.0))


@pytest.fixture(scope="session")
def experiment() -> Callable[..., Experiment]:
    def build(scheduler, *, max_resource=9, seed=0, searcher=Recorder, **options) -> Experiment:
        return Experiment(scheduler, max_resource, seed, searcher, **options)

    return build
