"""The bill of an experiment: in its metadata, in what the command prints, and in the comparison of a sweep."""

import re
import sys
from pathlib import Path

import boto3
import pytest

from tunekit.cli.main import main
from tunekit_core import load_experiment

from .experiment import Setup, tune

pytestmark = pytest.mark.usefixtures("at_any_rate")
SCRIPT = """
import argparse
import time
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--epochs", type=int)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, args.epochs + 1):
    time.sleep(0.2)
    report(epoch=epoch, loss=args.x)
"""
BENCHMARK = [
    "method=RS",
    "benchmark=script",
    "benchmark.command=python train.py",
    "benchmark.folder=training",
    "benchmark.space.x=uniform(0,1)",
    "benchmark.metric=loss",
    "benchmark.resource=epoch",
    "benchmark.max_resource=2",
    "benchmark.max_resource_attr=epochs",
]
BACKEND = ["backend=sagemaker", "backend.image=any", "backend.poll_interval=0.1", "backend.settle_time=2"]


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNEKIT_RESULTS", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    (tmp_path / "training").mkdir()
    (tmp_path / "training/train.py").write_text(SCRIPT)


def billed(emulator):
    client = boto3.client("sagemaker")
    return {
        job.tags["tunekit:trial"]: client.describe_training_job(TrainingJobName=job.name)["BillableTimeInSeconds"]
        for job in emulator.jobs
    }


def test_the_metadata_have_the_billable_seconds_of_each_trial_in_dollars(tmp_path, emulator):
    tune(tmp_path, Setup(count=2, epochs=2, options={"prices": {"ml.m5.large": 7200.0}, "instance_count": 2}))
    cost = load_experiment(tmp_path).metadata["cost"]
    of_trials = {trial: 4.0 * seconds for trial, seconds in billed(emulator).items()}
    assert cost == {
        "unit": "dollars",
        "basis": "billable seconds; given prices",
        "total": sum(of_trials.values()),
        "n_runs": 2,
        "n_unknown": 0,
        "n_running": 0,
        "of_trials": of_trials,
    }


def test_a_run_tells_what_it_has_cost(program, emulator, capsys):
    assert main([*BENCHMARK, *BACKEND, "stopping.max_num_trials_finished=2", "n_workers=1"]) == 0
    printed = capsys.readouterr().out
    (folder,) = Path("results/default/RS").iterdir()
    total = load_experiment(folder).metadata["cost"]["total"]
    assert total == pytest.approx(sum(billed(emulator).values()) * 0.115 / 3600)
    line = re.search(r"^Cost: .*$", printed, re.MULTILINE)[0]
    assert line == (
        f"Cost: ${total:.2g}, 2 runs of 2 trials (billable seconds; list prices of 2026-09-24 in us-east-1)."
    )


def test_a_comparison_tells_what_each_method_has_cost(program, emulator, capsys):
    limits = ["stopping.max_num_trials_finished=1", "n_workers=1", "backend.prices={ml.m5.large: 3600}"]
    assert main([*BENCHMARK, *BACKEND, *limits, "--multirun", "seed=0,1"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"100%\s+cost", printed)
    totals = [
        load_experiment(folder).metadata["cost"]["total"] for folder in sorted(Path("results/default/RS").iterdir())
    ]
    assert re.search(rf"RS +2 .*\${sum(totals):.2f}\s*$", printed, re.MULTILINE)


def test_an_end_in_dollars_without_a_price_is_refused_before_there_is_a_folder(program, emulator, capsys):
    assert main([*BENCHMARK, *BACKEND, "backend.instance_type=ml.t3.medium", "stopping.max_cost=20"]) == 2
    told = capsys.readouterr().err
    assert "stopping.max_cost ends the experiment by what it costs, and the price of ml.t3.medium is not known" in told
    assert "backend.prices=" in told
    assert not Path("results").exists()
    assert emulator.jobs == []
