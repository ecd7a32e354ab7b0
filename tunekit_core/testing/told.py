"""What a scheduler tells its searcher in an experiment, beside what happened there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Report, Status, Trial
from tunekit_core.engine.events import Decided, Recorded, Resumed
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.components import Spy, Target
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.toy import ToyBenchmark, toy_problem
from tunekit_core.testing.watching import positions


@attrs.frozen
class Told:
    """What a scheduler told its searcher, and what it was told itself.

    Attributes:
        calls: For each method of the searcher its calls, as :class:`Spy` keeps them.
        shown: The reports that the searcher was shown, in their order.
        targets: Where it was told that trials are pending, in their order.
        trials: All trials, at the end.
        reports: The reports that the scheduler was given, in their order.
        paused: The trial of each pause, in their order.
        resumed: The trial of each resumption, in their order.
    """

    calls: dict[str, list[tuple[Any, ...]]]
    shown: list[Report]
    targets: list[Target]
    trials: list[Trial]
    reports: list[Report]
    paused: list[int]
    resumed: list[int]


def what_is_told(make: Callable[[Problem, Streams, Searcher], Scheduler], setup: Setup, folder: Path) -> Told:
    """Run an experiment with a searcher that keeps what its scheduler tells it.

    Args:
        make: Builds the scheduler from problem, streams and searcher.
        setup: What is run.
        folder: Where the record goes.
    """
    spies: list[Spy] = []

    def scheduler(problem: Problem, streams: Streams) -> Scheduler:
        spies.append(Spy(problem, streams))
        return make(problem, streams, spies[-1])

    events: list[Recorded] = live(scheduler, setup, folder).events
    problem = toy_problem(ToyBenchmark())
    state = ExperimentState(problem, scheduler(problem, Streams(0)))
    reports: list[Report] = []
    paused: list[int] = []
    for number in positions(state, events):
        event = events[number - 1] if number else None
        if isinstance(event, Decided):
            report = state.trials[event.trial_id].last_report
            assert report is not None
            reports.append(report)
        elif isinstance(event, TrialEnded) and state.trials[event.trial_id].status is Status.PAUSED:
            paused.append(event.trial_id)
    resumed = [event.trial_id for event in events if isinstance(event, Resumed)]
    spy = spies[-1]
    return Told(spy.told, spy.shown, spy.targets, state.trials, reports, paused, resumed)
