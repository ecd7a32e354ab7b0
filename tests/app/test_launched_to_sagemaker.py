"""Sweeps that are launched to SageMaker, on its emulator: results are those of a sweep on this machine."""

import functools
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import botocore.loaders
import botocore.session
import pytest

from tunekit.cli.main import main
from tunekit_core import load_experiment
from tunekit_sagemaker.emulator import Delays, Emulator

QUICK = Delays(starting=0.02, downloading=0.02, uploading=0.02, checkpoint_sync=0.3, grace=30.0)
LOADER = functools.cache(botocore.loaders.create_loader)  # all sessions share what boto3 knows of AWS
LAUNCHED = ["hydra/launcher=sagemaker", "hydra.launcher.image=any", "hydra.launcher.prices={ml.m5.large: 3600.0}"]
SWEEP = [
    "+method=ASHA,RS",
    "benchmark=fcnet",
    "seed=0,1",
    "stopping.max_num_evaluations=60",
    "experiment_tag=study",
    "--multirun",
]
SCRIPT = """
import argparse, json, time
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--epochs", type=int)
args = parser.parse_args()
report = Reporter()
for epoch in range(1, args.epochs + 1):
    time.sleep(0.1)
    report(epoch=epoch, loss=args.lr / epoch)
"""
REAL = [
    "+method=RS",
    "benchmark=script",
    "benchmark.folder=training",
    "benchmark.metric=loss",
    "benchmark.space.lr=uniform(0,1)",
    "benchmark.resource=epoch",
    "benchmark.max_resource=3",
    "benchmark.max_resource_attr=epochs",
    "n_workers=2",
    "stopping.max_num_trials_finished=4",
    "stopping.max_wallclock_time=300",
    "experiment_tag=real",
]


@pytest.fixture
def emulator(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_REGION", "TUNEKIT_SAGEMAKER_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(botocore.session, "create_loader", LOADER)
    with Emulator(delays=QUICK) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        yield running


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.delenv("TUNEKIT_RESULTS", raising=False)

    def go(name):
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return go


def until(condition, seconds=120.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def all_over(emulator):
    return all(job.status in ("Completed", "Failed", "Stopped") for job in emulator.jobs)


def written(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in sorted(folder.glob("results/study/*/*/results.csv.zip"))
    }


def log_of(job):
    logs = boto3.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job.name}/")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)
    return "\n".join(event["message"] for event in events["events"])


def test_a_sweep_that_is_killed_while_it_is_launched_gives_what_a_local_one_gives(at, emulator, capfd):
    here, there = at("here"), at("there")
    process = subprocess.Popen([sys.executable, "-m", "tunekit", *SWEEP, *LAUNCHED])
    until(lambda: emulator.jobs)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert main([*SWEEP, *LAUNCHED]) == 0
    until(lambda: all_over(emulator))
    assert [job.status for job in emulator.jobs] == ["Completed", "Completed"], log_of(emulator.jobs[0])
    capfd.readouterr()
    assert main([*SWEEP, *LAUNCHED]) == 0
    launched = capfd.readouterr().out
    at("here")
    assert main(SWEEP) == 0
    assert launched == capfd.readouterr().out
    assert written(there) == written(here)
    assert len(written(there)) == 4
    assert (there / "results/study/index.csv").read_bytes() == (here / "results/study/index.csv").read_bytes()


def test_what_was_launched_is_seen_collected_and_stopped_by_its_tag(at, emulator, capfd):
    at("there")
    one = [*SWEEP, "hydra.launcher.group_by=[run]", "method=ASHA", "seed=0"]
    one = [each for each in one if each not in ("+method=ASHA,RS", "seed=0,1", "method=ASHA", "--multirun")]
    one = [*one, "+method=ASHA"]
    assert main([*one, *LAUNCHED]) == 0
    until(lambda: all_over(emulator))
    (job,) = emulator.jobs
    capfd.readouterr()
    assert main(["remote", "status", "study"]) == 0
    told = capfd.readouterr().out
    described = boto3.client("sagemaker").describe_training_job(TrainingJobName=job.name)
    metrics = {each["MetricName"]: each["Value"] for each in described["FinalMetricDataList"]}
    assert "study: 1 job\n" in told
    best, dollars = f"{metrics['best_metric_value']:.6g}", f"${described['BillableTimeInSeconds']:.2f}"
    heads, row = (re.split("  +", line) for line in told.splitlines()[1:3])
    assert heads == ["status", "runs", "best", "cost", "what", "job"]
    assert row == ["Completed", "1 of 1", best, dollars, "ASHA, fcnet-robot_arm, seed 0", job.name]
    assert main(["remote", "collect"]) == 0
    (folder,) = Path("results/study/ASHA").iterdir()
    assert capfd.readouterr().out.startswith(f"{folder}\nstudy: 1 complete run and 0 failed runs came here.\n")
    assert load_experiment(folder).best_value() == metrics["best_metric_value"]
    best = load_experiment(folder).best_configuration()
    assert metrics["best_hp_hp_batch_size"] == best["hp_batch_size"]
    assert metrics["best_hp_hp_activation_fn_1"] == ["tanh", "relu"].index(best["hp_activation_fn_1"])
    assert main(["remote", "collect", "study"]) == 0
    assert "0 complete runs and 0 failed runs" in capfd.readouterr().out
    assert main(["remote", "stop", "study"]) == 0
    assert "study: 0 jobs asked to end" in capfd.readouterr().out
    assert main(["remote", "status", "other"]) == 2
    assert "other was not launched from results; what was: study." in capfd.readouterr().err


def test_trials_of_the_local_backend_run_in_the_job_and_go_on_after_a_stop(at, emulator):
    folder = at("there")
    (folder / "training").mkdir()
    (folder / "training/train.py").write_text(SCRIPT)
    (folder / "training/requirements.txt").write_text("numpy\n")
    command = [*REAL, "benchmark.command=python train.py", "backend=local", *LAUNCHED]
    command[command.index("benchmark.max_resource=3")] = "benchmark.max_resource=30"
    assert main(command) == 0
    (job,) = emulator.jobs
    s3 = boto3.client("s3")

    def events():
        return [
            each["Key"]
            for each in s3.list_objects_v2(
                Bucket="sagemaker-us-east-1-123456789012", Prefix=f"tunekit/real/{job.name}/results/real/RS/"
            ).get("Contents", ())
            if each["Key"].endswith("events.jsonl") and each["Size"] > 1000
        ]

    until(events)
    assert main(["remote", "stop", "real"]) == 0
    until(lambda: all_over(emulator))
    assert job.status == "Stopped", log_of(job)
    assert main(command) == 0
    until(lambda: all_over(emulator))
    assert [each.status for each in emulator.jobs] == ["Stopped", "Completed"], log_of(emulator.jobs[1])
    assert main(command) == 0
    (run,) = (folder / "results/real/RS").iterdir()
    experiment = load_experiment(run)
    assert experiment.metadata["status"] == "completed"
    assert experiment.metadata["n_completed"] == 4
    epochs = experiment.results.groupby("trial_id")["epoch"].max()
    assert sorted(epochs)[-4:] == [30] * 4  # a fifth trial may have begun when the last of the others ended
    assert not [path for path in run.iterdir() if path.is_dir()]
    kinds = [json.loads(line)["event"] for line in (run / "events.jsonl").read_text().splitlines()]
    assert (kinds.count("tuner_started"), kinds.count("start")) == (2, experiment.metadata["n_started"])


def test_trials_of_the_sagemaker_backend_are_jobs_that_the_job_begins(at, emulator):
    folder = at("there")
    (folder / "training").mkdir()
    (folder / "training/train.py").write_text(SCRIPT)
    command = [*REAL, "benchmark.command=python train.py", "backend=sagemaker", "backend.image=any", *LAUNCHED]
    assert main([*command, "backend.poll_interval=0.2"]) == 0
    until(lambda: all_over(emulator))
    assert emulator.jobs[0].status == "Completed", log_of(emulator.jobs[0])
    assert main([*command, "backend.poll_interval=0.2"]) == 0
    (run,) = (folder / "results/real/RS").iterdir()
    assert load_experiment(run).metadata["n_completed"] == 4
    assert len(emulator.jobs) >= 5
