"""What an experiment has in AWS: its jobs, its files, and who asks for them."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit_core import Script, trial_seed
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import Busy, NoAccess, Refused, asking
from tunekit_sagemaker.aws.limits import require_valid
from tunekit_sagemaker.aws.prices import price_list
from tunekit_sagemaker.backend.claims import Claims
from tunekit_sagemaker.backend.copies import Copies
from tunekit_sagemaker.backend.costs import Costs
from tunekit_sagemaker.backend.machines import machines_of
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.owner import Owner
from tunekit_sagemaker.backend.places import Places
from tunekit_sagemaker.backend.program import Program, files_of, program_of, started_by_toolkit
from tunekit_sagemaker.backend.trial_job import TrialJob
from tunekit_sagemaker.code.upload import SOURCE, upload
from tunekit_sagemaker.jobs.account import account_of, find_account, image_of
from tunekit_sagemaker.jobs.job_client import JobClient
from tunekit_sagemaker.jobs.log_tail import LogTail
from tunekit_sagemaker.jobs.report_lines import LoggedEnd, LoggedReport
from tunekit_sagemaker.jobs.request import (
    OF_TUNEKIT,
    Account,
    Bootstrap,
    Image,
    Job,
    Machines,
    Toolkit,
    request_of,
    variables_of_trial,
)
from tunekit_sagemaker.jobs.statuses import JobStatus

SECONDS_TO_CLOSE = 60.0  # for which jobs are asked to end while AWS is busy
SECONDS_BETWEEN_TRIES = 1.0
N_FOLDERS = 3  # of an experiment, below the folder with all results
UNREADABLE = "unreadable"


@attrs.frozen
class Prepared:
    """What there is before it is known whether an experiment begins or goes on.

    Attributes:
        clients: What asks AWS.
        account: On whose behalf jobs run.
        program: What is run.
        code: S3 folder that holds it; empty if the image does.
        bucket: For what is new.
        prefix: What all keys in it begin with.
    """

    clients: Clients
    account: Account
    program: Program
    code: str
    bucket: str
    prefix: str


class Connection:
    """The jobs of one experiment.

    Args:
        prepared: Who asks, and what is run.
        places: Where files are.
        folder: Of the experiment on this machine.
        options: Those of the backend.
        max_resource_attr: The entry through which it is told how far to go, if it has one.
        seed: Effective seed of the experiment.
        needed: The metrics without which there is no report.

    Attributes:
        jobs: Creates and describes jobs.
        claims: Say which job a run is.
        copies: Copies checkpoints from trial to trial.
        costs: What runs cost.
        log: What jobs print.
        owner: This process, as the one that tunes the experiment.
    """

    def __init__(
        self,
        prepared: Prepared,
        places: Places,
        folder: Path,
        options: SageMakerOptions,
        max_resource_attr: str | None,
        seed: int,
        needed: Sequence[str],
    ) -> None:
        clients = prepared.clients
        self.jobs = JobClient(clients.sagemaker)
        self.claims = Claims(clients.s3, places)
        self.copies = Copies(clients.s3, places)
        self.costs = Costs(price_list(options.prices, clients.region))
        self.log = LogTail(clients.logs)
        self.owner = Owner(clients.s3, places, folder)
        self._s3 = clients.s3
        self._options = options
        self._prepared = prepared
        self._places = places
        self._max_resource_attr = max_resource_attr
        self._seed = seed
        self._needed = needed

    def request_of(self, job: TrialJob) -> dict[str, Any]:
        """The request for the job of a run; what does not fit into it is uploaded.

        Raises:
            RequestRefused: If SageMaker would not take it.
        """
        configuration = dict(job.trial.configuration)
        if self._max_resource_attr is not None and job.until is not None:
            configuration[self._max_resource_attr] = job.until
        trial_id, places = job.trial.id, self._places
        variables = variables_of_trial(trial_id, job.number, trial_seed(self._seed, trial_id))
        asked = Job(
            name=str(job.name),
            configuration=configuration,
            launch=self._launch(job),
            environment={**self._prepared.program.environment, **variables},
            checkpoints=places.uri(places.checkpoints(trial_id)),
            output=places.uri(places.output(trial_id)),
            inputs=places.uri(places.inputs(trial_id, job.number)),
        )
        names = {"experiment": places.experiment, "trial": str(trial_id), "run": str(job.number)}
        tags = {f"{OF_TUNEKIT}{name}": value for name, value in names.items()}
        machines = self.machines_of(job)
        image = image_of(self._options, self._prepared.clients.region, machines.instance_type)
        account = attrs.evolve(self._prepared.account, image=image, tags={**self._prepared.account.tags, **tags})
        request = request_of(asked, machines, account)
        require_valid("CreateTrainingJob", request)
        for name, content in asked.files.items():
            key = places.inputs(trial_id, job.number) + name
            with asking():
                self._s3.put_object(Bucket=places.bucket, Key=key, Body=content.encode())
        return request

    def _launch(self, job: TrialJob) -> Bootstrap | Toolkit | Image:
        """How the program is started."""
        prepared, program = self._prepared, self._prepared.program
        if self._options.launch == "image":
            return Image()
        if self._options.launch == "script":
            file, checkpoints = started_by_toolkit(program)
            archive = f"{prepared.code}{SOURCE}"
            return Toolkit(program=file, archive=archive, region=prepared.clients.region, checkpoints=checkpoints)
        spec = {
            "command": list(program.command),
            "folder": ".",
            **({"templates": dict(program.templates)} if program.templates else {}),
            **({"metrics": dict(program.metrics), "needed": list(self._needed)} if program.metrics else {}),
            **({} if job.trial.reached <= 0 else {"reached": job.trial.reached}),
            **({} if job.resource is None else {"resource": job.resource}),
        }
        if self._max_resource_attr is None and job.until is not None:
            spec["until"] = job.until  # where a program is ended that cannot be told how far to go
        return Bootstrap(code=prepared.code, spec=spec)

    def machines_of(self, job: TrialJob) -> Machines:
        """What a run is on, or will be."""
        return machines_of(self._options, job.trial.configuration, job.n_without_capacity)

    def statuses(self, names: Iterable[str]) -> dict[str, JobStatus]:
        """The status of jobs, by their names, as far as the list of SageMaker has them already.

        Raises:
            Busy: If AWS is.
        """
        missing, found = set(names), {}
        if missing:
            for name, status in self.jobs.statuses(self._places.experiment):
                if name in missing:
                    missing.remove(name)
                    found[name] = status
                if not missing:
                    break
        return found

    def reports_of(self, job: TrialJob, *, thoroughly: bool) -> list[Mapping[str, Any]]:
        """What the job of a run has reported since the last call.

        Args:
            job: The run.
            thoroughly: As for :meth:`LogTail.read`.
        """
        with asking():
            logged = self.log.read(str(job.name), thoroughly=thoroughly)
        reports = [each for each in logged if isinstance(each, LoggedReport)]
        return [{UNREADABLE: each.unreadable} if each.metrics is None else each.metrics for each in reports]

    def end_in_log(self, job: TrialJob) -> LoggedEnd | None:
        """How the program of a run has ended, as far as its log says so."""
        return None if job.name is None else self.log.end(job.name)

    def has_checkpoint(self, trial_id: int) -> bool:
        """Whether a trial has left something to go on from."""
        key = self._places.checkpoints(trial_id)
        with asking():
            answer = self._s3.list_objects_v2(Bucket=self._places.bucket, Prefix=key, MaxKeys=1)
        return bool(answer["KeyCount"])

    def drop_checkpoint(self, trial_id: int) -> None:
        """Remove what a trial has left to go on from.

        Raises:
            Busy, NoAccess, Refused: If S3 keeps some of it.
        """
        pages = self._s3.get_paginator("list_objects_v2")
        with asking():
            for page in pages.paginate(Bucket=self._places.bucket, Prefix=self._places.checkpoints(trial_id)):
                keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]  # as many as can be removed at once
                if keys:
                    asked = {"Objects": keys, "Quiet": True}
                    answer = self._s3.delete_objects(Bucket=self._places.bucket, Delete=asked)
                    for each in answer.get("Errors", ()):
                        raise Refused(f"{each.get('Code')}: {each.get('Message')}")

    def cost_of_runs_before(self, trial_id: int, run: int) -> float | None:
        """What the runs of a trial before one have cost; ``None`` if that is not known."""
        total = 0.0
        for before in range(run):
            name = self.claims.find(trial_id, before)
            cost = self.costs.of_run(None if name is None else self.jobs.end(name))
            if cost is None:
                return None
            total += cost
        return total

    def stop_others(self, names: Container[str | None]) -> None:
        """Ask the jobs of the experiment to end that are not among these: their runs are not in the record."""
        for name, status in list(self.jobs.statuses(self._places.experiment)):
            if name not in names and not status.is_final:
                self.jobs.stop(name)

    def stop_before_leaving(self, names: Iterable[str]) -> None:
        """Ask jobs to end as far as that can be asked within a minute."""
        left, limit = list(names), time.monotonic() + SECONDS_TO_CLOSE
        while True:
            for name in tuple(left):
                try:
                    self.jobs.stop(name)
                except Busy:
                    continue
                except Refused:
                    pass
                except NoAccess:
                    return
                left.remove(name)
            if not left or time.monotonic() > limit:
                return
            time.sleep(SECONDS_BETWEEN_TRIES)


def prepare(folder: Path, options: SageMakerOptions, script: Script) -> Prepared:
    """Find role and bucket, and upload the program unless it is there, or is in the image.

    Args:
        folder: Of the experiment, which exists.
        options: Those of the backend.
        script: What is run.

    Raises:
        ConfigurationError: If something is missing, or must not be uploaded.
    """
    clients, role, bucket = find_account(options, "backend=sagemaker")
    program = program_of(script)
    above = folder.resolve().parents
    results = above[N_FOLDERS - 1] if len(above) >= N_FOLDERS else None
    is_uploaded = options.launch != "image"
    files, generated = files_of(program, options, results) if is_uploaded else ([], {})
    code = upload(clients, bucket, options.prefix, files, generated).uri if is_uploaded else ""
    account = account_of(options, role)
    return Prepared(clients, account, program, code, bucket, options.prefix)
