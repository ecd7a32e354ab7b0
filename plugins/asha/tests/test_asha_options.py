import importlib.resources
import re

import pytest
import yaml

import tunekit_asha
from tunekit_asha.promotion import AshaPromotion
from tunekit_asha.stopping import AshaStopping
from tunekit_core import ConfigurationError, Decision, Status
from tunekit_core.plugins.registry import build_registry

BOTH = pytest.mark.parametrize("scheduler", [AshaStopping, AshaPromotion])


def installed():
    return build_registry(iter([("tunekit-asha", "0.1.0", lambda: tunekit_asha)]))


def test_the_plugin_offers_both_schedulers():
    assert {"asha_stopping", "asha_promotion"} <= set(installed().names("scheduler"))
    assert installed().broken == []


@pytest.mark.parametrize("name", ["asha_stopping", "asha_promotion", "pasha", "freeze_thaw"])
def test_all_schedulers_over_rungs_share_options(name):
    shared = {"min_resource", "reduction_factor", "rung_increment", "rung_levels", "searcher_data", "ties"}
    assert shared < installed().find("scheduler", name).options.keys()


@pytest.mark.parametrize("file", ["asha_stopping", "asha_promotion", "asha_promotion_3_brackets"])
def test_every_options_file_builds(experiment, file):
    folder = importlib.resources.files("tunekit_asha.conf")
    options = yaml.safe_load((folder / "scheduler" / f"{file}.yaml").read_text(encoding="utf-8"))
    asha = experiment(AshaStopping)
    name = options.pop("name")
    scheduler = installed().create("scheduler", name, asha.problem, asha.scheduler.streams, asha.searcher, **options)
    assert scheduler.suggest(0) is not None


@BOTH
def test_a_problem_without_max_resource_is_refused(experiment, scheduler):
    with pytest.raises(ConfigurationError, match="max_resource"):
        experiment(scheduler, max_resource=None)


@BOTH
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_resource": 0}, "scheduler.min_resource=0 must be at least 1."),
        ({"min_resource": 9}, "scheduler.min_resource=9 must be below max_resource=9: with no rung in between"),
        ({"min_resource": 2, "rung_levels": [2, 4]}, "scheduler.min_resource=2 has no effect where rung_levels is"),
        ({"reduction_factor": 1.9}, "scheduler.reduction_factor=1.9 must be at least 2"),
        ({"rung_increment": 0}, "scheduler.rung_increment=0 must be at least 1."),
        ({"rung_levels": [3, 1]}, "scheduler.rung_levels=[3, 1] must be increasing whole numbers from 1 to"),
        ({"brackets": 0}, "scheduler.brackets=0 must be at least 1."),
        ({"brackets": 4}, "scheduler.brackets=4 must be at most 3: each bracket begins one level higher"),
        ({"ties": "none"}, "scheduler.ties='none' does not fit."),
        ({"brackets": "some"}, "scheduler.brackets='some' does not fit."),
        ({"reduction_factor": 3.0, "rung_increment": 2}, "scheduler.rung_increment=2 contradicts reduction_factor:"),
    ],
)
def test_a_bad_option_is_refused_with_the_name_that_was_typed(experiment, scheduler, options, message):
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        experiment(scheduler, **options)


@BOTH
@pytest.mark.parametrize(
    ("searcher_data", "seen"),
    [("rungs", [1, 3, 9]), ("all", [1, 2, 3, 4, 5, 6, 7, 8, 9])],
)
def test_searcher_data_says_which_reports_the_searcher_sees(experiment, scheduler, searcher_data, seen):
    asha = experiment(scheduler, searcher_data=searcher_data, ties="all")
    trials = asha.begin(), asha.begin()
    for epoch in range(1, 10):
        for trial in trials:
            if trial.status is Status.PAUSED:
                assert asha.begin() is trial
            asha.report(trial, epoch, 0.5)
    assert [resource for trial_id, resource in asha.searcher.seen if trial_id == 0] == seen


def test_the_searcher_learns_of_every_next_rung_of_a_running_trial(experiment):
    asha = experiment(AshaStopping)
    trial = asha.begin()
    for epoch in range(1, 10):
        asha.report(trial, epoch, 0.5)
    assert asha.searcher.targets == [(0, 1), (0, 3), (0, 9)]
    assert asha.searcher.ends == [(0, Status.COMPLETED)]


def test_the_searcher_learns_that_a_trial_stopped(experiment):
    asha = experiment(AshaStopping)
    assert asha.report(asha.begin(), 1, 0.1) is Decision.CONTINUE
    assert asha.report(asha.begin(), 1, 0.2) is Decision.STOP
    assert asha.searcher.targets == [(0, 1), (0, 3), (1, 1)]
    assert asha.searcher.ends == [(1, Status.STOPPED)]


def test_the_searcher_learns_of_pauses_and_resumes(experiment):
    asha = experiment(AshaPromotion)
    asha.report(asha.begin(), 1, 0.1)
    asha.report(asha.begin(), 1, 0.2)
    asha.begin()
    assert asha.searcher.pauses == [0, 1]
    assert asha.searcher.targets == [(0, 1), (1, 1), (0, 3)]
