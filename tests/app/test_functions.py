"""``tune``: Python functions as objectives, each trial in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module

from tunekit import Reporter, tune
from tunekit.functions.tuning import TunedFunction
from tunekit_core import ConfigurationError, load_experiment
from tunekit_core.errors import RecordError
from tunekit_core.records.files import write_whole
from tunekit_core.space import loguniform

SPACE = {"lr": "loguniform(1e-4, 1e-1)", "units": [16, 32, 64]}
SCRIPT = """
import math, time
from tunekit import Reporter, tune

best = 0.01

def distance(lr):
    return abs(math.log(lr / best))

def train(lr, units, seconds):
    report = Reporter()
    for epoch in range(1, 10):
        time.sleep(seconds)
        report(epoch=epoch, loss=distance(lr) + 1 / (units * epoch))

space = {"lr": "loguniform(1e-4, 1e-1)", "units": [16, 32, 64], "seconds": 0.01}
stop = ["stopping.max_num_trials_finished=4"]
result = tune(train, space, resource="epoch", max_resource=9, n_workers=2, overrides=stop)
print(result.best_configuration["units"], result.best_value > 0)
"""


def trials(n):
    return {"n_workers": 2, "overrides": [f"stopping.max_num_trials_finished={n}"]}


def test_a_function_of_a_script_is_tuned_in_processes_of_its_own(results):
    done = subprocess.run([sys.executable, "-"], input=SCRIPT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    units, is_positive = done.stdout.split()
    assert int(units) in SPACE["units"]
    assert is_positive == "True"
    assert [folder.name[:17] for folder in results.folders()] == ["function-train-0-"]


def test_a_function_that_reports_nothing_returns_the_metric(results):
    center = 0.25
    result = tune(lambda x: (x - center) ** 2, {"x": "uniform(0, 1)"}, **trials(4))
    reports = result.experiment.results
    assert result.best_value == reports["loss"].min()
    assert result.recommended_configuration == result.best_configuration  # there is no noise
    assert reports["loss"].tolist() == ((reports["config_x"] - center) ** 2).tolist()
    assert result.experiment.metadata["method"] == "BO"


def test_each_trial_has_a_seed_of_its_own(results):
    result = tune(lambda x: int(os.environ["TUNEKIT_SEED"]), {"x": "uniform(0, 1)"}, method="RS", **trials(3))
    seeds = result.experiment.results["loss"]
    assert seeds.nunique() == len(seeds) >= 3


def test_or_a_mapping_with_it(results):
    def score(x, log):
        print("x is", x)
        return {"score": x, "pid": os.getpid()}

    result = tune(score, {"x": "uniform(0, 1)", "log": True}, metric="score", mode="max", **trials(3))
    reports = result.experiment.results
    assert result.best_value == reports["score"].max()
    assert reports["pid"].nunique() == len(reports) >= 3
    assert os.getpid() not in set(reports["pid"])
    assert (result.experiment.path / "0" / "stdout.log").read_text() == "x is 0.5\n"


def test_what_is_returned_beside_reports_is_none(results):
    def train(x):
        Reporter()(loss=x)
        return 7.0

    result = tune(train, {"x": "uniform(0, 1)"}, **trials(2))
    assert result.experiment.results["loss"].max() <= 1.0


def test_a_method_pauses_a_function_that_goes_on_from_its_checkpoint(results):
    def train(lr, units):
        checkpoint = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"]) / "epoch"
        first = int(checkpoint.read_text()) + 1 if checkpoint.exists() else 1
        report = Reporter()
        for epoch in range(first, 10):
            time.sleep(0.01)
            write_whole(checkpoint, str(epoch))
            report(epoch=epoch, loss=lr / epoch, first=first)

    space = {"lr": loguniform(1e-4, 1e-1), "units": [16, 32, 64]}
    result = tune(train, space, resource="epoch", max_resource=9, method="ASHA", **trials(2))
    reports = result.experiment.results
    assert "PAUSE" in set(reports["st_decision"])
    assert {1} < set(reports["first"])
    assert reports["epoch"].max() == 9


def test_where_reports_are_counted_each_run_counts_from_1(results):
    def train(x):
        report = Reporter()
        for epoch in range(1, 10):
            report(loss=x + 1 / epoch, epoch=epoch)

    experiment = tune(train, {"x": "uniform(0, 1)"}, max_resource=9, method="ASHA", **trials(2)).experiment
    rows = experiment.results
    assert "PAUSE" in {event.get("decision") for event in events_of(experiment.path)}
    for _, reports in rows.groupby("trial_id"):
        assert list(reports["epoch"]) == [*range(1, len(reports) + 1)]
    best = experiment.metadata["incumbent"]
    assert best["resource"] == rows["epoch"][rows["loss"].idxmin()] == 9


def test_a_function_that_publishes_checkpoints_goes_on_from_the_newest(results):
    def train(x):
        checkpoint = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"]) / "epoch"
        first = int(checkpoint.read_text()) + 1 if checkpoint.exists() else 1
        report = Reporter()
        for epoch in range(first, 10):
            with report.checkpoint(epoch) as folder:
                (folder / "epoch").write_text(str(epoch))
            report(epoch=epoch, loss=x / epoch, first=first)

    space = {"x": "uniform(0, 1)"}
    rows = tune(train, space, resource="epoch", max_resource=9, method="ASHA", **trials(2)).experiment.results
    assert {1} < set(rows["first"])
    for _, reports in rows.groupby("trial_id"):
        assert list(reports["epoch"]) == [*range(1, len(reports) + 1)]
    assert rows["epoch"].max() == 9


def test_checkpoints_need_a_resource_that_is_named(results):
    def train(x):
        report = Reporter()
        for epoch in range(1, 10):
            with report.checkpoint(epoch) as folder:
                (folder / "epoch").write_text(str(epoch))
            report(loss=x / epoch)

    with pytest.raises(ConfigurationError, match='resource="epoch" in Python'):
        tune(train, {"x": "uniform(0, 1)"}, max_resource=9, method="ASHA", **trials(2))


def test_a_function_that_reports_all_and_then_raises_has_failed(results):
    def train(x):
        report = Reporter()
        for epoch in range(1, 10):
            report(epoch=epoch, loss=x)
        raise RuntimeError("while it was saved")

    result = tune(train, {"x": "uniform(0, 1)"}, resource="epoch", max_resource=9, method="RS", **trials(3))
    assert (result.experiment.metadata["n_failed"], result.experiment.metadata["n_completed"]) == (3, 0)
    assert "while it was saved" in result.experiment.metadata["failures"][0]["reason"]


def test_a_function_that_raises_fails_its_trial_with_the_end_of_its_traceback(results, capfd):
    def train(x):
        if x == 0.5:
            raise ArithmeticError("x is in the middle")
        return x

    result = tune(train, {"x": "uniform(0, 1)"}, **trials(3))
    (failure,) = result.experiment.metadata["failures"]
    assert failure["trial_id"] == 0
    assert failure["reason"].endswith("ArithmeticError: x is in the middle")
    assert "functions/trial.py" not in failure["reason"]
    assert failure["reason"] in capfd.readouterr().err
    assert result.best_value < 1.0


def test_where_all_trials_fail_the_error_says_why(results):
    result = tune(lambda x: {}[x], {"x": "uniform(0, 1)"}, **trials(2))
    with pytest.raises(RecordError, match=r"a finite value\. Trial [01] failed: (.|\n)*KeyError: 0\."):
        _ = result.best_configuration
    with pytest.raises(RecordError, match="no trial has reported a finite value"):
        _ = result.best_value


def test_the_same_call_finds_the_experiment_complete_however_the_space_was_ordered(results, tmp_path, capfd):
    def train(lr, units):
        with open(tmp_path / "calls", "a") as file:
            file.write(".")
        return lr

    first = tune(train, SPACE, **trials(2))
    calls = (tmp_path / "calls").read_text()
    again = tune(train, dict(reversed(SPACE.items())), **trials(2))
    assert again == first
    assert isinstance(again, TunedFunction)
    assert (tmp_path / "calls").read_text() == calls
    assert f"Found complete: {first.experiment.path}" in capfd.readouterr().err
    for left in first.experiment.path.glob("function.*"):
        left.unlink()
    assert load_experiment(first.experiment.path).best_configuration() == first.best_configuration


def events_of(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_an_experiment_whose_process_died_is_restored_when_the_function_is_given_again(results):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=subprocess.DEVNULL)
    while sum(len(file.read_bytes().splitlines()) for file in results.root.glob("*/*/*/events.jsonl")) < 15:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder,) = results.folders()
    before = events_of(folder)[:-1]
    (folder / "function.pickle").write_bytes(b"damaged")
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert results.folders() == [folder]
    assert events_of(folder)[: len(before)] == before
    assert load_experiment(folder).metadata["status"] == "completed"
    assert load_experiment(folder).metadata["n_failed"] == 0


def test_an_experiment_that_cannot_go_on_is_kept_and_the_override_that_begins_anew_is_told(results, capfd):
    def again(*overrides):
        stop = "stopping.max_num_trials_finished=1"
        return tune(lambda x: x, {"x": "uniform(0, 1)"}, n_workers=1, overrides=[stop, *overrides]).experiment

    folder = again().path
    events, metadata = folder / "events.jsonl", folder / "metadata.json"
    damaged = events.read_bytes().replace(b"0.5", b"0.6", 1)
    events.write_bytes(damaged)
    metadata.write_text(metadata.read_text().replace('"completed"', '"interrupted"'))
    with pytest.raises(RecordError, match=r"is damaged: .* What is recorded stays as it is"):
        again()
    assert "give overrides=['experiment_tag=default-anew']" in capfd.readouterr().err.replace("\n", " ")
    anew = again("experiment_tag=default-anew")
    assert (anew.metadata["experiment_tag"], anew.metadata["status"]) == ("default-anew", "completed")
    assert events.read_bytes() == damaged


COUNTED = """
import os, time
from tunekit import Reporter, tune

def train(x):
    report = Reporter()
    for epoch in range(1, 9):
        time.sleep(0.05)
        report(loss=x + 1 / epoch, epoch=epoch)

tune(train, {"x": "uniform(0, 1)"}, max_resource=8, method="METHOD", n_workers=2,
     overrides=["stopping.max_num_trials_finished=4"])
"""


@pytest.mark.parametrize("method", ["RS", "ASHA"])
def test_after_a_kill_a_function_whose_reports_are_counted_has_no_more_of_them_than_it_makes(results, method):
    script = [sys.executable, "-c", COUNTED.replace("METHOD", method)]
    for n_events in (15, 30):
        process = subprocess.Popen(script, stderr=subprocess.DEVNULL)
        while sum(len(file.read_bytes().splitlines()) for file in results.root.glob("*/*/*/events.jsonl")) < n_events:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(script, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    (folder,) = results.folders()
    experiment = load_experiment(folder)
    for _, reports in experiment.results.groupby("trial_id"):
        assert list(reports["epoch"]) == [*range(1, len(reports) + 1)]
    assert experiment.results["epoch"].max() == 8
    assert (experiment.metadata["n_failed"], experiment.metadata["n_anomalies"]) == (0, 0)


def test_the_command_line_cannot_resume_it(results, tunekit):
    folder = tune(lambda x: x, {"x": "uniform(0, 1)"}, **trials(1)).experiment.path
    finished = tunekit("resume", str(folder))
    assert finished.status == 2
    assert "goes on when tune() is called again" in finished.err


def test_it_may_be_called_inside_an_application_of_hydra(results):
    with initialize_config_module("tunekit.conf", version_base="1.3"):
        tune(lambda x: x, {"x": "uniform(0, 1)"}, **trials(1))
        assert compose("config", ["seed=3"]).seed == 3


def needs_more(lr, units, depth):
    return lr


REFUSED = {
    "an argument that is missing": (lambda lr: lr, SPACE, {}, r"lambda>\(lr, units\)\. It does not: .*'units'"),
    "an argument that nothing gives": (needs_more, SPACE, {}, "'depth'"),
    "a text": ("train", SPACE, {}, "is not a callable object"),
    "a space without a domain": (lambda lr: lr, {"lr": 0.1}, {}, "nothing to search"),
    "a list without a choice": (lambda lr: lr, {"lr": []}, {}, "lr: choice.*at least one category"),
    "an unknown domain": (lambda lr: lr, {"lr": "logunif(1, 2)"}, {}, r"loguniform\(1, 2\)"),
    "a mode": (lambda lr, units: lr, SPACE, {"mode": "minimum"}, "'min'"),
    "a method": (lambda lr, units: lr, SPACE, {"method": "ASH"}, "'ASHA'"),
    "a method that needs to know the end": (lambda lr, units: lr, SPACE, {"method": "ASHA"}, "max_resource"),
    "an option": (lambda lr, units: lr, SPACE, {"overrides": ["sead=3"]}, "'seed'"),
    "a number": (lambda lr, units: lr, SPACE, {"n_workers": 2.5}, "n_workers=2.5"),
    "a flag": (lambda lr, units: lr, SPACE, {"overrides": ["--multirun"]}, "flag"),
    "what has an argument": (lambda lr, units: lr, SPACE, {"overrides": ["n_workers=3"]}, "arguments for it"),
    "another benchmark": (lambda lr, units: lr, SPACE, {"overrides": ["benchmark=fcnet"]}, "arguments for it"),
    "a simulation": (lambda lr, units: lr, SPACE, {"overrides": ["backend=simulator"]}, "no recorded runs"),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_refused_before_anything_is_run_or_written(mistake, results):
    function, space, options, message = REFUSED[mistake]
    with pytest.raises(ConfigurationError, match=message):
        tune(function, space, **options)
    assert not results.root.exists()


def test_a_function_whose_name_is_too_long_for_a_folder_is_refused_before_anything_is_written(results):
    def train(x):
        return x

    train.__name__ = train.__qualname__ = "a" * 300
    with pytest.raises(ConfigurationError, match=r"benchmark='function-a.* gives results a folder of a name"):
        tune(train, {"x": "uniform(0, 1)"}, metric="loss", max_wallclock_time=5)
    assert not results.root.exists()


def test_a_function_that_cannot_be_copied_is_refused_with_the_remedy(results):
    lock = threading.Lock()
    with pytest.raises(ConfigurationError, match=r"<lambda> cannot be sent .*lock.*Make in the function itself"):
        tune(lambda x: lock and x, {"x": "uniform(0, 1)"})


def test_without_cloudpickle_the_error_says_what_to_install(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(ConfigurationError, match="Type: pip install cloudpickle"):
        tune(lambda x: x, {"x": "uniform(0, 1)"})


def test_whatever_a_function_returns_or_raises_fails_its_trial_only(results):
    def train(x):
        class Loss(float):
            """A number."""

        class Broken(Exception):
            def __str__(self):
                raise RuntimeError

            __repr__ = __str__

        nested = []
        for _ in range(100_000):
            nested = [nested]
        trial = int(Path(os.environ["TUNEKIT_REPORTS"]).parts[-4])
        if trial == 1:
            raise Broken
        returned = {
            3: 10**400,
            5: {"loss": 0.5, "text": "\udc80"},
            7: {"loss": 0.5, "nested": nested},
            9: Loss(0.5),
            11: {"loss": 0.5, "text": "x" * 10_000_000},
            13: {"loss": "\udc80 \x1b[2J"},
            15: {"loss": 0.5, 3: 4},
            17: {"loss": 1.7e308},
            19: {"loss": -1.7e308},
            21: {"loss": float("nan")},
            23: {"loss": 0.5, "trial_id": 3, "config_x": 3},
            25: object(),
            27: [],
        }
        return returned.get(trial, x)

    arguments = {"n_workers": 2, "overrides": ["stopping.max_num_trials_finished=30"]}
    result = tune(train, {"x": "uniform(0, 1)"}, **arguments)
    assert result.experiment.metadata["status"] == "completed"
    assert result.experiment.failed_trials == [1, 3, 7, 11, 13, 15, 23, 25, 27]
    reports = result.experiment.results
    honest = reports[reports["trial_id"] % 2 == 0]
    assert honest["loss"].tolist() == honest["config_x"].tolist()
    assert tune(train, {"x": "uniform(0, 1)"}, **arguments).experiment.results.equals(reports)


@pytest.mark.parametrize("override", ["hydra/launcher=toy", "hydra.launcher.image=mine"])
def test_a_function_is_not_launched(results, override):
    with pytest.raises(ConfigurationError) as caught:
        tune(lambda x: x, {"x": "uniform(0, 1)"}, overrides=[override])
    assert str(caught.value) == (
        f"overrides: {override} cannot be here: a function is run where tune() is called. Launchers send programs of "
        "their own to other machines, as benchmark=script on the command line."
    )
