"""Tell a searcher, or a scheduler, of many trials without a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Cause, Decision, Report, Resume, Start, Status, Stop, Trial
from tunekit_core.engine.events import Decided, Resumed, Started, Stopped, Workers
from tunekit_core.engine.gate.notes import read_only_note
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.read_only import ReadOnlyDict
from tunekit_core.space import Configuration
from tunekit_core.testing.toy import ToyBenchmark, toy_problem

NOTE = {"nested": [1, 2]}

ENDS: Mapping[str, Decision | None] = {
    "failed before they reported": None,
    "failed after a report": Decision.CONTINUE,
    "were stopped": Decision.STOP,
    "were stopped when they had paused": Decision.PAUSE,
    "completed": Decision.CONTINUE,
}
"""How trials end, with what is decided on the report that each makes."""


class FedSearcher:
    """A searcher under FIFO, told of complete trials one after the other.

    Args:
        make: Builds the searcher from problem and streams.

    Attributes:
        searcher: The searcher.
        state: Where the experiment stands.
        given: The configuration of each trial, as it was given.
    """

    def __init__(self, make: Callable[[Problem, Streams], Searcher]) -> None:
        self._benchmark = ToyBenchmark()
        self.problem = toy_problem(self._benchmark)
        self.searcher = make(self.problem, Streams(0))
        self.state = ExperimentState(self.problem, Fifo(self.problem, Streams(0), self.searcher))
        self.given: list[Configuration] = []
        self._random = RandomSearch(self.problem, Streams(1))

    def grow(self, n_trials: int) -> None:
        """Go on until there are so many trials, with random configurations."""
        while self.state.n_started < n_trials:
            self.end(self.start())

    def start(self, configuration: Mapping[str, Any] | None = None) -> Trial:
        """Start a trial, with a random configuration unless one is given."""
        trial_id = self.state.n_started
        if configuration is None:
            proposal = self._random.suggest(trial_id, resource=None)
            assert proposal is not None
            configuration = proposal.configuration
        self.given.append(Configuration(configuration))
        start = Start(self.given[-1], note=read_only_note(NOTE))
        trial = self.state.apply(Started.of(trial_id, start, 0.0))
        self._random.on_start(trial)
        return trial

    def end(self, trial: Trial) -> None:
        """A trial reports at its first and last epoch, and is complete."""
        for epoch in (1, 9):
            self._report(trial, epoch, Decision.CONTINUE)
        self.state.apply(TrialEnded(trial.id, 0, Status.COMPLETED, 0.0))

    def end_as(self, how: str, trial: Trial) -> None:
        """A trial ends in one of the ways of ``ENDS``."""
        decision = ENDS[how]
        if decision is not None:
            self._report(trial, 9 if how == "completed" else 1, decision)
        if how.startswith("failed"):
            self.state.apply(TrialEnded(trial.id, 0, Status.FAILED, 0.0, Cause.SCRIPT, "exit code 1"))
            return
        self.state.apply(TrialEnded(trial.id, 0, Status.COMPLETED, 0.0))
        if decision is Decision.PAUSE:
            self.state.apply(Stopped(trial.id, 0.0))

    def propose_and_run(self) -> None:
        """One proposal, and the trial that it is for."""
        proposal = self.searcher.suggest(self.state.n_started, resource=9)
        self.end(self.start(None if proposal is None else proposal.configuration))

    def _report(self, trial: Trial, epoch: int, decision: Decision) -> None:
        curve = self._benchmark.curve(trial.configuration, 0)
        metrics = {name: values[epoch - 1] for name, values in curve.metrics.items()} | {"epoch": epoch}
        losses = self.problem.objective.losses(metrics)
        self.state.apply(Report(trial.id, 0, epoch, ReadOnlyDict(metrics), losses, 0.0))
        self.state.apply(Decided(trial.id, decision))


class FedScheduler:
    """A scheduler whose trials run one after the other, each until it pauses or ends.

    Args:
        make: Builds the scheduler from problem and streams.

    Attributes:
        state: Where the experiment stands.
    """

    def __init__(self, make: Callable[[Problem, Streams], Scheduler]) -> None:
        self._benchmark = ToyBenchmark()
        self._problem = toy_problem(self._benchmark)
        self.state = ExperimentState(self._problem, make(self._problem, Streams(0)))
        self.state.apply(Workers(1, 0.0))

    def grow(self, n_reports: int) -> None:
        """Go on until there are so many reports."""
        while self.state.n_reports < n_reports:
            self.do_next()

    def do_next(self) -> None:
        """What a free worker does until it is free again."""
        state = self.state
        suggestion = state.scheduler.suggest(state.n_started)
        assert suggestion is not None, (
            "A scheduler suggests something where nothing runs and the space is not exhausted."
        )
        if isinstance(suggestion, Stop):
            state.apply(Stopped(suggestion.trial_id, 0.0))
        elif isinstance(suggestion, Resume):
            self._run(state.apply(Resumed.of(suggestion, 0.0)))
        else:
            self._run(state.apply(Started.of(state.n_started, suggestion, 0.0)))

    def ask_for(self, configuration: Mapping[str, Any]) -> Trial:
        """Run a trial that nobody suggested."""
        start = Start(self._problem.space.complete(configuration))
        trial = self.state.apply(Started.of(self.state.n_started, start, 0.0))
        self._run(trial)
        return trial

    def _run(self, trial: Trial) -> None:
        curve = self._benchmark.curve(trial.configuration, 0)
        for epoch in range(trial.reached + 1, (trial.until or 9) + 1):
            metrics = {name: values[epoch - 1] for name, values in curve.metrics.items()} | {"epoch": epoch}
            losses = self._problem.objective.losses(metrics)
            decision = self.state.apply(Report(trial.id, trial.run, epoch, metrics, losses, 0.0))
            self.state.apply(Decided(trial.id, decision))
            if decision is not Decision.CONTINUE:
                break
        self.state.apply(TrialEnded(trial.id, trial.run, Status.COMPLETED, 0.0))
