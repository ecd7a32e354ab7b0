"""Ask and tell with schedulers that pause and that stop trials."""

import pytest

from tunekit_core import (
    AskTell,
    Decision,
    Objective,
    Problem,
    SearchSpace,
    Status,
    Streams,
    create,
    uniform,
)


def asked(scheduler, **options):
    space = SearchSpace({"x": uniform(0.0, 1.0)})
    problem = Problem(space=space, objective=Objective("loss", resource="epoch"), max_resource=9)
    streams = Streams(0)
    searcher = create("searcher", "random", problem, streams)
    return AskTell(create("scheduler", scheduler, problem, streams, searcher, **options), n_workers=2)


def run(experiment, trial):
    """Run a trial until it is told to end, or to its end."""
    for epoch in range(trial.reached + 1, 10):
        if experiment.tell(trial, {"epoch": epoch, "loss": trial.configuration["x"]}) is not Decision.CONTINUE:
            break
    return experiment.tell_end(trial)


def test_promotion_pauses_trials_and_resumes_the_best(tmp_path):
    experiment = asked("asha_promotion")
    trials = set()
    for _ in range(60):
        trial = experiment.ask()
        trials.add(trial)
        before = trial.reached
        assert run(experiment, trial) is (Status.COMPLETED if trial.reached == 9 else Status.PAUSED)
        assert (before, trial.reached) in [(0, 1), (1, 3), (3, 9)]
    view = experiment.view
    assert view.n_running == view.n_failed == view.n_stopped == 0
    assert view.n_completed >= 3
    completed = [trial.configuration["x"] for trial in trials if trial.status is Status.COMPLETED]
    assert max(completed) < 0.5


def test_stopping_ends_the_worse_ones():
    experiment = asked("asha_stopping")
    ends = [run(experiment, experiment.ask()) for _ in range(30)]
    assert set(ends) == {Status.COMPLETED, Status.STOPPED}
    assert ends.count(Status.STOPPED) > ends.count(Status.COMPLETED)


@pytest.mark.parametrize("scheduler", ["asha_promotion", "asha_stopping"])
def test_two_trials_may_run_at_the_same_time(scheduler):
    experiment = asked(scheduler)
    for _ in range(10):
        first, second = experiment.ask(), experiment.ask()
        assert first.id != second.id
        run(experiment, second)
        run(experiment, first)
    assert experiment.view.n_running == 0
