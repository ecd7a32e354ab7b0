"""Decides which jobs there are to be: those that were decided on before and have wanted runs, and new ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import attrs

from tunekit_core import Launch
from tunekit_sagemaker.aws.errors import asking, patiently
from tunekit_sagemaker.aws.names import job_name
from tunekit_sagemaker.launcher.groups import Group, folder_of, groups_of
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.launcher.planning import max_run_of
from tunekit_sagemaker.launcher.requests import files_of, shown_of
from tunekit_sagemaker.observer.metrics import metric_names
from tunekit_sagemaker.study.collecting import collect
from tunekit_sagemaker.study.log import StudyJob
from tunekit_sagemaker.study.study import RemoteRun, Study, in_threads


@attrs.frozen
class Decided:
    """What follows for the runs of a launch.

    Attributes:
        running: Jobs that have some of them and are not over.
        to_create: Jobs that have some of them, and were not created yet.
    """

    running: tuple[StudyJob, ...]
    to_create: tuple[StudyJob, ...]


def decide(
    study: Study,
    launch: Launch,
    options: SageMakerLauncherOptions,
    code: str,
    moved: Mapping[str, str],
) -> Decided:
    """Decide which jobs have which runs, and write it down.

    Args:
        study: The study.
        launch: What is to be run: runs that are not complete here.
        options: Those of the launcher.
        code: S3 folder of the program.
        moved: Where in its archive is what runs name by an absolute path.

    Raises:
        Busy, NoAccess, Refused: If AWS cannot be asked.
        RecordError: If the log of the study is damaged.
    """
    prepared: dict[str, StudyJob] = {}  # by the runs that are in it, so that nothing is prepared twice
    runs, done = launch.runs, set[str]()
    while True:
        before = patiently(study.log.read)
        last = {folder: job for job in before for folder in job.runs}
        wanted = {last[folder].name: last[folder] for folder in map(folder_of, runs) if folder in last}
        statuses = study.statuses(wanted)
        over = {name for name, status in statuses.items() if status.is_final}
        left = [run for run in runs if folder_of(run) not in last or last[folder_of(run)].name in over]
        if over:  # some since results were brought home
            done |= set(collect(study, launch.results_dir, {folder_of(run): run.hash for run in left}).completed)
            left = [run for run in left if folder_of(run) not in done]
        groups = groups_of(left, options.group_by)
        unprepared = [group for group in groups if group.digest not in prepared]
        fresh = [_new_job(study, group, options, code) for group in unprepared]
        with in_threads() as threads:
            list(threads.map(partial(_prepare, study, moved), fresh, unprepared))
        prepared.update(zip((group.digest for group in unprepared), fresh, strict=True))
        new = [prepared[group.digest] for group in groups]
        _copy_begun(study, before, new)
        if not new or patiently(partial(study.log.append, new)):
            running = tuple(job for name, job in wanted.items() if name in statuses and name not in over)
            not_created = [job for name, job in wanted.items() if name not in statuses]
            return Decided(running, (*not_created, *new))


def _new_job(study: Study, group: Group, options: SageMakerLauncherOptions, code: str) -> StudyJob:
    hyperparameters = dict.fromkeys(name for run in group.runs for name in run.hyperparameters)
    return StudyJob(
        name=job_name(study.places.tag, group.label, os.urandom(4).hex(), unique=study.places.study),
        title=group.title,
        code=code,
        runs={folder_of(run): run.hash for run in group.runs},
        max_run=max_run_of(group, options),
        hyperparameters=shown_of(group),
        metrics=metric_names(hyperparameters),
    )


def _prepare(study: Study, moved: Mapping[str, str], job: StudyJob, group: Group) -> None:
    """Upload what a job reads of what it is to run: nobody knows its name before it is in the log."""
    for name, content in files_of(group, moved).items():
        key = study.places.inputs(job.name) + name
        patiently(partial(_put, study, key, content.encode()))


def _put(study: Study, key: str, content: bytes) -> None:
    with asking():
        study.clients.s3.put_object(Bucket=study.places.bucket, Key=key, Body=content)


def _copy_begun(study: Study, before: Iterable[StudyJob], new: Sequence[StudyJob]) -> None:
    """Copy what earlier jobs, which are over, have left of the runs of new ones: these go on from there."""
    to = {folder: job.name for job in new for folder in job.runs}
    before = list(before)
    begun = study.runs_left_behind(before, to) if new and before else {}
    with in_threads() as threads:
        list(threads.map(lambda folder: _copy_run(study, begun[folder][0], to[folder], folder), begun))


def _copy_run(study: Study, found: RemoteRun, job: str, folder: str) -> None:
    places = study.places
    for name in found.files:
        source, target = places.run(found.job, folder) + name, places.run(job, folder) + name
        patiently(partial(_copy, study, source, target))


def _copy(study: Study, source: str, target: str) -> None:
    bucket = study.places.bucket
    with asking():
        study.clients.s3.copy({"Bucket": bucket, "Key": source}, bucket, target)  # in parts what has more than 5 GB
