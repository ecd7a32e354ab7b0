"""Why a trial was stopped, paused or promoted: from the record, or by running a simulated experiment again."""

import json
import os
import shutil
import sys

import pytest

import tunekit as package
from tunekit import Reporter
from tunekit_core import load_experiment

SHORT = "stopping.max_wallclock_time=120"
COMMAND = ("backend=local", "benchmark=checkpoint_example", "stopping.max_num_trials_finished=6")


def explained(tunekit, folder, trial, *flags):
    return tunekit("explain", str(folder), str(trial), *flags)


@pytest.fixture
def simulated(tunekit, results):
    tunekit("method=ASHA", "benchmark=fcnet", SHORT)
    return results.folders()[0]


def test_each_decision_is_told_with_the_rung_that_it_was_taken_at(tunekit, simulated):
    rows = load_experiment(simulated).results
    promoted = rows[rows["hp_epoch"] == 3]["trial_id"].iloc[0]
    told = explained(tunekit, simulated, promoted)
    assert told.status == 0
    assert told.out.startswith(f"Trial {promoted} of ASHA on fcnet-robot_arm, seed 0\n  hp_activation_fn_1=")
    assert "it starts, to run to hp_epoch 1" in told.out
    assert "it pauses: place " in told.out
    assert "it is promoted from hp_epoch 1 and goes on to hp_epoch 3: place " in told.out
    assert "it takes 0." in told.out
    assert "The rung at hp_epoch" in told.out
    assert [line for line in told.out.splitlines() if line.endswith("this trial") or "this trial" in line]


def test_what_it_says_is_what_the_results_say(tunekit, simulated):
    """The rung at each moment, by a slow obvious version."""
    rows = load_experiment(simulated).results
    n_compared = 0
    for trial in range(8):
        told = json.loads(explained(tunekit, simulated, trial, "--json").out)
        for step in told["steps"]:
            standing = step["standing"]
            if standing is None or step["event"] != "decided":
                continue
            level = standing["level"]
            before = rows[(rows["hp_epoch"] == level) & (rows["st_tuner_time"] <= step["time"])]
            expected = sorted(before["metric_valid_loss"])
            assert [entry["value"] for entry in standing["ranked"]] == expected
            mine = before[before["trial_id"] == trial]["metric_valid_loss"].iloc[0]
            assert (standing["place"], step["metric_valid_loss"]) == (expected.index(mine) + 1, mine)
            assert standing["n_pass"] == (len(expected) - 1) // 3 + 1
            n_compared += 1
    assert n_compared >= 8


def test_of_a_trial_at_its_end_nothing_is_said_to_go_on(tunekit, results):
    tunekit("method=RS", "scheduler=asha_stopping", "benchmark=fcnet", "stopping.max_num_trials_completed=1")
    rows = load_experiment(results.folders()[0]).results
    complete = rows[rows["hp_epoch"] == rows["hp_epoch"].max()]["trial_id"].iloc[0]
    *_, last, end = explained(tunekit, results.folders()[0], complete).out.partition("The rung at")[0].splitlines()
    assert "it has come to its end, place 1 of 1 there" in last
    assert end.endswith("it is complete, at hp_epoch 100")


def test_nothing_is_written_or_left(tunekit, simulated, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", None)
    before = {path: path.stat().st_mtime_ns for path in simulated.iterdir()}
    assert explained(tunekit, simulated, 0).status == 0
    assert {path: path.stat().st_mtime_ns for path in simulated.iterdir()} == before
    assert not list((tmp_path / "temporary").iterdir())


def test_results_that_come_out_differently_are_not_explained(tunekit, simulated):
    with (simulated / "results.csv.zip").open("ab") as file:
        file.write(b" ")
    told = explained(tunekit, simulated, 0)
    assert told.status == 2
    assert "run again it comes to other results" in told.err


def test_nobody_waits_for_results_that_are_no_file(tunekit, simulated):
    (simulated / "results.csv.zip").unlink()
    os.mkfifo(simulated / "results.csv.zip")
    told = explained(tunekit, simulated, 0)
    assert told.status == 2
    assert "results.csv.zip cannot be read: it is no file" in told.err


@pytest.mark.parametrize(
    "words", ["method=ASHA scheduler=asha_stopping", "method=RS", "method=PASHA", "method=HYPERTUNE"]
)
def test_of_other_methods_too(tunekit, results, words):
    tunekit(*words.split(), "benchmark=fcnet", SHORT)
    told = explained(tunekit, results.folders()[0], 2)
    assert told.status == 0
    compares = words != "method=RS"
    assert ("The rung at" in told.out) == compares
    assert ("The scheduler 'fifo' compares no trials" in told.err) == (not compares)


def script(tmp_path, code, **options):
    """What to type to tune a script."""
    (tmp_path / "train.py").write_text(code)
    typed = {
        "backend": "local", "benchmark": "script", "benchmark.command": f"'{sys.executable} train.py'",
        "benchmark.space.x": "uniform(0,1)", "benchmark.max_resource": 9, "n_workers": 1, **options,
    }  # fmt: skip
    return ["method=ASHA", *(f"{key}={value}" for key, value in typed.items())]


def test_where_more_is_better_values_are_those_that_were_reported(tunekit, results, tmp_path):
    code = """
import sys
from tunekit import Reporter
report, x = Reporter(), float(sys.argv[-1])
for epoch in range(1, 10):
    report(epoch=epoch, accuracy=x)
"""
    options = {"benchmark.metric": "accuracy", "benchmark.mode": "max", "benchmark.resource": "epoch"}
    finished = tunekit(*script(tmp_path, code, **options, **{"stopping.max_num_trials_started": 4}))
    assert finished.status == 0, finished.err
    told = json.loads(explained(tunekit, results.folders()[0], 3, "--json").out)
    values = [entry["value"] for entry in told["standing"]["ranked"]]
    assert len(values) >= 3
    assert values == sorted(values, reverse=True)


def test_trials_of_a_script_are_explained_from_the_record(tunekit, results):
    tunekit("method=ASHA", *COMMAND)
    folder = results.folders()[0]
    told = explained(tunekit, folder, 0)
    assert told.status == 0
    assert "it starts, to run to epoch" in told.out
    interrupted = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, interrupted)
    (interrupted / "results.csv.zip").unlink()  # as of one that was killed
    assert explained(tunekit, interrupted, 0).out == told.out
    (interrupted / "events.jsonl").unlink()
    told = explained(tunekit, interrupted, 0)
    assert (told.status, "has lost its events.jsonl" in told.err) == (2, True)


def test_a_trial_that_failed_is_told_why(tunekit, results, tmp_path):
    code = "raise ValueError('out of luck')\n"
    tunekit(*script(tmp_path, code, **{"benchmark.metric": "loss", "stopping.max_num_trials_finished": 1}))
    told = explained(tunekit, results.folders()[0], 0)
    assert told.status == 0
    assert "it has failed: " in told.out
    assert "out of luck" in told.out


def test_an_experiment_of_a_function_is_explained_without_it_and_goes_on_by_its_call(tunekit, results):
    def noisy(x):
        report = Reporter()
        for epoch in (1, 2, 3):
            report(epoch=epoch, loss=x + 1 / epoch)

    points = [{"x": 0.5}, {"x": 0.25}, {"x": 0.75}]
    package.tune(
        noisy, {"x": "uniform(0, 1)"}, metric="loss", resource="epoch", max_resource=3, method="ASHA", n_workers=1,
        max_trials=3, points_to_evaluate=points,
    )  # fmt: skip
    folder = results.folders()[0]
    told = explained(tunekit, folder, 2)
    assert told.status == 0, told.err
    assert told.out.startswith("Trial 2 of ASHA on function-noisy, seed 0\n  x=0.75\n")
    assert "it starts, to run to epoch 1\n" in told.out
    assert "epoch 1, loss 1.75: it pauses: place 3 of 3 at epoch 1" in told.out
    steered = tunekit("steer", str(folder), "pause")
    assert steered.status == 2
    assert "To let it run longer, call tune() as before, but with another end and resume=True." in steered.err
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["config"]["scheduler"]["revision"] += 1
    (folder / "metadata.json").write_text(json.dumps(metadata))
    refused = explained(tunekit, folder, 2)
    assert refused.status == 2
    assert "is of revision 2 now, and was of revision 3, which may have decided otherwise" in refused.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "takes an experiment and the number of a trial, and got nothing"),
        (("ASHA",), "takes an experiment and the number of a trial, and got ASHA"),
        (("ASHA", "best"), "the number of a trial, and got ASHA best"),
        (("nowhere/at/all", "3"), "nowhere/at/all does not exist"),
        (("{folder}", "999"), "has no trial 999: its trials are 0 to "),
        (("{folder}", "0", "--every"), "`explain` has no flag '--every'"),
    ],
)
def test_what_cannot_be_is_refused(tunekit, simulated, words, told):
    finished = tunekit("explain", *(word.format(folder=simulated) for word in words))
    assert finished.status == 2
    assert told in finished.err


def test_a_simulated_experiment_that_was_interrupted_is_not_explained(tunekit, simulated):
    metadata = json.loads((simulated / "metadata.json").read_text())
    (simulated / "metadata.json").write_text(json.dumps({**metadata, "status": "interrupted"}))
    (simulated / "results.csv.zip").unlink()
    told = explained(tunekit, simulated, 0)
    assert (told.status, "did not come to its end" in told.err) == (2, True)


def test_an_experiment_of_a_program_is_refused(tunekit, simulated):
    metadata = json.loads((simulated / "metadata.json").read_text())
    del metadata["config"]
    (simulated / "metadata.json").write_text(json.dumps(metadata))
    told = explained(tunekit, simulated, 0)
    assert (told.status, "was made by a program in Python" in told.err) == (2, True)


def test_a_study_that_was_renamed_or_copied_is_explained_as_it_is_shown(tunekit, simulated):
    """Nothing goes on there, so that it need not lie where runs are written."""
    study = simulated.parent.parent
    shutil.copytree(study, study.parent / "a b")
    copied = study.parent / "a b" / simulated.parent.name / simulated.name
    assert explained(tunekit, copied, 0) == explained(tunekit, simulated, 0)
