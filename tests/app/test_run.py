"""One run: what it is made of, where it goes, how it is summarised."""

import json
import shlex
import shutil

import pytest
import yaml

from tunekit_core import load_experiment

SHORT = "stopping.max_wallclock_time=50"  # simulated seconds
BREAKS = """
from tunekit_core.builtin.random_search import RandomSearch


class Breaks(RandomSearch):
    name = "breaks"

    def suggest(self, trial_id, *, resource):
        raise ZeroDivisionError("divided by zero")


@hookimpl
def tunekit_register_searchers():
    return [Breaks]
"""


def test_a_run_ends_with_its_best_configuration_and_where_it_is(tunekit, results):
    finished = tunekit("method=ASHA", "benchmark=fcnet", SHORT, "seed=3")
    assert finished.status == 0
    (folder,) = results.folders()
    experiment = load_experiment(folder)
    best = experiment.metadata["incumbent"]
    assert f"Best metric_valid_loss: {best['metrics']['metric_valid_loss']:.6g}" in finished.out
    assert str(best["configuration"]["hp_init_lr"]) in finished.out
    assert str(folder) in finished.out
    assert "--multirun" in finished.out


def test_the_folder_says_tag_method_benchmark_dataset_seed_and_hash(tunekit, results):
    tunekit("method=ASHA", SHORT, "seed=3", "experiment_tag=mine", "benchmark.dataset=diabetes")
    ((folder, metadata),) = zip(results.folders("mine/*/*"), results.metadata("mine/*/*"), strict=True)
    assert folder == results.root / "mine" / "ASHA" / f"fcnet-diabetes-3-{metadata['hash']}"


def test_without_a_method_the_folder_says_scheduler_and_searcher(tunekit, results):
    tunekit("scheduler=asha_stopping", SHORT)
    assert [folder.parent.name for folder in results.folders()] == ["asha_stopping+random"]


def test_metadata_say_how_the_run_was_made(tunekit, results):
    tunekit("method=RS", SHORT, "seed=3", "random_seed=40", "tags.project=speech", "tags.people=[1,2]")
    (metadata,) = results.metadata()
    expected = {
        "experiment_tag": "default",
        "method": "RS",
        "experiment": None,
        "benchmark": "fcnet",
        "dataset": "robot_arm",
        "seed": 3,
        "random_seed": 40,
        "tags": {"project": "speech", "people": [1, 2]},
        "status": "completed",
    }
    assert {key: metadata[key] for key in expected} == expected
    assert metadata["config"]["scheduler"] == {"name": "fifo", "distribution": "tunekit-hpo", "revision": 1}
    limit = {"distribution": "tunekit-hpo", "revision": 1, "seconds": 50.0}
    no_success = {"distribution": "tunekit-hpo", "revision": 1, "count": 20}
    assert metadata["config"]["stopping"] == {"max_wallclock_time": limit, "no_success": no_success}
    assert len(metadata["config"]["data_hash"]) == 64


EQUAL = [
    ["scheduler=asha_promotion", "scheduler.brackets=1"],  # a default, written out
    ["scheduler=asha_promotion", "stopping.max_wallclock_time=50.0"],
    ["scheduler=asha_promotion", "stopping.max_wallclock_time.seconds=50"],
    ["scheduler=asha_promotion", "n_workers=4"],  # the benchmark's number
    ["scheduler=asha_promotion", "tags.a=1"],
    ["scheduler=asha_promotion", "composers.rung_sizes=false"],
    ["scheduler.name=asha_promotion"],
]


@pytest.mark.parametrize("arguments", EQUAL)
def test_equal_runs_find_each_other(arguments, tunekit, results):
    tunekit("scheduler=asha_promotion", SHORT)
    finished = tunekit(SHORT, *arguments)
    assert "found complete" in finished.out
    assert len(results.folders()) == 1


DIFFERENT = [
    ["seed=1"],
    ["random_seed=1"],
    ["n_workers=3"],
    ["stopping.max_wallclock_time=51"],
    ["composers.rung_sizes=true"],
    ["benchmark.dataset=diabetes"],
    ["fixed.hp_batch_size=8"],
    ["points_to_evaluate=[]"],
    ["wait_for_running=true"],
    ["backend.start_delay=1"],
]


@pytest.mark.parametrize("arguments", DIFFERENT)
def test_runs_with_different_results_never_share_a_folder(arguments, tunekit, results):
    tunekit(SHORT)
    tunekit(SHORT, *arguments)
    assert len(results.folders()) == 2


def test_a_complete_run_is_not_run_again(tunekit, results):
    tunekit(SHORT)
    (before,) = results.metadata()
    finished = tunekit(SHORT)
    assert results.metadata() == [before]
    assert "Best metric_valid_loss" in finished.out


def test_a_run_of_another_version_counts_and_says_how_to_run_it_again(tunekit, results):
    tunekit("method=ASHA", SHORT)
    (folder,) = results.folders()
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["versions"]["tunekit-asha"] = "0.0.1"
    (folder / "metadata.json").write_text(json.dumps(metadata))
    finished = tunekit("method=ASHA", SHORT)
    assert "found complete" in finished.out
    assert "tunekit-asha 0.0.1" in finished.err
    line = next(line for line in finished.err.splitlines() if "What is complete counts." in line)
    words = shlex.split(line.rpartition("type: ")[2])
    assert tunekit(*words[words.index("method=ASHA") :]).status == 0
    assert folder in results.folders()
    assert len(results.folders("default-anew/*/*")) == 1


def test_a_damaged_run_is_run_again(tunekit, results):
    tunekit(SHORT)
    (folder,) = results.folders()
    (folder / "metadata.json").write_text("{")
    tunekit(SHORT)
    assert results.metadata()[0]["status"] == "completed"


@pytest.fixture
def config_of(tunekit):
    """The configuration that a command shows."""
    return lambda *arguments: yaml.safe_load(tunekit(*arguments, "--cfg", "job").out)


class TestStopping:
    def stopping(self, results):
        """The criteria, all tunekit's own, but for the one that every run has; and which of them ended it."""
        (metadata,) = results.metadata()
        criteria = metadata["config"]["stopping"]
        assert all(options.pop("distribution") == "tunekit-hpo" for options in criteria.values())
        assert all(options.pop("revision") == 1 for options in criteria.values())
        assert criteria.pop("no_success") == {"count": 20}
        return criteria, metadata["reason"]

    @pytest.mark.parametrize(
        "criterion", ["max_num_trials_completed=5", "max_cost=5", "min_metric_value=0.1", "no_improvement=500"]
    )
    def test_one_that_may_never_hold_does_not_replace_it(self, criterion, config_of):
        criterion = f"stopping.{criterion}"
        assert config_of(criterion)["stopping"]["max_wallclock_time"] == {"seconds": 3600.0}
        assert "max_wallclock_time" not in config_of(criterion, "stopping.max_num_evaluations=5")["stopping"]
        assert config_of(criterion, "stopping.max_wallclock_time=null")["stopping"]["max_wallclock_time"] is None

    def test_one_that_is_switched_off_does_not_replace_it(self, config_of):
        assert config_of("stopping.max_num_evaluations=null")["stopping"]["max_wallclock_time"] == {"seconds": 3600.0}

    def test_without_a_criterion_the_benchmark_says_how_long(self, tunekit, results):
        tunekit()
        assert self.stopping(results) == ({"max_wallclock_time": {"seconds": 3600.0}}, "3600 s are over")

    def test_a_criterion_replaces_it(self, tunekit, results):
        tunekit("stopping.max_num_trials_started=5")
        assert self.stopping(results) == ({"max_num_trials_started": {"count": 5}}, "5 trials were started")

    def test_a_limit_on_failures_does_not(self, tunekit, results):
        tunekit("stopping.max_failures=5")
        expected = {"max_wallclock_time": {"seconds": 3600.0}, "max_failures": {"count": 5}}
        assert self.stopping(results) == (expected, "3600 s are over")

    @pytest.mark.parametrize(("n_workers", "seconds"), [(1, 14400.0), (3, 4800.0), (4, 3600.0), (8, 3600.0)])
    def test_with_fewer_workers_it_can_be_scaled(self, tunekit, results, n_workers, seconds):
        scaled = ["scale_max_wallclock_time=true", f"n_workers={n_workers}"]
        tunekit("scheduler=asha_promotion", *scaled, "stopping.max_failures=1")
        stopping, _ = self.stopping(results)
        assert stopping["max_wallclock_time"] == {"seconds": seconds}

    def test_a_time_that_was_asked_for_is_not_scaled(self, tunekit, results):
        tunekit("scale_max_wallclock_time=true", "n_workers=1", SHORT)
        assert self.stopping(results)[0] == {"max_wallclock_time": {"seconds": 50.0}}

    def test_null_switches_it_off(self, tunekit, results):
        fixed = [f"fixed.hp_{name}" for name in ("activation_fn_1=relu", "activation_fn_2=relu", "batch_size=64")]
        more = [f"fixed.hp_{name}" for name in ("dropout_1=0", "dropout_2=0", "init_lr=0.001", "lr_schedule=const")]
        tunekit("stopping.max_wallclock_time=null", *fixed, *more, "fixed.hp_n_units_1=16")
        assert self.stopping(results) == ({}, "nothing is left to suggest")
        assert results.metadata()[0]["n_started"] == 6


def test_fixed_hyperparameters_leave_the_others_paired(tunekit, results):
    tunekit("method=RS", "stopping.max_num_trials_started=20")
    tunekit("method=RS", "stopping.max_num_trials_started=20", "fixed.hp_activation_fn_1=tanh")
    frames = [load_experiment(folder).results for folder in results.folders()]
    free, fixed = sorted(frames, key=lambda frame: frame["config_hp_activation_fn_1"].nunique(), reverse=True)
    assert set(fixed["config_hp_activation_fn_1"]) == {"tanh"}
    columns = [name for name in free if name.startswith("config_") and name != "config_hp_activation_fn_1"]
    by_trial = [frame.groupby("trial_id").first()[columns] for frame in (free, fixed)]
    both = by_trial[0].index.intersection(by_trial[1].index)
    assert len(both) > 10
    assert by_trial[0].loc[both].equals(by_trial[1].loc[both])


def test_points_to_evaluate_come_first(tunekit, results):
    tunekit(SHORT, "points_to_evaluate=[{hp_batch_size:8},{hp_batch_size:16}]")
    frame = load_experiment(results.folders()[0]).results
    assert frame.groupby("trial_id").first()["config_hp_batch_size"].tolist()[:2] == [8, 16]


def test_recipes_choose_and_later_options_win(tunekit, results):
    tunekit("method=ASHA-TANH", SHORT, "fixed.hp_activation_fn_2=relu", "scheduler=asha_stopping")
    (metadata,) = results.metadata()
    assert metadata["config"]["fixed"] == {"hp_activation_fn_1": "tanh", "hp_activation_fn_2": "relu"}
    assert metadata["config"]["scheduler"]["name"] == "asha_stopping"


def test_a_master_seed_that_is_drawn_is_printed_and_found_again(tunekit, results):
    finished = tunekit("random_seed=null", SHORT)
    drawn = results.metadata()[0]["random_seed"]
    assert f"random_seed={drawn}" in finished.err
    assert "found complete" in tunekit(f"random_seed={drawn}", SHORT).out


def test_a_failed_run_says_why_and_ends_with_status_1(tunekit, results):
    finished = tunekit("backend.failure_rate=1.0", "stopping.max_failures=2")
    assert finished.status == 1
    assert "more than max_failures=2" in finished.err
    assert "type the same command again" in finished.err
    assert results.metadata()[0]["status"] == "failed"


def test_options_files_of_a_user_are_added(tunekit, results, tmp_path):
    folder = tmp_path / "mine" / "scheduler"
    folder.mkdir(parents=True)
    (folder / "gentle.yaml").write_text("name: asha_stopping\nreduction_factor: 4\n")
    finished = tunekit("--config-dir", str(tmp_path / "mine"), "scheduler=gentle", SHORT)
    assert finished.status == 0
    assert results.metadata()[0]["config"]["scheduler"]["reduction_factor"] == 4


def test_showing_the_configuration_runs_nothing(tunekit, results):
    finished = tunekit("method=ASHA", "--cfg", "job")
    assert finished.status == 0
    assert "asha_promotion" in finished.out
    assert not results.root.exists()


def test_a_run_leaves_nothing_but_its_results(tunekit, results, tmp_path):
    tunekit(SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    assert sorted(path.name for path in results.folders()[0].iterdir()) == ["metadata.json", "results.csv.zip"]


def test_results_go_where_results_dir_says(tunekit, results, tmp_path):
    tunekit(SHORT, "results_dir=elsewhere")
    assert not results.root.exists()
    assert (tmp_path / "elsewhere" / "default").is_dir()
    shutil.rmtree(tmp_path / "elsewhere")


def test_one_trial_and_one_report_are_said_in_the_singular(tunekit):
    shown = tunekit("stopping.max_num_evaluations=1", "n_workers=1").out
    assert "1 trial, 1 report in " in shown
    assert "It ended because 1 evaluation was made." in shown


def test_a_single_run_that_fails_is_not_counted(tunekit, site):
    site.add("tunekit-broken", BREAKS)
    finished = tunekit("searcher=breaks")
    assert finished.status == 1
    assert "The run failed:\n" in finished.err
    assert "\nTo run only what failed, type the same command again: " in finished.err
