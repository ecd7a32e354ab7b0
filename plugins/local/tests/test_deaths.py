"""A tuner that is killed at any moment, and those that go on, end with what an undisturbed one would have found."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tunekit_core import load_experiment

EXPERIMENT = Path(__file__).parent / "experiment.py"
PER_RUN = ["st_tuner_time", "st_worker_timestamp", "st_worker_time", "st_worker_iter"]
FREE = {"number", "crc32", "time", "metrics", "reason", "run", "has_checkpoint", "cause", "status"}


def tuner(folder, *arguments, die_at=None):
    environment = os.environ if die_at is None else {**os.environ, "DIE_AT": die_at}
    return subprocess.Popen(
        [sys.executable, str(EXPERIMENT), str(folder), *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def to_the_end(folder, *arguments):
    process = tuner(folder, *arguments)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def what_is_found(folder):
    table = load_experiment(folder).results
    return table.drop(columns=[name for name in PER_RUN if name in table])


def events_of(folder):
    """What is recorded of trials and decisions, without the lines of processes that began."""
    events = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return [event for event in events if event["event"] != "tuner_started"]


def what_is_decided(folder):
    """The events without what may differ: when and in which runs things happened, and what came after a decision."""
    return [
        {key: value for key, value in event.items() if key not in FREE}
        for event in events_of(folder)
        if event["event"] not in ("late", "criterion", "placed", "restarted")
    ]


def processes_of(folder):
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in argument for argument in process.info["cmdline"] or ())
    ]


@pytest.mark.parametrize(("scheduler", "count"), [("asha_promotion", 3), ("asha_stopping", 12)])
@pytest.mark.parametrize("on_tuner_death", ["stop", "keep"])
def test_killed_at_random_moments_it_finds_the_same(tmp_path, scheduler, count, on_tuner_death):
    arguments = (scheduler, 1, on_tuner_death, 0.03, count)
    to_the_end(tmp_path / "undisturbed", *arguments)
    moments = random.Random(f"{scheduler} {on_tuner_death}")
    disturbed = tmp_path / "disturbed"
    for _ in range(6):  # the campaign kills more often
        process = tuner(disturbed, *arguments)
        time.sleep(moments.uniform(0.2, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    to_the_end(disturbed, *arguments)
    assert what_is_found(disturbed).equals(what_is_found(tmp_path / "undisturbed"))
    assert what_is_decided(disturbed) == what_is_decided(tmp_path / "undisturbed")
    times = [event["time"] for event in events_of(disturbed) if "time" in event]
    assert times == sorted(times)
    assert processes_of(tmp_path) == []


CREATE, TAKE = "tunekit_local.trial_folder:RunFolder.create", "tunekit_local.checkpoints:Checkpoints.take"
LAUNCH = "tunekit_local.supervised_run:SupervisedRuns.launch"
START, RESUME, RESTORE = (f"tunekit_local.backend:LocalBackend.{method}" for method in ("start", "resume", "restore"))
MOMENTS = {  # in each process the call of a method before or after which it is killed
    "copying": [
        *[f"{TAKE}:before:1", f"{RESTORE}:before:1", f"{TAKE}:after:1", f"{RESTORE}:after:1", f"{RESUME}:before:1"],
        *[f"{CREATE}:before:2", f"{LAUNCH}:before:2", f"{LAUNCH}:after:2", f"{RESUME}:after:1", f"{START}:after:2"],
    ],
    "asha_promotion": [
        *[f"{RESUME}:before:1", f"{RESTORE}:before:1", f"{RESUME}:after:1", f"{RESTORE}:after:1", f"{CREATE}:before:2"],
        *[f"{LAUNCH}:before:2", f"{LAUNCH}:after:2", f"{RESUME}:before:2", f"{RESUME}:after:2", f"{CREATE}:after:2"],
    ],
}


@pytest.mark.parametrize("on_tuner_death", ["stop", "keep"])
@pytest.mark.parametrize("scheduler", MOMENTS)
def test_killed_at_a_start_a_copy_a_resume_a_retry_or_a_restoration_it_finds_the_same(
    tmp_path, scheduler, on_tuner_death
):
    count, *script = (5, "--publishes") if scheduler == "copying" else (3, "--mishap", "error_once")
    arguments = (scheduler, 1, on_tuner_death, 0.01, count, *script)
    to_the_end(tmp_path / "undisturbed", *arguments)
    disturbed = tmp_path / "disturbed"
    n_killed = 0
    for die_at in MOMENTS[scheduler]:
        process = tuner(disturbed, *arguments, die_at=die_at)
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        n_killed += process.returncode == -signal.SIGKILL
    to_the_end(disturbed, *arguments)
    assert n_killed >= 8
    assert what_is_found(disturbed).equals(what_is_found(tmp_path / "undisturbed"))
    assert what_is_decided(disturbed) == what_is_decided(tmp_path / "undisturbed")
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("on_tuner_death", ["stop", "keep"])
def test_with_several_workers_nothing_is_lost_or_recorded_twice(tmp_path, on_tuner_death):
    arguments = ("asha_promotion", 3, on_tuner_death, 0.03, 4)
    moments = random.Random(on_tuner_death)
    for _ in range(5):
        process = tuner(tmp_path, *arguments)
        time.sleep(moments.uniform(0.2, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    to_the_end(tmp_path, *arguments)
    results = load_experiment(tmp_path).results
    assert not results.duplicated(["trial_id", "epoch"]).any()
    assert (results["score"] == results["config_x"] + 1 / results["epoch"]).all()
    for _, rows in results.groupby("trial_id"):
        assert list(rows["epoch"]) == list(range(1, len(rows) + 1))
    reported = sum(
        len(
            {
                json.loads(line)["epoch"]
                for file in folder.glob("runs/*/reports.jsonl")
                for line in file.read_text().splitlines()
                if line
            }
        )
        for folder in tmp_path.iterdir()
        if folder.name.isdecimal()
    )
    late = {(event["trial_id"], event["metrics"]["epoch"]) for event in events_of(tmp_path) if event["event"] == "late"}
    shown = set(zip(results["trial_id"], results["epoch"], strict=True))
    assert len(late | shown) >= reported - 3  # what was on its way when the experiment ended
    assert processes_of(tmp_path) == []


def until(condition):
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.02)


def supervisors_of(folder):
    return [process for process in processes_of(folder) if "supervisor" in " ".join(process.info["cmdline"])]


def test_a_tuner_that_dies_takes_its_trials_with_it_or_lets_them_run(tmp_path):
    for on_tuner_death, are_left in [("stop", False), ("keep", True)]:
        folder = tmp_path / on_tuner_death
        they_may_end = tmp_path / f"{on_tuner_death} may end"
        arguments = (folder, "fifo", 2, on_tuner_death, 0.05, 2, "--ends_after", they_may_end)
        process = tuner(*arguments)
        until(lambda at=folder: len(list(at.glob("*/runs/*/reports.jsonl"))) == 2)
        process.kill()
        process.communicate()
        if are_left:
            time.sleep(0.6)
            assert len(supervisors_of(folder)) == 2
        else:
            until(lambda at=folder: not processes_of(at))
        they_may_end.touch()
        to_the_end(*arguments)
        assert processes_of(folder) == []


def test_an_interruption_from_the_keyboard_ends_the_trials_and_the_experiment_can_go_on(tmp_path):
    they_may_end = tmp_path / "they may end"
    arguments = (tmp_path / "run", "fifo", 2, "stop", 0.05, 3, "--ends_after", they_may_end)
    process = tuner(*arguments)
    until(lambda: list(tmp_path.glob("run/1/runs/*/reports.jsonl")))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert load_experiment(tmp_path / "run").metadata["status"] == "interrupted"
    assert processes_of(tmp_path / "run") == []
    they_may_end.touch()
    to_the_end(*arguments)
    assert load_experiment(tmp_path / "run").metadata["status"] == "completed"
