import numpy as np
import pytest

from tunekit_bo.acquisition import incumbents
from tunekit_bo.models import hyperparameters
from tunekit_bo.models.fitting import FitError
from tunekit_bo.models.gp import Posterior
from tunekit_core import (
    ConfigurationError,
    ConfigurationTable,
    Objective,
    Problem,
    SearchSpace,
    Status,
    Streams,
    create,
    finrange,
    uniform,
)

BOTH = pytest.mark.parametrize("searcher", ["bo", "mobster"])
LINE = SearchSpace({"x": uniform(0.0, 1.0)})


def losses(run):
    return [trial.last_report.losses[0] for trial in run.trials]


def test_it_gets_far_closer_to_the_optimum_than_random_search(run):
    ratios = [
        min(losses(run("bo", seed=seed).complete(18))) / min(losses(run("random", seed=seed).complete(18)))
        for seed in range(10)
    ]
    assert np.median(ratios) < 0.05


def test_it_finds_its_way_over_several_valleys(run):
    space = SearchSpace({f"x{i}": uniform(0.0, 1.0) for i in range(4)})

    def loss(configuration):
        x = np.array([configuration[f"x{i}"] for i in range(4)])
        return float(np.sum((x - 0.6) ** 2) - 0.3 * np.sum(np.cos(6 * (x - 0.6))))

    def best(searcher, seed):
        return 1.2 + min(losses(run(searcher, space=space, seed=seed).complete(40, loss)))

    ratios = [best("bo", seed) / best("random", seed) for seed in range(5)]
    assert np.median(ratios) < 0.4


def test_the_first_configurations_are_those_of_random_search(run):
    model, random = run("bo", num_init_random=5).complete(8), run("random").complete(8)
    same = [a.configuration == b.configuration for a, b in zip(model.trials, random.trials, strict=True)]
    assert same == [True] * 5 + [False] * 3


def test_it_goes_on_with_random_configurations_until_something_is_observed(run):
    model, random = run("bo"), run("random")
    for _ in range(6):
        assert model.start().configuration == random.start().configuration
    model.report(model.trials[0], 0.5)
    model.end(model.trials[0])
    assert model.suggest().configuration != random.suggest().configuration


def test_what_is_pending_is_not_looked_at_again(run):
    alone = run("bo").complete(8)
    proposed = [alone.start().configuration for _ in range(4)]
    points = alone.problem.space.encode(proposed)
    distances = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(4, 1)]
    assert distances.min() > 0.01


def test_a_failed_trial_is_not_observed_and_not_proposed_again(run):
    failed, unseen = run("bo").complete(6), run("bo").complete(6)
    trial = failed.start()
    failed.end(trial, Status.FAILED)
    unseen.trials.append(trial)
    unseen.searcher.on_start(trial)
    assert failed.suggest() == unseen.suggest()
    assert failed.suggest().configuration != trial.configuration


def test_a_paused_trial_is_observed_and_observed_again_when_it_has_come_further(run):
    paused, complete = run("bo").complete(6), run("bo").complete(6)
    trial = paused.start()
    paused.report(trial, 0.9, resource=1)
    paused.searcher.on_pause(trial)
    before = paused.suggest()
    paused.searcher.on_target(trial, 9)
    assert paused.suggest() == before
    paused.report(trial, 0.1)
    paused.end(trial)
    complete.complete(1, lambda configuration: 0.1)
    assert paused.suggest() == complete.suggest() != before


@BOTH
def test_hyperparameters_are_fitted_at_fixed_counts_of_data_and_noted_with_the_trial(run, searcher):
    finished = run(searcher).complete(46)
    first = 3 if searcher == "bo" else 6
    fits = [trial.note["fit"]["count"] for trial in finished.trials if "fit" in trial.note]
    assert fits == [*range(first, 31), 33, 37, 41]


@BOTH
def test_a_proposal_that_is_never_started_leaves_no_trace(run, searcher):
    one, other = run(searcher).complete(10), run(searcher).complete(10)
    one.suggest()
    one.complete(1)
    other.complete(1)
    assert one.suggest() == other.suggest()


def test_a_replayed_fit_is_not_fitted_again(run, monkeypatch):
    live = run("bo").complete(34)
    assert "fit" not in live.suggest().note
    replayed = run("bo")
    for trial in live.trials:
        replayed.searcher.on_start(trial)
        replayed.searcher.on_end(trial, Status.COMPLETED)
    replayed.trials = live.trials
    monkeypatch.setattr(hyperparameters, "fit", None)
    assert replayed.suggest() == live.suggest()


@BOTH
def test_a_fit_that_fails_is_replaced_by_the_last_one_and_says_so(run, searcher, monkeypatch):
    def fail(*_, **__):
        raise FitError("it would not.")

    without, later = run(searcher), run(searcher).complete(9)
    last = later.trials[-1].note["fit"]["theta"]
    monkeypatch.setattr(hyperparameters, "fit", fail)
    first = next(trial.note["fit"] for trial in without.complete(7).trials if "fit" in trial.note)
    assert first["failed"] == "it would not. The hyperparameters are the default ones."
    later.complete(1)
    assert later.trials[-1].note["fit"]["failed"] == "it would not. The hyperparameters are the previous ones."
    assert later.trials[-1].note["fit"]["theta"] == last


@BOTH
def test_the_model_never_has_more_data_than_allowed(run, searcher, monkeypatch):
    sizes = []
    original = Posterior.given

    def recorded(factor, y):
        sizes.append(len(y))
        return original(factor, y)

    monkeypatch.setattr(Posterior, "given", recorded)
    run(searcher, max_size_data_for_model=20).complete(50)
    assert max(sizes) == 20
    assert min(sizes[-20:]) > 15


@BOTH
def test_a_searcher_that_saw_all_at_once_proposes_what_one_does_that_proposed_all_along(run, searcher, bowl):
    live = run(searcher, max_size_data_for_model=60)
    for n in range(300):
        trial = live.start()
        if n % 10 == 0 or n > 290:
            replayed = run(searcher, max_size_data_for_model=60)
            for earlier in live.trials[:-1]:
                replayed.searcher.on_start(earlier)
                replayed.searcher.on_target(earlier, 9)
                replayed.searcher.on_report(earlier, earlier.last_report)
                replayed.end(earlier)
            proposal = replayed.searcher.suggest(trial.id, resource=9)
            assert (proposal.configuration, proposal.note) == (trial.configuration, trial.note)
        live.report(trial, bowl(trial.configuration))
        live.end(trial)


def test_two_losses_that_differ_by_a_factor_of_ten_to_the_ninth_do_not_hide_the_optimum(run, bowl):
    def loss(configuration):
        return 1e7 if configuration["x"] > 0.7 else bowl(configuration)

    assert np.median([min(losses(run("bo", seed=s).complete(20, loss))) for s in range(5)]) < 1e-3


def test_the_same_losses_in_another_unit_lead_to_the_same_search(run, bowl):
    one = run("bo").complete(12)
    other = run("bo").complete(12, lambda c: 1024 * bowl(c))
    assert one.suggest() == other.suggest()


def test_a_large_grid_is_searched_without_proposing_anything_twice(run):
    space = SearchSpace({name: finrange(0.0, 1.0, 8) for name in "vwxy"})
    finished = run("bo", space=space, max_resource=None).complete(40)
    assert len({space.key(trial.configuration) for trial in finished.trials}) == 40
    assert min(losses(finished)) == pytest.approx((2 / 7 - 0.3) ** 2 + (6 / 7 - 0.8) ** 2)


def test_a_large_table_is_searched_over_its_rows_alone(run):
    space = SearchSpace({name: finrange(0.0, 1.0, 20) for name in "wxy"})
    rows = ConfigurationTable(space, np.arange(0, 8000, 3))
    finished = run("bo", space=space, rows=rows).complete(20)
    assert all(rows.index_of(trial.configuration) is not None for trial in finished.trials[1:])


@BOTH
@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        ("num_init_random", 0, 1),
        ("num_init_candidates", 9, 10),
        ("max_size_data_for_model", 9, 10),
        ("num_fantasy_samples", -1, 0),
    ],
)
def test_an_option_that_is_too_small_is_refused_by_name(run, searcher, option, value, least):
    with pytest.raises(ConfigurationError, match=rf"searcher\.{option}={value} must be at least {least}\."):
        run(searcher, **{option: value})


@BOTH
def test_several_metrics_are_refused(searcher):
    problem = Problem(space=LINE, objective=Objective(("loss", "cost")), max_resource=9)
    with pytest.raises(ConfigurationError, match="optimises one metric"):
        create("searcher", searcher, problem, Streams(0))


def test_mobster_needs_a_last_resource():
    with pytest.raises(ConfigurationError, match=r"max_resource.*'bo'"):
        create("searcher", "mobster", Problem(space=LINE, objective=Objective("loss")), Streams(0))


def observed_at_rungs(run, searcher, **options):
    """Nine trials that were seen at epoch 1, five of them also at 3 and two also at 9."""
    trials = run(searcher, **options)
    for i in range(9):
        trial = trials.start(target=1)
        for epochs in (1, 3, 9)[: 3 if i < 2 else 2 if i < 5 else 1]:
            trials.searcher.on_target(trial, epochs)
            trials.report(trial, (trial.configuration["x"] - 0.3) ** 2 + 1 / epochs, epochs)
        trials.searcher.on_pause(trial)
    return trials


@pytest.mark.parametrize(("rule", "epochs"), [("bohb", 3), ("first", 1), ("final", 9)])
@pytest.mark.parametrize(
    ("kernel", "encoded"),
    [
        ("exp-decay-sum", {1: 0.5 / 9, 3: 2.5 / 9, 9: 8.5 / 9}),  # as the space encodes whole numbers
        ("matern52", {1: 0.0, 3: 0.5, 9: 1.0}),  # logarithms
    ],
)
def test_mobster_looks_where_its_rule_says(run, monkeypatch, rule, epochs, kernel, encoded):
    contexts = []
    original = incumbents.LogExpectedImprovement

    def recorded(posterior, best, context):
        contexts.append(float(context[0]))
        return original(posterior, best, context)

    monkeypatch.setattr(incumbents, "LogExpectedImprovement", recorded)
    trials = observed_at_rungs(run, "mobster", resource_acq=rule, resource_kernel=kernel)
    contexts.clear()
    trials.suggest(resource=1)
    assert contexts == [pytest.approx(encoded[epochs])]


def test_mobster_learns_from_trials_that_have_not_come_to_their_end(run):
    errors = []
    for seed in range(10):
        trials = run("mobster", seed=seed)
        for _ in range(14):
            trial = trials.start(target=1)
            trials.report(trial, (trial.configuration["x"] - 0.3) ** 2 + trial.configuration["y"], 1)
            trials.searcher.on_pause(trial)
        errors.append(abs(trial.configuration["x"] - 0.3) + trial.configuration["y"])
    assert np.median(errors) < 0.1


def test_mobster_counts_a_trial_as_pending_until_it_reports_at_its_target(run):
    trials = observed_at_rungs(run, "mobster")
    before = trials.suggest()
    trials.searcher.on_target(trials.trials[8], 3)
    assert trials.suggest().configuration != before.configuration
    trials.searcher.on_pause(trials.trials[8])
    assert trials.suggest() == before


def test_mobster_keeps_what_a_failed_trial_reported(run):
    trials = observed_at_rungs(run, "mobster")
    before = trials.suggest()
    trials.end(trials.trials[3], Status.FAILED)
    assert trials.suggest() == before


def test_reports_of_running_trials_are_not_observed_by_bo(run):
    trials = run("bo").complete(5)
    trial = trials.start()
    before = trials.suggest()
    trials.report(trial, 0.1, resource=3)
    assert trials.suggest() == before


@BOTH
def test_where_no_configuration_is_left_no_model_is_fitted(searcher, run, monkeypatch):
    space = SearchSpace({"x": finrange(0.0, 1.0, 5)})
    model = run(searcher, space=space).complete(5, lambda configuration: configuration["x"])
    monkeypatch.setattr(model.searcher, "propose", lambda trial_id, resource: pytest.fail("there is nothing to find"))
    assert model.suggest() is None
