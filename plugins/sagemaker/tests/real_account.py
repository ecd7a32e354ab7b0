"""What only AWS can show: two trials, one of which is resumed, and a run that is launched, in a real account.

``nox -s sagemaker_account`` runs it with the credentials, the region and the role that boto3 and tunekit find, or that
``TUNEKIT_SAGEMAKER_ROLE`` names. It takes a quarter of an hour and four jobs on ``ml.m5.large``: about 0.10 dollars.
Nothing else runs it. What it leaves in S3 is below ``tunekit-real-account/``.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunekit_core import load_experiment

from .experiment import Setup, tune
from .observing import epochs_of

pytestmark = pytest.mark.real_account

FRAMEWORK = "pytorch 2.3 py311"
PREFIX = "tunekit-real-account"
OPTIONS = {"image": None, "framework": FRAMEWORK, "s3_prefix": PREFIX, "max_run": 1800, "poll_interval": 5.0}
SECONDS_TO_WAIT = 1800


@pytest.fixture(autouse=True)
def no_account():
    """In place of that of the other tests: these use the account."""


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine():
    """In place of that of the other tests."""


def test_trials_report_pause_and_go_on_from_their_checkpoints(tmp_path):
    setup = Setup(scheduler="asha_promotion", n_workers=2, count=2, epochs=3, seconds=1.0, options=OPTIONS)
    result = tune(tmp_path / "tag" / "ASHA" / "run", setup)
    assert result.n_failed == 0
    assert all(epochs == list(range(1, len(epochs) + 1)) for epochs in epochs_of(tmp_path / "tag/ASHA/run").values())
    cost = load_experiment(tmp_path / "tag/ASHA/run").metadata["cost"]
    assert cost["total"] > 0
    assert cost["n_unknown"] == 0


def test_a_run_that_is_launched_comes_home_as_it_would_be_here(tmp_path):
    run = ["+method=RS", "benchmark=fcnet", "stopping.max_num_evaluations=50", "seed=0", "random_seed=0"]
    here, there = tmp_path / "here", tmp_path / "there"
    type_it(here, *run)
    launch = [
        *run,
        "hydra/launcher=sagemaker",
        f"hydra.launcher.framework='{FRAMEWORK}'",
        "hydra.launcher.max_run=1800",
    ]
    type_it(there, *launch, f"hydra.launcher.s3_prefix={PREFIX}/{time.time_ns()}")
    limit = time.monotonic() + SECONDS_TO_WAIT
    while not results_of(there):
        assert time.monotonic() < limit, "The run has not come home within half an hour."
        time.sleep(30)
        remote(there, "collect")
    assert [path.read_bytes() for path in results_of(there)] == [path.read_bytes() for path in results_of(here)]


def type_it(results: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "tunekit", *arguments, f"results_dir={results}"], check=True)


def remote(results: Path, what: str) -> None:
    command = [sys.executable, "-m", "tunekit", "remote", what, "default", "--results-dir", str(results)]
    subprocess.run(command, check=True)


def results_of(results: Path) -> list[Path]:
    """The results of complete runs."""
    complete = [
        path for path in results.glob("*/*/*/metadata.json") if json.loads(path.read_text())["status"] == "completed"
    ]
    return [path.with_name("results.csv.zip") for path in complete]
