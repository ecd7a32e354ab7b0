"""Studies in training jobs of SageMaker, from Python: launch, status, collect, stop.

>>> from tunekit_sagemaker.remote import collect, launch
>>> command = ["+method=ASHA", "benchmark=fcnet", "seed=range(4)", "--multirun"]
>>> launch([*command, "experiment_tag=study", "hydra.launcher.image=URI"])  # doctest: +SKIP
>>> collect("study").completed  # doctest: +SKIP
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tunekit_core import ConfigurationError
from tunekit_sagemaker.remote.states import JobState, states_of
from tunekit_sagemaker.remote.studies import NamedStudy, Where, asking_for_a_study, studies
from tunekit_sagemaker.study.collecting import Collected, collect as collect_study

__all__ = ["Collected", "JobState", "collect", "launch", "status", "stop"]

LAUNCHER = "hydra/launcher=sagemaker"
NOT_ALL = 1  # exit status of the command line: some could not be begun


def launch(arguments: Sequence[str]) -> bool:
    """Launch what a command line says, in a process of its own, and return without waiting for its end.

    Args:
        arguments: What would be typed after ``python -m tunekit``; ``hydra/launcher=sagemaker`` need not be
            among it.

    Returns:
        False if not all jobs could be begun: launch the same again later.

    Raises:
        ConfigurationError: If it cannot be launched; what is wrong was printed.
    """
    launcher = [] if LAUNCHER in arguments else [LAUNCHER]
    done = subprocess.run([sys.executable, "-m", "tunekit", *arguments, *launcher], check=False)
    if done.returncode not in (0, NOT_ALL):
        raise ConfigurationError(
            f"It cannot be launched: `tunekit` ended with status {done.returncode}, and has printed why."
        )
    return done.returncode == 0


def status(
    tag: str,
    *,
    results_dir: Path | str = "results",
    bucket: str | None = None,
    prefix: str = "",
    region: str | None = None,
) -> list[JobState]:
    """How far the jobs of a study have come, in the order in which they were decided on.

    Args:
        tag: Its experiment tag.
        results_dir: Where its results go, which say where it is if it was launched from here.
        bucket: Its bucket, if it was launched from elsewhere.
        prefix: The folder in that.
        region: In which its jobs run.

    Raises:
        ConfigurationError: If it is not known where the study is, or AWS cannot be used.
    """
    named = _study(tag, results_dir, bucket, prefix, region)
    with asking_for_a_study():
        return states_of(named.study)


def collect(
    tag: str,
    *,
    results_dir: Path | str = "results",
    bucket: str | None = None,
    prefix: str = "",
    region: str | None = None,
) -> Collected:
    """Bring home the runs of a study that are complete, or have failed, into the folders of a sweep on this machine.

    What is complete here, or is being written here, is left alone.

    Args:
        tag: As for :func:`status`, like the others.
        results_dir: Where its results go.
        bucket: Its bucket.
        prefix: The folder in that.
        region: In which its jobs run.

    Raises:
        ConfigurationError: As for :func:`status`.
    """
    named = _study(tag, results_dir, bucket, prefix, region)
    with asking_for_a_study():
        return collect_study(named.study, named.results_dir)


def stop(
    tag: str,
    *,
    results_dir: Path | str = "results",
    bucket: str | None = None,
    prefix: str = "",
    region: str | None = None,
) -> list[str]:
    """Ask all jobs of a study to end. They write down how far they have come first, which takes up to two minutes.

    Args:
        tag: As for :func:`status`, like the others.
        results_dir: Where its results go.
        bucket: Its bucket.
        prefix: The folder in that.
        region: In which its jobs run.

    Returns:
        Names of the jobs that were asked.

    Raises:
        ConfigurationError: As for :func:`status`.
    """
    named = _study(tag, results_dir, bucket, prefix, region)
    with asking_for_a_study():
        return named.study.stop_all()


def _study(tag: str, results_dir: Path | str, bucket: str | None, prefix: str, region: str | None) -> NamedStudy:
    (named,) = studies(tag, Where(results_dir=Path(results_dir), bucket=bucket, prefix=prefix, region=region))
    return named
