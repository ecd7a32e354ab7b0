"""Scripts that fail: where they fail is learnt, and nothing else changes."""

import numpy as np
import pytest

from tunekit_bo.acquisition.failures import LIKELY, NEARLY, FailureModel, LikelyToRun
from tunekit_bo.surrogates.outcomes import FAILED, MOST_OF_A_KIND, RAN, Outcomes
from tunekit_core import (
    AskTell,
    Cause,
    Decision,
    Objective,
    Problem,
    SearchSpace,
    Status,
    Streams,
    Trial,
    create,
    uniform,
)

SPACE = SearchSpace({"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)})
METHODS = {
    "bo": "fifo",
    "botorch": "fifo",
    "mobster": "asha_promotion",
    "hypertune": "asha_stopping",
    "freeze_thaw": "freeze_thaw",
    "dyhpo": "freeze_thaw",
}


def trial(trial_id, x, cause=None):
    return Trial(trial_id, SPACE.decode(np.array([[x, 0.5]]))[0], failure_cause=cause)


def ended(outcomes, trial_id, x, status, cause=None):
    each = trial(trial_id, x, cause)
    outcomes.on_start(each)
    outcomes.on_end(each, status)


@pytest.mark.parametrize("cause", [Cause.INFRASTRUCTURE, Cause.LIMIT])
def test_only_scripts_that_fail_teach(cause):
    outcomes = Outcomes(SPACE)
    ended(outcomes, 0, 0.9, Status.FAILED, cause)
    assert (outcomes.n_failed, len(outcomes)) == (0, 0)
    ended(outcomes, 1, 0.8, Status.FAILED, Cause.SCRIPT)
    assert outcomes.n_failed == 1
    assert outcomes.latest()[1].tolist() == [FAILED]


def test_a_trial_that_paused_has_run_until_it_fails():
    outcomes, each = Outcomes(SPACE), trial(0, 0.9, Cause.SCRIPT)
    outcomes.on_start(each)
    outcomes.on_pause(each)
    assert outcomes.latest()[1].tolist() == [RAN]
    outcomes.on_end(each, Status.FAILED)
    assert outcomes.latest()[1].tolist() == [FAILED]


def test_of_many_outcomes_the_latest_of_each_kind_are_kept():
    outcomes = Outcomes(SPACE)
    for i in range(3 * MOST_OF_A_KIND):
        ended(outcomes, i, i / 1000, Status.COMPLETED)
    ended(outcomes, 1000, 0.9, Status.FAILED, Cause.SCRIPT)
    X, labels = outcomes.latest()
    assert labels.tolist() == [RAN] * MOST_OF_A_KIND + [FAILED]
    assert X[0, 0] == pytest.approx(2 * MOST_OF_A_KIND / 1000)


def test_an_acquisition_is_left_alone_where_nothing_has_failed():
    model, acquisition = FailureModel(SPACE), object()
    ended(model.outcomes, 0, 0.2, Status.COMPLETED)
    ended(model.outcomes, 1, 0.9, Status.FAILED, Cause.LIMIT)
    assert model.avoiding(acquisition) == (acquisition, {})


def test_what_is_unlikely_to_run_comes_after_all_that_is_likely():
    model = FailureModel(SPACE)
    for i, x in enumerate(np.linspace(0, 1, 21)):
        ended(model.outcomes, i, float(x), *((Status.FAILED, Cause.SCRIPT) if x > 0.5 else (Status.COMPLETED,)))
    likely, note = model.likely()
    assert note["fit_failures"]["count"] == 21
    X = np.column_stack([np.linspace(0, 1, 50), np.full(50, 0.5)])
    values = likely(X)
    assert likely.admits(X[(X[:, 0] > 0.1) & (X[:, 0] < 0.45)]).all()
    assert (values[X[:, 0] > 0.55] < -1000).all()
    step = np.array([1e-7, 0.0])
    slopes = likely.with_gradient(X)[1][:, 0]
    np.testing.assert_allclose(slopes, (likely(X + step) - likely(X - step)) / 2e-7, rtol=1e-3, atol=1e-3)


def test_nothing_has_to_be_much_likelier_than_what_has_run():
    class Poor:
        def __call__(self, X):
            return np.full(len(X), np.log(0.3))

    assert LikelyToRun.beside(Poor(), np.zeros((3, 2))).least == pytest.approx(np.log(0.3 * NEARLY))
    assert LikelyToRun.beside(Poor(), np.zeros((0, 2))).least == pytest.approx(np.log(LIKELY))


def loss_of(configuration):
    return abs(configuration["x"] - 0.5) + 0.3 * (configuration["y"] - 0.3) ** 2


def tuned(searcher, seed, *, n_epochs=120, max_resource=4, fails=lambda configuration: configuration["x"] > 0.5):
    """Trials whose loss falls towards the border where scripts begin to fail, after their first report.

    Returns:
        The share of trials that have failed, and the smallest loss of one that has not.
    """
    problem = Problem(
        space=SPACE, objective=Objective("loss", resource="epoch"), max_resource=max_resource, points_to_evaluate=()
    )
    streams = Streams(seed)
    scheduler = create(
        "scheduler", METHODS.get(searcher, "fifo"), problem, streams, create("searcher", searcher, problem, streams)
    )
    ids, failed, best, n_reports = set(), set(), np.inf, 0
    with AskTell(scheduler) as experiment:
        while n_reports < n_epochs:
            asked = experiment.ask()
            ids.add(asked.id)
            for epoch in range(asked.reached + 1, (asked.until or max_resource) + 1):
                n_reports += 1
                loss = loss_of(asked.configuration) + 0.5 / epoch
                decision = experiment.tell(asked, {"epoch": epoch, "loss": loss})
                if fails(asked.configuration):
                    failed.add(asked.id)
                    break
                best = min(best, loss)
                if decision is not Decision.CONTINUE:
                    break
            experiment.tell_end(asked, failed="died" if asked.id in failed else "", has_checkpoint=True)
    return len(failed) / len(ids), best


def test_scripts_that_fail_at_random_do_not_keep_the_search_from_the_best():
    def fails(configuration):
        return int(1e6 * configuration["y"]) % 3 == 0

    assert np.median([tuned("bo", seed, fails=fails)[1] for seed in range(5)]) < 0.5 / 4 + 0.03


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of BoTorch, where it is imported first
@pytest.mark.parametrize("searcher", METHODS)
def test_few_scripts_fail_and_the_best_is_found_beside_the_border(searcher):
    seeds = range(2 if searcher == "botorch" else 3)
    shares, best = zip(*(tuned(searcher, seed) for seed in seeds), strict=True)
    random = [tuned("random", seed)[0] for seed in seeds]
    assert np.mean(shares) < np.mean(random) / 2
    assert np.mean(best) < 0.5 / 4 + 0.03


def test_a_searcher_that_was_told_all_at_once_proposes_what_one_does_that_proposed_all_along(run):
    live = run("bo", max_resource=9)
    for _ in range(12):
        each = live.start()
        x = each.configuration["x"]
        live.reach(each, abs(x - 0.5))
        if x > 0.5:
            object.__setattr__(each, "failure_cause", Cause.SCRIPT)
        live.end(each, Status.FAILED if x > 0.5 else Status.COMPLETED)
    assert any("fit_failures" in each.note for each in live.trials)
    folded = run("bo", max_resource=9)
    for each in live.trials:
        folded.searcher.on_start(each)
        folded.searcher.on_target(each, 9)
        folded.end(each, Status.FAILED if each.failure_cause else Status.COMPLETED)
    folded.trials = live.trials
    assert folded.suggest() == live.suggest()
