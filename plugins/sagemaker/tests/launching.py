"""Launches of runs that nobody runs, for an emulator: what is begun, and what is not.

``launching.py RESULTS SETUP``: the setup is JSON, the seeds and the options. With ``DIE_AT`` as for ``experiment.py``.
"""

import json
import os
import sys
from pathlib import Path, PurePosixPath

from tunekit_core import Launch, LaunchedRun
from tunekit_sagemaker.launcher.launcher import SageMakerLauncher
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions

TAG = "study"
COMMAND = "python -m tunekit +method=ASHA"


def run_of(seed, method="ASHA"):
    """A simulated run; an expensive method has a job for each seed."""
    return LaunchedRun(
        hash=f"{method}{seed:08d}"[-12:],
        folder=PurePosixPath(TAG, method, f"fcnet-{seed}"),
        method=method,
        problem="fcnet",
        dataset=None,
        seed=seed,
        n_workers=4,
        seconds=None,
        is_expensive=True,
        backend="simulator",
        spec={"seed": seed},
    )


def launch_of(results, seeds, **other):
    values = {
        "runs": tuple(map(run_of, seeds)),
        "experiment_tag": TAG,
        "results_dir": Path(results),
        "distributions": ("tunekit-asha",),
        "scripts": (),
        "inputs": (),
        "command": COMMAND,
    }
    return Launch(**{**values, **other})


def launch(results, seeds, tell=lambda line: None, **options):
    launcher = SageMakerLauncher(SageMakerLauncherOptions(**{"image": "any", "wait_for_quota": 0, **options}))
    asked = launch_of(results, seeds)
    launcher.collect(asked)
    launcher.check(asked)
    return launcher.launch(asked, tell)


if __name__ == "__main__":
    from tunekit_sagemaker.aws import rates

    sys.path.insert(0, str(Path(__file__).parent))
    from experiment import die_at

    rates.RATES.clear()
    if "DIE_AT" in os.environ:
        die_at(os.environ["DIE_AT"])
    setup = json.loads(sys.argv[2])
    launch(sys.argv[1], setup.pop("seeds"), **setup)
