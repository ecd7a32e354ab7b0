"""Brings results home: runs that have ended elsewhere get the folders that a sweep on this machine would write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from tunekit_core import receive_experiment
from tunekit_sagemaker.aws.errors import asking, patiently
from tunekit_sagemaker.study.address import writing_results
from tunekit_sagemaker.study.study import METADATA, RemoteRun, Study, in_threads

COMPLETED, FAILED = "completed", "failed"


@attrs.frozen
class Collected:
    """What was brought home.

    Attributes:
        completed: Folders of complete runs, relative to that of results, sorted.
        failed: The same of runs that have failed.
    """

    completed: tuple[str, ...]
    failed: tuple[str, ...]


def collect(study: Study, results_dir: Path, runs: Mapping[str, str] | None = None) -> Collected:
    """Bring home the runs of a study that are complete, or have failed, and are not here.

    A run that is complete here, or that a process writes here, is left alone.

    Args:
        study: The study.
        results_dir: Where results go.
        runs: By the folder of each, relative to that of results, its hash; all that were launched unless given.

    Raises:
        Busy, NoAccess, Refused: If AWS cannot be asked.
        RecordError: If the log of the study is damaged.
        ConfigurationError: If results cannot be written here.
    """
    jobs = patiently(study.log.read)
    wanted = {folder: each for job in jobs for folder, each in job.runs.items()} if runs is None else dict(runs)
    left = study.runs_left_behind(jobs, wanted) if jobs else {}

    def bring(folder: str) -> str | None:
        with writing_results(results_dir / folder):
            return receive_experiment(
                results_dir / folder, wanted[folder], partial(_fetch, study, folder, left[folder])
            )

    with in_threads() as threads:
        outcomes = dict(zip(left, threads.map(bring, left), strict=True))
    by_status = {
        status: tuple(sorted(folder for folder, outcome in outcomes.items() if outcome == status))
        for status in (COMPLETED, FAILED)
    }
    return Collected(by_status[COMPLETED], by_status[FAILED])


def _fetch(study: Study, folder: str, found: list[RemoteRun], target: Path) -> bool:
    """Download what the newest job has left that has come to an end with the run; whether there is one."""
    for position, run in enumerate(found):
        metadata = study.read_metadata(run.job, folder) if METADATA in run.files else None
        status = None if metadata is None else metadata.get("status")
        if status == COMPLETED or (status == FAILED and position == 0):
            assert metadata is not None
            _download(study, folder, run, metadata, target)
            return True
    return False


def _download(study: Study, folder: str, run: RemoteRun, metadata: Mapping[str, Any], target: Path) -> None:
    source, s3, bucket = study.places.run(run.job, folder), study.clients.s3, study.places.bucket

    def get(name: str, path: Path) -> None:
        with asking():
            s3.download_file(bucket, source + name, str(path))

    for name in sorted(run.files):
        path = target / name
        if path.resolve().is_relative_to(target.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            patiently(partial(get, name, path))
