"""What a searcher says is still to gain follows from the recorded events."""

from __future__ import annotations

from pathlib import Path

from tunekit_core.contracts.searchers import BoundsRegret, RegretBound
from tunekit_core.engine.events import Recorded
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import MakeScheduler, Setup, as_text, live
from tunekit_core.testing.replay import suggestion_after
from tunekit_core.testing.watching import positions

N_FOLDED = 4


def check_regret_bounds(make: MakeScheduler, setup: Setup, folder: Path) -> None:
    """Run an experiment, ask after each of its events, and ask again after the fold of some.

    Nothing is checked of a searcher that bounds nothing.

    Args:
        make: Builds the scheduler from problem and streams.
        setup: What is run.
        folder: For the record.

    Raises:
        AssertionError: If asking changes something, or the fold says something else.
    """
    problem = setup.problem()
    state = ExperimentState(problem, make(problem, Streams(setup.seed)))
    searcher = state.scheduler.searcher
    if not isinstance(searcher, BoundsRegret):
        return
    events = live(make, setup, folder / "bounded").events
    every = max(1, len(events) // N_FOLDED)
    for number in positions(state, events):
        bound, again = searcher.regret_bound(), searcher.regret_bound()
        assert bound == again, f"regret_bound() changes nothing: asked twice, it is {bound} and then {again}."
        if (len(events) - number) % every:
            continue
        folded = _bound_after(make, setup, events[:number])
        assert folded == bound, (
            f"What is still to gain is a function of the events: after the fold of {number} of them it is {folded}, "
            f"and asked after each of them it was {bound}."
        )
    assert as_text(state.scheduler.suggest(state.n_started)) == suggestion_after(make, setup, events), (
        "regret_bound() changes nothing: asked after each event, the searcher suggests something else in the end."
    )


def _bound_after(make: MakeScheduler, setup: Setup, events: list[Recorded]) -> RegretBound | None:
    """What components that are made anew say after these events."""
    problem = setup.problem()
    state = ExperimentState(problem, make(problem, Streams(setup.seed)))
    fold(events, state)
    searcher = state.scheduler.searcher
    return searcher.regret_bound() if isinstance(searcher, BoundsRegret) else None
