"""Which trial is recommended: by the mean of the model, among those that luck alone may have made look worse."""

import numpy as np
import pytest

from tunekit_bo.models import hyperparameters
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import Posterior
from tunekit_core import Recommends, Status

RECOMMENDING = ["bo", "mobster", "hypertune", "dyhpo", "freeze_thaw"]
ALL = pytest.mark.parametrize("searcher", RECOMMENDING)
CURVES = pytest.mark.parametrize("searcher", RECOMMENDING[1:])


def reported(run):
    return [trial.last_report.losses[0] for trial in run.trials]


def best_reported(run):
    return int(np.argmin(reported(run)))


def completed(run, losses):
    """Trials with these losses at the last resource, by id."""
    for loss in losses:
        trial = run.start()
        run.report(trial, loss)
        run.end(trial)
    return run


@pytest.mark.parametrize("searcher", ["bo", "dyhpo"])
def test_where_reports_are_noisy_the_recommended_trial_is_better_than_that_of_the_best_report(searcher, run, bowl):
    by_report, by_model = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        noisy = run(searcher, seed=seed).complete(30, lambda c, rng=rng: bowl(c) + 0.1 * rng.standard_normal())
        truth = [bowl(trial.configuration) for trial in noisy.trials]
        by_report.append(truth[best_reported(noisy)])
        by_model.append(truth[noisy.searcher.recommended_trial()])
    assert np.mean(by_model) < 0.85 * np.mean(by_report)


@ALL
def test_without_noise_it_is_the_trial_with_the_best_report(searcher, run, bowl):
    for seed in range(2):
        exact = run(searcher, seed=seed)
        for _ in range(14):
            exact.complete(1)
            assert exact.searcher.recommended_trial() == best_reported(exact)


def told_to_be(run, *, noise_std, inverse_bandwidth=None):
    """The same run, with these hyperparameters; its prior and all of them."""
    model = run.searcher.loss_model()
    prior = model.given(model.last_fit, *model.data(model.last_fit.kept)).factor.prior
    theta = model.last_fit.theta.copy()
    theta[-1] = 2 * np.log(noise_std)
    if inverse_bandwidth is not None:
        theta[:-1][[p.name.startswith("inverse_bandwidth") for p in prior.parameters]] = np.log(inverse_bandwidth)
    run.searcher.restore({"fit": {"count": len(run.trials), "theta": theta.tolist()}})
    return prior, theta


@pytest.mark.parametrize("noise_std", [0.01, 0.2, 1.0])
def test_it_is_that_of_the_slow_way(noise_std, run, bowl):
    """All data in one model, all trials compared."""
    others = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        noisy = run("bo", seed=seed).complete(12, lambda c, rng=rng: bowl(c) + 0.2 * rng.standard_normal())
        prior, theta = told_to_be(noisy, noise_std=noise_std)
        X, y = noisy.searcher.loss_model().data(range(12))
        means = Posterior.of(prior, theta, X, y).mean(X)[:, 0]
        expected = min((i for i in range(12) if y[i] <= min(y) + noise_std), key=lambda i: means[i])
        assert noisy.searcher.recommended_trial() == expected
        others.append(expected != best_reported(noisy))
    assert any(others) == (noise_std > 0.1)


def test_a_model_that_is_wrong_does_not_recommend_a_trial_that_is_clearly_worse(run, bowl):
    """To it all trials are nearly the same, and the best is many standard deviations of the noise better."""
    spike = run("bo").complete(5, lambda c: 1.0 + bowl(c))
    completed(spike, [0.0]).complete(6, lambda c: 1.0 + bowl(c))
    prior, theta = told_to_be(spike, noise_std=0.1, inverse_bandwidth=0.01)
    X, y = spike.searcher.loss_model().data(range(12))
    assert np.argmin(Posterior.of(prior, theta, X, y).mean(X)[:, 0]) != 5
    assert spike.searcher.recommended_trial() == 5


@ALL
def test_of_equal_trials_it_is_the_first(searcher, run):
    assert run(searcher).complete(9, lambda configuration: 0.5).searcher.recommended_trial() == 0


def curves(run, ends, loss_at):
    """Trials that report at 3, and some of them at 9 too."""
    for trial_id in range(8):
        trial = run.start(3)
        run.report(trial, loss_at(trial, 3), 3)
        if trial_id in ends:
            run.searcher.on_target(trial, 9)
            run.report(trial, loss_at(trial, 9), 9)
            run.end(trial)
        else:
            run.searcher.on_pause(trial)
    return run


@CURVES
def test_of_trials_at_the_last_resource_that_are_one_to_the_model_it_is_the_best(searcher, run, bowl):
    """Beside losses that are all far lower, those there are moved down to one target."""
    ended = curves(run(searcher), range(8), lambda trial, resource: bowl(trial.configuration) + (resource == 9))
    assert ended.searcher.recommended_trial() == min(range(8), key=lambda i: bowl(ended.trials[i].configuration))


@pytest.mark.parametrize("searcher", ["mobster", "dyhpo", "freeze_thaw"])
def test_the_best_report_counts_by_what_the_model_expects_of_its_trial_at_the_last_resource(searcher, run, bowl):
    """Curves are flat: the trials that have ended are the worst three, or else the best."""
    some = curves(run(searcher), (), lambda trial, resource: bowl(trial.configuration))
    order = sorted(range(8), key=lambda i: bowl(some.trials[i].configuration))
    for ends in (order[:1], order[-3:]):
        flat = curves(run(searcher), ends, lambda trial, resource: bowl(trial.configuration))
        assert flat.searcher.recommended_trial() == order[0]


@CURVES
def test_no_other_trial_that_has_not_come_so_far_is_recommended(searcher, run, bowl):
    for seed in range(5):
        some = curves(run(searcher, seed=seed), (2, 4, 6), lambda trial, resource: bowl(trial.configuration))
        best = min(range(8), key=lambda i: bowl(some.trials[i].configuration))
        assert some.searcher.recommended_trial() in {2, 4, 6, best}


def test_a_model_of_ends_compares_trials_whatever_their_resource(run, bowl):
    mixed = run("bo")
    for _ in range(8):
        trial = mixed.start()
        mixed.report(trial, bowl(trial.configuration), 3 if trial.id == 5 else 9)
        mixed.end(trial, Status.STOPPED)
    trial = mixed.trials[5]
    mixed.reach(trial, -1.0, 3)
    mixed.searcher.on_pause(trial)
    assert mixed.searcher.recommended_trial() == 5


@ALL
def test_a_trial_that_has_failed_is_never_recommended(searcher, run):
    some = run(searcher).complete(7)
    best = some.searcher.recommended_trial()
    trial = some.start()
    some.report(trial, -1.0)
    running = some.searcher.recommended_trial()
    some.end(trial, Status.FAILED)
    assert some.searcher.recommended_trial() == best
    assert running == (best if searcher == "bo" else trial.id)  # bo observes a trial when it ends


@CURVES
def test_where_what_came_furthest_has_failed_it_is_looked_for_below(searcher, run, bowl):
    some = run(searcher)
    for _ in range(7):
        trial = some.start(3)
        some.report(trial, bowl(trial.configuration), 3)
        some.searcher.on_pause(trial)
    trial = some.start()
    some.report(trial, 0.0)
    some.end(trial, Status.FAILED)
    assert some.searcher.recommended_trial() == min(range(7), key=lambda i: bowl(some.trials[i].configuration))


@ALL
def test_only_what_meets_the_constraint_is_recommended(searcher, run, bowl):
    some = run(searcher, constraint="memory")
    assert some.searcher.recommended_trial() is None

    def end(memory):
        trial = some.start()
        some.reach(trial, bowl(trial.configuration), memory=memory)
        some.searcher.on_report(trial, trial.last_report)
        some.end(trial)

    for memory in (1.0, 2.0, float("nan"), 0.5):
        end(memory)
    assert some.searcher.recommended_trial() is None
    for memory in (-1.0, 1.0, 0.0, 3.0):
        end(memory)
    assert some.searcher.recommended_trial() == min((4, 6), key=lambda i: bowl(some.trials[i].configuration))


@ALL
def test_where_nothing_finite_was_observed_nothing_is_recommended(searcher, run):
    some = run(searcher)
    assert some.searcher.recommended_trial() is None
    some.start()
    assert some.searcher.recommended_trial() is None
    assert completed(some, [float("inf")] * 3).searcher.recommended_trial() is None


@ALL
def test_where_the_model_cannot_be_computed_nothing_is_recommended(searcher, run, monkeypatch):
    some = run(searcher).complete(8)

    def fails(*arguments, **options):
        raise FitError("no factor")

    monkeypatch.setattr("tunekit_bo.models.gp.Factor.of", fails)
    monkeypatch.setattr("tunekit_bo.models.gp.Factor.extended", fails)
    assert some.searcher.recommended_trial() is None


@ALL
def test_what_was_fitted_is_not_fitted_again_and_without_a_fit_there_is_one(searcher, run, monkeypatch):
    fits = []
    fit = hyperparameters.fit
    monkeypatch.setattr(hyperparameters, "fit", lambda *args, **options: fits.append(1) or fit(*args, **options))
    first = run(searcher, num_init_random=10).complete(5)
    assert (first.searcher.recommended_trial() is not None, len(fits)) == (True, 1)
    fits.clear()
    later = run(searcher).complete(12)
    n_fits = len(fits)
    completed(later, [0.5])  # one more observation than those of the last fit
    del fits[n_fits:]
    assert later.searcher.recommended_trial() == best_reported(later)
    assert len(fits) == n_fits


@ALL
def test_the_best_trial_is_compared_though_the_model_has_no_room_for_all(searcher, run, monkeypatch):
    """With room for ten, a fit keeps a random choice of the trials that came furthest."""
    some = run(searcher, max_size_data_for_model=10).complete(30)
    assert some.searcher.recommended_trial() == best_reported(some)


def test_what_is_pending_makes_no_difference(run):
    some, with_pending = run("mobster").complete(9), run("mobster").complete(9)
    for _ in range(3):
        with_pending.start()
    assert with_pending.searcher.recommended_trial() == some.searcher.recommended_trial()


def test_botorch_has_no_opinion(run):
    pytest.importorskip("botorch")
    some = run("botorch").complete(5)
    assert not isinstance(some.searcher, Recommends)
