"""What a job of a launch runs, in the folder in which its archive was unpacked: ``tunekit work``.

Results are below ``/opt/ml/checkpoints``, which SageMaker copies to S3 while the job runs, and back when another
instance takes its place. The folders of trials are not, as they would be copied over and over.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence

HOME, UNLESS_GIVEN = "TUNEKIT_OPT_ML", "/opt/ml"  # the first where that folder is elsewhere, as in the emulator
TRIAL_CHANNEL = "trial"
RUNS, MOVED_FILE = "runs.jsonl", "moved.json"  # in that channel
RESULTS = "results"  # in the folder of checkpoints
TRIALS = "trials"
MOVED, KEPT = "TUNEKIT_MOVED", "TUNEKIT_TRIALS"  # by which `tunekit work` is told
PRICES, PRICES_FILE = "TUNEKIT_PRICES", "tunekit-prices.csv"  # the second in the archive, where the first was set
OBSERVER = "sagemaker_metrics"
# What the bootstrap tells the program of a trial: those that are run here get their own.
OF_A_TRIAL = ("TUNEKIT_REPORTS", "TUNEKIT_CONFIGURATION", "TUNEKIT_CHECKPOINT_DIR", "TUNEKIT_CHECKPOINTS")


def work(environment: Mapping[str, str], folder: str, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command that runs the runs of the job, and its environment.

    Args:
        environment: That of the job.
        folder: Where its archive was unpacked.
        arguments: What the job was told: names of observers.
    """
    home = environment.get(HOME, UNLESS_GIVEN)
    channel = os.path.join(home, "input", "data", TRIAL_CHANNEL)
    with open(os.path.join(channel, MOVED_FILE), encoding="utf-8") as file:
        moved = {there: os.path.join(folder, here) for there, here in json.load(file).items()}
    command = [sys.executable, "-m", "tunekit", "work", os.path.join(channel, RUNS)]
    command += ["--results-dir", os.path.join(home, "checkpoints", RESULTS)]
    for name in arguments:
        command += ["--observer", name]
    prices = os.path.join(folder, PRICES_FILE)
    if os.path.exists(prices):
        environment = {PRICES: prices, **environment}
    own = {name: value for name, value in environment.items() if name not in OF_A_TRIAL}
    return command, {**own, MOVED: json.dumps(moved), KEPT: os.path.join(home, TRIALS)}


def main() -> None:
    """Become that command: it gets the signals that the job gets."""
    command, environment = work(os.environ, os.getcwd(), sys.argv[1:])
    sys.stdout.flush()
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
