"""A tuner that is killed, and one that goes on: jobs are found again, and none runs twice or is left."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import boto3
import pytest

from tunekit_core import Trial, TunekitError
from tunekit_sagemaker.backend import connection, owner

from .experiment import Setup, sagemaker, tune
from .observing import ENDS, beside, check_order, epochs_of, events_of, run_of, running, until

EXPERIMENT = Path(__file__).with_name("experiment.py")
PRICES = {"prices": {"ml.m5.large": 3600.0}}  # a dollar a second
CREATE, STOP = (f"tunekit_sagemaker.jobs.job_client:JobClient.{name}" for name in ("create", "stop"))
CLAIM = "tunekit_sagemaker.backend.claims:Claims.make"
LOOK_FOR_CHECKPOINT = "tunekit_sagemaker.backend.connection:Connection.has_checkpoint"  # when a run is over
BACKEND = "tunekit_sagemaker.backend.backend:SageMakerBackend"


@pytest.fixture(autouse=True)
def quick(at_any_rate, monkeypatch):
    monkeypatch.setattr(connection, "SECONDS_BETWEEN_TRIES", 0.1)


def tuner(folder, setup, die_at=None):
    environment = os.environ if die_at is None else {**os.environ, "DIE_AT": die_at}
    arguments = [sys.executable, str(EXPERIMENT), str(folder), json.dumps(attrs.asdict(setup))]
    return subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)


def dies(folder, setup, die_at):
    process = tuner(folder, setup, die_at)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, errors


def costs_of(folder):
    """The last that was told of each trial."""
    return {event["trial_id"]: event["cost"] for event in events_of(folder, "ended")}


def billed(emulator):
    sagemaker_client, total = boto3.client("sagemaker"), {}
    for job in emulator.jobs:
        seconds = sagemaker_client.describe_training_job(TrainingJobName=job.name).get("BillableTimeInSeconds", 0)
        total[run_of(job)[0]] = total.get(run_of(job)[0], 0.0) + seconds
    return total


MOMENTS = [
    f"{BACKEND}.start:before:2",
    f"{BACKEND}.start:after:2",
    f"{CLAIM}:before:2",
    f"{CLAIM}:after:2",
    f"{CREATE}:before:2",
    f"{CREATE}:after:2",
    f"{BACKEND}.wait:after:3",
    f"{LOOK_FOR_CHECKPOINT}:before:1",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_runs_twice_and_nothing_is_lost(tmp_path, emulator, moment):
    setup = Setup(count=2, n_workers=2, epochs=4, seconds=0.1, options=PRICES)
    dies(tmp_path, setup, moment)
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    check_order(emulator, tmp_path)
    assert [epochs_of(tmp_path)[trial] for trial in (0, 1)] == [[1, 2, 3, 4]] * 2


@pytest.mark.parametrize("moment", [f"{BACKEND}.stop:before:1", f"{BACKEND}.stop:after:1", f"{STOP}:after:1"])
def test_killed_when_a_stop_was_decided_the_job_is_stopped(tmp_path, emulator, moment):
    setup = Setup(scheduler="asha_stopping", count=4, seed=5, seconds=0.1, options=PRICES)
    dies(tmp_path, setup, moment)
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    check_order(emulator, tmp_path)


@pytest.mark.parametrize(
    "moment", [f"{BACKEND}.resume:before:1", f"{CREATE}:after:3", f"{LOOK_FOR_CHECKPOINT}:before:3"]
)
def test_killed_around_a_resume_costs_of_all_runs_add_up(tmp_path, emulator, moment):
    setup = Setup(scheduler="asha_promotion", count=1, n_workers=1, seed=3, epochs=3, seconds=0.3, options=PRICES)
    dies(tmp_path, setup, moment)
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    check_order(emulator, tmp_path)
    until(lambda: all(job.status in ENDS for job in emulator.jobs))
    told, paid = costs_of(tmp_path), billed(emulator)
    assert told
    assert told == {trial: paid[trial] for trial in told}
    assert max(run for _, run in map(run_of, emulator.jobs)) > 0


def test_trials_whose_jobs_were_ended_with_the_tuner_are_begun_again(tmp_path, emulator):
    they_may_end = tmp_path / "they may end"
    setup = Setup(count=2, n_workers=2, epochs=6, arguments=(f"--ends_after={they_may_end}",))
    process = tuner(tmp_path, setup)
    until(lambda: len(running(emulator)) == 2 and events_of(tmp_path, "report"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    they_may_end.touch()
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    assert [epochs_of(tmp_path)[trial][-1] for trial in (0, 1)] == [6, 6]
    reasons = {event["reason"] for event in events_of(tmp_path, "restarted")}
    assert reasons == {"its training job was stopped with the process that tuned before."}


def test_jobs_that_wait_for_a_quota_when_the_tuner_is_killed_are_begun_later(tmp_path, emulator):
    emulator.settings.quotas = {"ml.m5.large": 1}
    setup = Setup(count=2, n_workers=2, epochs=4, seconds=0.1)
    dies(tmp_path, setup, f"{CREATE}:before:3")
    result = tune(tmp_path, setup)
    assert result.n_failed == 0
    check_order(emulator, tmp_path)
    assert [epochs_of(tmp_path)[trial] for trial in (0, 1)] == [[1, 2, 3, 4]] * 2


def test_jobs_that_ended_in_between_are_told_as_if_nothing_had_happened(tmp_path, emulator):
    setup = Setup(count=1, epochs=4, seconds=0.05)
    dies(tmp_path, setup, f"{CREATE}:after:1")
    until(lambda: emulator.jobs[0].status == "Completed")
    result = tune(tmp_path, setup)
    assert (result.n_trials, result.n_failed, len(emulator.jobs)) == (1, 0, 1)
    assert epochs_of(tmp_path) == {0: [1, 2, 3, 4]}


def test_jobs_that_began_long_ago_are_in_the_list_still(tmp_path, emulator):
    it_may_end = tmp_path / "it may end"
    setup = Setup(count=1, epochs=6, arguments=(f"--ends_after={it_may_end}",))
    dies(tmp_path, setup, f"{CREATE}:after:1")
    emulator.jobs[0].created -= 100_000
    before = len(emulator.calls)

    def operations():
        return [call.operation for call in emulator.calls[before:]]

    def let_it_end():
        until(lambda: operations().count("ListTrainingJobs") > 3)
        it_may_end.touch()

    beside(let_it_end)
    tune(tmp_path, setup)
    assert operations().count("DescribeTrainingJob") == 2  # when it is found again, and for its end


def test_a_new_experiment_in_the_same_folder_stops_the_jobs_of_the_one_before(tmp_path, emulator):
    setup = Setup(count=1, epochs=400, seconds=0.2)
    dies(tmp_path, setup, f"{CREATE}:after:1")
    assert len(running(emulator)) == 1
    (tmp_path / "events.jsonl").unlink()
    tune(tmp_path, Setup(count=1, epochs=2))
    assert [job.status for job in emulator.jobs][-1] == "Completed"
    assert running(emulator) == []
    assert epochs_of(tmp_path) == {0: [1, 2]}


def test_runs_that_the_record_has_lost_are_begun_again(tmp_path, emulator):
    setup = Setup(count=3, epochs=3, seconds=0.1)
    dies(tmp_path, setup, f"{CREATE}:after:3")
    path = tmp_path / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    second = next(n for n, line in enumerate(lines) if json.loads(line).get("trial_id") == 1)
    path.write_text("".join(lines[:second]))
    result = tune(tmp_path, setup)
    assert (result.n_failed, running(emulator)) == (0, [])
    assert epochs_of(tmp_path) == {trial: [1, 2, 3] for trial in range(3)}


def test_what_says_where_jobs_are_is_damaged_and_that_is_told(tmp_path, emulator):
    setup = Setup(count=1, epochs=400, seconds=0.2)
    dies(tmp_path, setup, f"{CREATE}:after:1")
    for content in ("", "{", "[]", '{"bucket": "b"}', '{"bucket": 1, "root": "r", "experiment": "e"}'):
        (tmp_path / "sagemaker.json").write_text(content)
        with pytest.raises(
            TunekitError, match=r"sagemaker\.json is damaged .* Put it back as it was, or move the folder away"
        ):
            tune(tmp_path, setup)
        assert len(emulator.jobs) == 1, content


def test_of_two_tuners_of_one_experiment_the_second_is_told_and_leaves_the_jobs(tmp_path, emulator, monkeypatch):
    monkeypatch.setattr(owner, "SECONDS_OF_LEASE", 0.0)  # the first is taken for dead
    setup = Setup(count=9, epochs=400, seconds=0.2, n_workers=2)
    dies(tmp_path / "first", setup, f"{CLAIM}:before:1")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    opened = [sagemaker(tmp_path / name, setup) for name in ("first", "second")]
    for backend in opened:
        backend.open(2)
        backend.restore([], 0.0)
    trial = Trial(0, opened[0].problem.space.default())
    first, second = opened
    first.start(trial, None, None)
    first.wait(0.0)
    second.start(trial, None, None)
    with pytest.raises(TunekitError, match=r"Run 0 of trial 0 was begun by another process, as job .*: this one stops"):
        second.wait(0.0)
    second.close()
    assert len(running(emulator)) == 1
    first.close()
    assert running(emulator) == []
