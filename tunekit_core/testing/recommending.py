"""What a searcher recommends follows from the recorded events, and is a trial that can be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Recommends
from tunekit_core.contracts.trials import Status, Suggestion
from tunekit_core.engine.events import Recorded
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.records.files import read_metadata
from tunekit_core.testing.experiments import MakeScheduler, Setup, live
from tunekit_core.testing.replay import first_difference, prefixes

N_FOLDED = 6


def check_recommendations(make: MakeScheduler, setup: Setup, folder: Path) -> None:
    """Run an experiment twice, asked at its end and at every suggestion, and fold parts of its record.

    Skips the test if the searcher recommends nothing.

    Args:
        make: Builds the scheduler from problem and streams.
        setup: What is run.
        folder: For the records.

    Raises:
        AssertionError: If asking changes something, the fold recommends another trial, or a trial is recommended that
            was not started or has failed.
    """

    def asked_always(problem: Problem, streams: Streams) -> Scheduler:
        scheduler = make(problem, streams)
        suggest, searcher = scheduler.suggest, _recommending(scheduler)

        def ask_and_suggest(trial_id: int) -> Suggestion | None:
            searcher.recommended_trial()
            return suggest(trial_id)

        # on the object itself: a scheduler around it would hide what else it is and can do
        scheduler.suggest = ask_and_suggest  # type: ignore[method-assign]
        return scheduler

    _recommending(make(setup.problem(), Streams(setup.seed)))
    once, always = folder / "asked_once", folder / "asked_always"
    events = live(make, setup, once).events
    difference = first_difference(events, live(asked_always, setup, always).events)
    assert not difference, f"recommended_trial() changes nothing: asked more often, {difference}"
    told = read_metadata(once)["recommended"]
    assert told == read_metadata(always)["recommended"], (
        "recommended_trial() changes nothing: asked more often, it recommends another trial in the end."
    )
    for some in prefixes(events)[:: -max(1, len(events) // N_FOLDED)]:
        recommended = _after(make, setup, some)
        if len(some) == len(events):
            live_one = told and told["trial_id"]
            assert recommended == live_one, (
                f"What is recommended is a function of the events: after their fold it is trial {recommended}, and "
                f"live it was {live_one}."
            )


def _after(make: MakeScheduler, setup: Setup, events: list[Recorded]) -> int | None:
    """What components that are made anew recommend after these events."""
    problem = setup.problem()
    state = ExperimentState(problem, make(problem, Streams(setup.seed)))
    fold(events, state)
    searcher = _recommending(state.scheduler)
    trial_id, again = searcher.recommended_trial(), searcher.recommended_trial()
    assert trial_id == again, (
        f"recommended_trial() changes nothing: asked twice after {len(events)} events, it is {trial_id} and then "
        f"{again}."
    )
    trial = state.find(trial_id)
    assert trial_id is None or (trial is not None and trial.status is not Status.FAILED), (
        f"Recommended is a trial that was started and has not failed: after {len(events)} events it is {trial_id!r}."
    )
    return trial_id


def _recommending(scheduler: Scheduler) -> Recommends:
    """The searcher, if it has that ability; else the test is skipped."""
    searcher = scheduler.searcher
    if not isinstance(searcher, Recommends):
        pytest.skip("it has no method recommended_trial")
    return searcher
