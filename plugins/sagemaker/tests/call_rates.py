"""How often AWS is asked, by the log of calls of an emulator: ``nox -s sagemaker_faults`` runs it."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from .experiment import Setup, tune
from .observing import epochs_of

LIMITS = {"ListTrainingJobs": 2, "GetLogEvents": 10, "DescribeLogStreams": 25}  # a second, of an account
WINDOW = 10.0  # seconds
EXPERIMENT = Path(__file__).with_name("experiment.py")


def busiest(emulator):
    """For each operation with a limit, how many calls a second there were in the busiest ten seconds."""
    began = min(call.time for call in emulator.calls)
    counts = Counter(
        (call.operation, int((call.time - began) / WINDOW)) for call in emulator.calls if call.operation in LIMITS
    )
    return {name: max(n for (each, _), n in counts.items() if each == name) / WINDOW for name in LIMITS}


def check(emulator):
    rates = busiest(emulator)
    print(rates, Counter(call.operation for call in emulator.calls))
    assert all(rates[name] <= LIMITS[name] for name in LIMITS)


def test_two_hundred_trials_are_tuned_below_the_limits_of_an_account(tmp_path, emulator):
    setup = Setup(count=200, n_workers=20, epochs=3, seconds=0.5, options={"poll_interval": 5.0})
    emulator.settings.quotas = {"ml.m5.large": 30}
    assert tune(tmp_path, setup).n_failed == 0
    assert len(epochs_of(tmp_path)) >= 200
    check(emulator)


def test_thirty_tuners_share_the_limits_of_an_account(tmp_path, emulator):
    emulator.settings.quotas = {"ml.m5.large": 100}
    setup = json.dumps({"count": 4, "n_workers": 2, "epochs": 3, "seconds": 0.5, "options": {"poll_interval": 5.0}})
    environment = {**os.environ, "TUNEKIT_PARALLEL_RUNS": "30", "KEEP_RATES": "1"}
    command = [sys.executable, str(EXPERIMENT)]
    folders = [str(tmp_path / str(number)) for number in range(30)]
    tuners = [subprocess.Popen([*command, folder, setup], env=environment) for folder in folders]
    assert [tuner.wait() for tuner in tuners] == [0] * 30
    check(emulator)
