"""Schedulers and searchers for contract tests: they use what contracts offer, and keep what they are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.options import NO_OPTIONS
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import (
    Decision,
    Note,
    PausedTrial,
    Promotion,
    Proposal,
    Report,
    Resume,
    Scalar,
    Start,
    Status,
    Stop,
    Suggestion,
    Trial,
)
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams

WAITING = 3


class PausesAndStops(Scheduler):
    """Pauses every trial at a third of the way to its end; of three that wait, the best goes on, or the worst is ended.

    Where nothing new is left all that wait go on. A trial that is far behind the best at its first report is stopped at
    once.
    """

    name: ClassVar[str] = "pauses_and_stops"
    needs: ClassVar[frozenset[str]] = frozenset({"pause"})

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: Any = NO_OPTIONS) -> None:
        super().__init__(problem, streams, searcher, options)
        if problem.max_resource is None:
            raise ConfigurationError("pauses_and_stops needs a last resource.", option="max_resource")
        self._level = math.ceil(problem.max_resource / 3)
        self._best = math.inf
        self._waiting: dict[int, float] = {}
        self._ends_next = False  # by turns: one goes on, one is ended

    def suggest(self, trial_id: int) -> Suggestion | None:
        ranked = sorted(self._waiting, key=lambda waiting: (self._waiting[waiting], waiting))
        if len(ranked) >= WAITING:
            return Stop(ranked[-1]) if self._ends_next else Resume(ranked[0])
        proposal = self.searcher.suggest(trial_id, resource=self._level)
        if proposal is not None:
            return Start(proposal.configuration, until=self._level, note=proposal.note)
        return Resume(ranked[0]) if ranked else None

    def on_start(self, trial: Trial) -> None:
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, self._level)

    def on_resume(self, trial: Trial, note: Note) -> None:
        del self._waiting[trial.id]
        self._ends_next = True
        self.searcher.on_resume(trial, note)
        self.searcher.on_target(trial, self.problem.max_resource)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        self.searcher.on_report(trial, report)
        loss, self._best = report.losses[0], min(self._best, report.losses[0])
        is_first = trial.n_reports == 1
        if is_first and loss > self._best + 1.0 and report.resource < self._level:
            return Decision.STOP
        goes_on = trial.until is None or report.resource < trial.until or report.resource == self.problem.max_resource
        return Decision.CONTINUE if goes_on else Decision.PAUSE

    def on_pause(self, trial: Trial) -> None:
        assert trial.last_report is not None
        self._waiting[trial.id] = trial.last_report.losses[0]
        self.searcher.on_pause(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        if self._waiting.pop(trial.id, None) is not None:
            self._ends_next = False
        self.searcher.on_end(trial, outcome)

    def columns(self) -> Mapping[str, Scalar]:
        return {"num_at_level1": len(self._waiting)}


class Target(NamedTuple):
    """Where a searcher was told that a trial is pending.

    Attributes:
        trial_id: Which trial.
        resource: Where.
        reached: How far the trial had come.
        until: Where it was sent to.
    """

    trial_id: int
    resource: int | None
    reached: int
    until: int | None


class Spy(RandomSearch):
    """Random search that keeps what its scheduler tells it, with a note in every proposal and choice.

    Attributes:
        told: The calls of ``on_start``, ``on_resume``, ``on_pause`` and ``on_end``, as tuples of the trial's id and
            what is special to the method: for ``on_start`` whether it has the note of its proposal, if it was
            proposed; for ``on_end`` the outcome.
        targets: Those of ``on_target``.
        shown: The reports of those of ``on_report``.
    """

    name: ClassVar[str] = "spy"

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams)
        self.told: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("on_start", "on_resume", "on_pause", "on_end")
        }
        self.targets: list[Target] = []
        self.shown: list[Report] = []

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        proposal = super().suggest(trial_id, resource=resource)
        return None if proposal is None else Proposal(proposal.configuration, {"proposed_for": trial_id})

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        """The trial that paused first goes on whenever the next id is odd, and others at the end."""
        new = self.suggest(trial_id, resource=resource)
        if paused and (new is None or trial_id % 2):
            return Promotion(paused[0].trial_id, {"chosen_of": len(paused)})
        return new

    def on_start(self, trial: Trial) -> None:
        proposal = super().suggest(trial.id, resource=None)
        is_proposed = proposal is not None and proposal.configuration == trial.configuration
        self.told["on_start"].append((trial.id, trial.note.get("proposed_for") == trial.id or not is_proposed))
        super().on_start(trial)

    def on_resume(self, trial: Trial, note: Note) -> None:
        self.told["on_resume"].append((trial.id,))

    def on_target(self, trial: Trial, resource: int | None) -> None:
        self.targets.append(Target(trial.id, resource, trial.reached, trial.until))

    def on_report(self, trial: Trial, report: Report) -> None:
        self.shown.append(report)

    def on_pause(self, trial: Trial) -> None:
        self.told["on_pause"].append((trial.id,))

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.told["on_end"].append((trial.id, outcome))
