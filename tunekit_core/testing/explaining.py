"""What a scheduler says that it decides by holds, and asking changes nothing."""

from __future__ import annotations

from pathlib import Path

from tunekit_core.contracts.schedulers import ExplainsDecisions, Standing
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.events import Decided
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import MakeScheduler, Setup, as_text, live
from tunekit_core.testing.replay import suggestion_after


def check_explanations(make: MakeScheduler, setup: Setup, folder: Path) -> None:
    """Run an experiment, ask about each trial after what was decided on it, and about all in the end.

    Nothing is checked of a scheduler that explains nothing.

    Args:
        make: Builds the scheduler from problem and streams.
        setup: What is run.
        folder: For the record.

    Raises:
        AssertionError: If what it says does not hold together, or asking changes something.
    """
    problem = setup.problem()
    scheduler = make(problem, Streams(setup.seed))
    if not isinstance(scheduler, ExplainsDecisions):
        return
    events = live(make, setup, folder / "explained").events
    state = ExperimentState(problem, scheduler)
    folding = Fold(state)
    for event in events:
        folding.add(event)
        if isinstance(event, Decided):
            _check(scheduler.standing(event.trial_id), event.trial_id, scheduler, state)
    folding.finish()
    for trial in state.trials:
        if trial.status in (Status.RUNNING, Status.PAUSED):
            _check(scheduler.standing(trial.id), trial.id, scheduler, state)
    assert as_text(scheduler.suggest(state.n_started)) == suggestion_after(make, setup, events), (
        "standing() changes nothing: asked after each decision, the scheduler suggests something else in the end."
    )


def _check(standing: Standing | None, trial_id: int, scheduler: ExplainsDecisions, state: ExperimentState) -> None:
    assert standing == scheduler.standing(trial_id), "standing() changes nothing: asked twice, it says the same."
    if standing is None:
        return
    trial = state.trials[trial_id]
    said = f"of trial {trial_id} it says {standing}"
    ids = [id_ for id_, _ in standing.ranked]
    losses = [loss for _, loss in standing.ranked]
    assert (standing.trial_id, ids.count(trial_id)) == (trial_id, 1), f"A trial is among those it stands among: {said}."
    assert standing.level <= trial.reached, (
        f"A trial was compared where it has been: {said}, and it is at {trial.reached}."
    )
    assert losses == sorted(losses), f"Those that a trial is compared with are ranked, best first: {said}."
    assert 1 <= standing.n_pass <= len(ids), f"How many may go on is from one to all: {said}."
    assert standing.rule == standing.rule.strip(" .") != "", f"The rule is a clause without an end: {said}."
    failed = [id_ for id_ in ids if state.trials[id_].status is Status.FAILED]
    assert not failed, f"Trials that have failed are compared with none: {failed} have, and {said}."
