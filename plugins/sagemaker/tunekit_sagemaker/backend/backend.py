"""The SageMaker backend: every run of a trial is a training job."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    Checkpoint,
    ConfigurationError,
    Executable,
    Problem,
    Status,
    Streams,
    Trial,
    TunekitWarning,
    UnfinishedTrial,
)
from tunekit_sagemaker.aws.clients import region_in_use
from tunekit_sagemaker.aws.errors import Busy, NoAccess, Refused, patiently
from tunekit_sagemaker.aws.prices import price_list
from tunekit_sagemaker.backend.checks import check_images, check_options, check_prices, types_of
from tunekit_sagemaker.backend.claims import ClaimedByAnother
from tunekit_sagemaker.backend.connection import Connection, Prepared, prepare
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.places import Places, former_places, new_places
from tunekit_sagemaker.backend.program import program_of
from tunekit_sagemaker.backend.starter import Starter
from tunekit_sagemaker.backend.trial_ends import TrialEnds
from tunekit_sagemaker.backend.trial_job import NEVER, TrialJob
from tunekit_sagemaker.backend.trial_jobs import TrialJobs
from tunekit_sagemaker.jobs.account import find_account

SECONDS_TO_END_BY_ITSELF = 120.0  # of a script that was told where it was sent, and has got there


class SageMakerBackend(Backend):
    """Runs each trial as a training job of Amazon SageMaker; checkpoints are in S3.

    A trial waits until SageMaker has an instance for it, which :class:`~tunekit_core.TrialPlaced` tells. A job that was
    asked to end holds its worker until it is over and its checkpoints are in S3. Everything is asked within
    :meth:`wait`, so nothing happens while nobody waits, and a call takes as long as AWS does. Checkpoints alone are
    copied for other trials meanwhile.

    The variables of the benchmark's ``environment`` are in the request for a job, so whoever may describe training jobs
    sees them. Secrets belong into a service that the role of the jobs may ask.

    Raises:
        ConfigurationError: If the benchmark has no script, or SageMaker would not take what the options say.
    """

    name: ClassVar[str] = "sagemaker"
    Options: ClassVar[type[Any]] = SageMakerOptions
    runs: ClassVar[type[Any]] = Executable
    is_default: ClassVar[bool] = False
    capabilities = frozenset({"pause", "checkpoint", "copy", "restore"})
    cost_unit: ClassVar[str] = "dollars"

    def __init__(
        self, problem: Problem, benchmark: Benchmark, folder: Path | None, streams: Streams, options: SageMakerOptions
    ) -> None:
        super().__init__(problem, benchmark, folder, streams, options)
        if not isinstance(benchmark, Executable):
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' has no script, so backend=sagemaker cannot run it. Use "
                "backend=simulator, or a script of your own: benchmark=script with benchmark.command='python "
                "train.py'.",
                option="backend",
                value=self.name,
            )
        if options.launch != "bootstrap":  # of other checkpoints, nobody knows at which resource they are whole
            self.capabilities = self.capabilities - {"copy"}
        self.max_checkpoints = options.max_checkpoints
        self.max_retries = options.trial_retries
        self._options = options
        self._script = benchmark.script()
        if not self._script.is_portable:
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' runs on this machine alone, so backend=sagemaker cannot run it. "
                "Type backend=local, or write a script: benchmark=script with benchmark.command='python train.py'.",
                option="backend",
                value=self.name,
            )
        check_options(options, problem, program_of(self._script))
        self._types = types_of(options, problem)
        self._prices = price_list(options.prices, region_in_use(options.region))
        self.cost_basis = "; ".join(["billable seconds", *filter(None, [self._prices.basis(self._types)])])
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._home = Path()
        self._prepared: Prepared | None = None
        self._connected: tuple[Connection, TrialJobs] | None = None
        self._began = time.monotonic()
        self._dropped: set[int] = set()  # trials whose checkpoints are removed once no other is started from them
        self._is_of_another = False  # the experiment: its jobs are none of ours

    def check(self) -> None:
        """Ask AWS for the region, the role and the bucket."""
        clients, _, _ = find_account(self._options, "backend=sagemaker")
        check_images(self._options, self.problem, clients.region)
        self._prices.tell(self._types)

    def check_costs(self, option: str) -> None:
        check_prices(self._prices, self._types, option)

    def open(self, n_workers: int) -> None:
        folder = self.folder
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="tunekit-")
            folder = Path(self._temporary.name)
        folder.mkdir(parents=True, exist_ok=True)
        self._home = folder
        self._prepared = prepare(folder, self._options, self._script)
        check_images(self._options, self.problem, self._prepared.clients.region)
        self._prices.tell(self._types)
        self._began = time.monotonic()

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        places = former_places(self._home)
        aws, jobs = self._connect(places) if places is not None else self._opened()
        self._began += self.now() - time
        known = {unfinished.trial.id: unfinished.trial.run for unfinished in trials}
        patiently(partial(aws.claims.find_lost, known))
        for unfinished in trials:
            trial = unfinished.trial
            if trial.status is Status.RUNNING:
                job = self._job(trial, trial.until)
                job.n_recorded = unfinished.n_recorded
                job.is_to_end = unfinished.is_ending
                jobs.take_up(job)
        jobs.stop_others()

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        """Have the trial wait for its job, and for a copy of the checkpoint that it starts from."""
        aws, _ = self._opened()
        if (trial.id, 0) in aws.claims.lost:
            patiently(partial(aws.drop_checkpoint, trial.id))  # of a trial of this number that the record has lost
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        """Have it wait for another job, which finds what the one before has left in S3."""
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        """As :meth:`stop`; what is in S3 by its end is its checkpoint.

        A script that was told where it was sent, and has got there, ends by itself: it may have a checkpoint to write,
        and an error on the way is one. It is asked to end if it reports more, or does not end.
        """
        job = self._opened()[1].of(trial.id)
        if job is None or self.benchmark.max_resource_attr is None or not job.is_where_it_was_sent:
            self.stop(trial)
        else:
            job.ends_by_itself_until = time.monotonic() + SECONDS_TO_END_BY_ITSELF

    def stop(self, trial: Trial) -> None:
        _, jobs = self._opened()
        job = jobs.of(trial.id)
        if job is not None:  # else it has ended, and that is on its way to the tuner
            jobs.end(job)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        aws, jobs = self._opened()
        while True:
            try:
                aws.owner.renew()
                events = jobs.go_on()
            except ClaimedByAnother:
                self._is_of_another = True
                raise
            if self._dropped:
                self._drop(())
            left = NEVER if deadline is None else deadline - self.now()
            due = jobs.due
            if events or left <= 0 or due == NEVER:
                return events
            time.sleep(max(0.0, min(left, due - time.monotonic())))

    def now(self) -> float:
        return time.monotonic() - self._began

    def release(self, trial_ids: tuple[int, ...]) -> None:
        if self._options.delete_checkpoints:
            self._drop(trial_ids)

    def drop_checkpoint(self, trial_id: int) -> None:
        """Remove what a trial has in S3, once no other is started from it. The experiment goes on if that fails."""
        self._drop((trial_id,))

    def close(self) -> None:
        """Ask all jobs to end. Whatever cannot be asked now ends at its time limit."""
        try:
            if self._connected is not None and not self._is_of_another:
                aws, jobs = self._connected
                aws.stop_before_leaving(jobs.names)
                aws.owner.release()
        finally:
            if self._connected is not None:
                self._connected[0].copies.close()
            if self._temporary is not None:
                self._temporary.cleanup()

    def _opened(self) -> tuple[Connection, TrialJobs]:
        if self._connected is None:
            self._begin_experiment()
        assert self._connected is not None
        return self._connected

    def _begin_experiment(self) -> None:
        """A new experiment begins; jobs of one before, in the same folder, are none of it."""
        assert self._prepared is not None  # open() is called first
        former = former_places(self._home)
        if former is not None:
            self._connect(former)[1].stop_others()
        self._connect(new_places(self._home, self._prepared.bucket, self._prepared.prefix))

    def _connect(self, places: Places) -> tuple[Connection, TrialJobs]:
        assert self._prepared is not None  # open() is called first
        attr, seed, needed = self.benchmark.max_resource_attr, self.streams.seed, self.problem.objective.needed
        aws = Connection(self._prepared, places, self._home, self._options, attr, seed, needed)
        patiently(aws.owner.take)
        jobs = TrialJobs(
            aws,
            Starter(aws.jobs, aws.claims, aws.request_of),
            TrialEnds(aws, self._script.environment),
            self.now,
            poll_interval=self._options.poll_interval,
            settle_time=self._options.settle_time,
            can_be_told=self.benchmark.max_resource_attr is not None,
        )
        self._connected = aws, jobs
        return aws, jobs

    def _begin(self, trial: Trial, until: int | None) -> None:
        _, jobs = self._opened()
        job = self._job(trial, until)
        jobs.costs_before(job)
        self._dropped.discard(trial.id)  # it is needed after all
        jobs.add(job)

    def _job(self, trial: Trial, until: int | None) -> TrialJob:
        target = self.problem.max_resource if until is None else until
        resource = self.problem.objective.resource
        return TrialJob(trial=trial, number=trial.run, until=until, target=target, resource=resource)

    def _drop(self, trial_ids: Iterable[int]) -> None:
        self._dropped.update(trial_ids)
        aws, _ = self._opened()
        for trial_id in sorted(self._dropped - aws.copies.donors):
            self._dropped.remove(trial_id)
            try:
                patiently(partial(aws.drop_checkpoint, trial_id))
            except (Busy, NoAccess, Refused) as error:
                warnings.warn(
                    f"Checkpoints cannot be removed from S3, and cost money there: {error}. Whoever tunes needs the "
                    "permission s3:DeleteObject.",
                    TunekitWarning,
                    stacklevel=3,
                )
