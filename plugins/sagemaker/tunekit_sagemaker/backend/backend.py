"""The SageMaker backend: every run of a trial is a training job."""

from __future__ import annotations

import random
import tempfile
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    Cause,
    Checkpoint,
    ConfigurationError,
    Executable,
    Problem,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialPlaced,
    TrialReported,
    UnfinishedTrial,
    is_secret,
    mask_secrets,
)
from tunekit_sagemaker.aws.errors import Busy, NoAccess, Refused, patiently
from tunekit_sagemaker.aws.limits import RequestRefused
from tunekit_sagemaker.backend.best import BestTrial
from tunekit_sagemaker.backend.checks import check_options
from tunekit_sagemaker.backend.claims import ClaimedByAnother
from tunekit_sagemaker.backend.connection import Connection, Prepared, prepare
from tunekit_sagemaker.backend.endings import cause_of_end, meets_every_trial, reason_of_end
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.places import Places, former_places, new_places
from tunekit_sagemaker.backend.program import program_of
from tunekit_sagemaker.backend.starter import Starter
from tunekit_sagemaker.backend.trial_job import NEVER, TrialJob
from tunekit_sagemaker.jobs.account import find_account
from tunekit_sagemaker.jobs.statuses import JobEnd

SECONDS_TO_END_BY_ITSELF = 120.0  # of a script that was told where it was sent, and has got there
JITTER = 0.2  # part of the interval: several tuners are not to look together


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
        self._best = BestTrial(problem.objective)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._home = Path()
        self._prepared: Prepared | None = None
        self._connection: Connection | None = None
        self._starter: Starter | None = None
        self._began = time.monotonic()
        self._running: dict[int, TrialJob] = {}
        self._costs: dict[int, float | None] = {}  # of the runs of a trial that are over, in dollars
        self._dropped: set[int] = set()  # trials whose checkpoints are removed once no other is started from them
        self._events: list[BackendEvent] = []  # that are known already
        self._look_at = 0.0  # when jobs are looked at again, on the monotonic clock
        self._is_of_another = False  # the experiment: its jobs are none of ours
        self._slower = 1.0  # times as long between looks, where AWS is too busy to answer

    def check(self) -> None:
        """Ask AWS for the region, the role and the bucket."""
        find_account(self._options, "backend=sagemaker")

    def open(self, n_workers: int) -> None:
        folder = self.folder
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="tunekit-")
            folder = Path(self._temporary.name)
        folder.mkdir(parents=True, exist_ok=True)
        self._home = folder
        self._prepared = prepare(folder, self._options, self._script)
        self._began = time.monotonic()

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        places = former_places(self._home)
        aws, _ = self._connect(places) if places is not None else self._opened()
        self._began += self.now() - time
        known = {unfinished.trial.id: unfinished.trial.run for unfinished in trials}
        patiently(partial(aws.claims.find_lost, known))
        for unfinished in trials:
            trial = unfinished.trial
            if trial.last_report is not None:
                self._best.see(trial.id, trial.last_report.metrics)
            if trial.status is not Status.RUNNING:
                continue
            job = self._job(trial, trial.until)
            job.n_recorded = unfinished.n_recorded
            job.is_to_end = unfinished.is_ending
            self._running[trial.id] = job
            patiently(partial(self._find, job))
            if not job.is_created and not job.is_to_end:
                self._wait_for_job(job)
        names = [job.name for job in self._running.values()]
        patiently(partial(aws.stop_others, names))

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        """Have the trial wait for its job, and for a copy of the checkpoint that it starts from."""
        self._begin(self._job(trial, until))

    def resume(self, trial: Trial, until: int | None) -> None:
        """Have it wait for another job, which finds what the one before has left in S3."""
        self._begin(self._job(trial, until))

    def pause(self, trial: Trial) -> None:
        """As :meth:`stop`; what is in S3 by its end is its checkpoint.

        A script that was told where it was sent, and has got there, ends by itself: it may have a checkpoint to write,
        and an error on the way is one. It is asked to end if it reports more, or does not end.
        """
        job = self._running.get(trial.id)
        if job is None or self.benchmark.max_resource_attr is None or not job.is_where_it_was_sent:
            self.stop(trial)
        else:
            job.ends_by_itself_until = time.monotonic() + SECONDS_TO_END_BY_ITSELF

    def stop(self, trial: Trial) -> None:
        job = self._running.get(trial.id)
        if job is None:
            return  # it has ended, and that is on its way to the tuner
        job.is_to_end = True
        aws, starter = self._opened()
        starter.remove(job)
        aws.copies.remove(job)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while True:
            self._start_waiting()
            self._end_unstarted()
            self._ask_to_end()
            if not self._events and self._running and time.monotonic() >= self._look_at:
                self._look()
            if self._events:
                events, self._events = self._events, []
                return events
            left = NEVER if deadline is None else deadline - self.now()
            if left <= 0 or not self._running:
                return []
            aws, starter = self._opened()
            due = min(self._look_at, starter.due) - time.monotonic()
            time.sleep(max(0.0, min(left, due, aws.copies.seconds_to_look)))

    def now(self) -> float:
        return time.monotonic() - self._began

    def release(self, trial_ids: tuple[int, ...]) -> None:
        if self._options.delete_checkpoints:
            self._drop(self._best.release(trial_ids))

    def drop_checkpoint(self, trial_id: int) -> None:
        """Remove what a trial has in S3, once no other is started from it. The experiment goes on if that fails."""
        self._drop((trial_id,))

    def close(self) -> None:
        """Ask all jobs to end. Whatever cannot be asked now ends at its time limit."""
        jobs = [job for job in self._running.values() if not job.is_asked_to_end and job.over_since == NEVER]
        names = [job.name for job in jobs if job.name is not None]  # also of one whose creation was not answered
        try:
            if self._connection is not None and not self._is_of_another:
                self._connection.stop_before_leaving(names)
        finally:
            if self._connection is not None:
                self._connection.copies.close()
            if self._temporary is not None:
                self._temporary.cleanup()

    def _opened(self) -> tuple[Connection, Starter]:
        if self._connection is None or self._starter is None:
            self._begin_experiment()
        assert self._connection is not None
        assert self._starter is not None
        return self._connection, self._starter

    def _begin_experiment(self) -> None:
        """A new experiment begins; jobs of one before, in the same folder, are none of it."""
        assert self._prepared is not None  # open() is called first
        former = former_places(self._home)
        if former is not None:
            aws, _ = self._connect(former)
            patiently(partial(aws.stop_others, ()))
        self._connect(new_places(self._home, self._prepared.bucket, self._prepared.prefix))

    def _connect(self, places: Places) -> tuple[Connection, Starter]:
        assert self._prepared is not None  # open() is called first
        aws = Connection(self._prepared, places, self._options, self.benchmark.max_resource_attr)
        self._connection, self._starter = aws, Starter(aws.jobs, aws.claims, aws.request_of)
        return aws, self._starter

    def _job(self, trial: Trial, until: int | None) -> TrialJob:
        target = self.problem.max_resource if until is None else until
        return TrialJob(trial, trial.run, until, target, self.problem.objective.resource)

    def _begin(self, job: TrialJob) -> None:
        aws, _ = self._opened()
        if job.number == 0 and (job.trial.id, 0) in aws.claims.lost:
            patiently(partial(aws.drop_checkpoint, job.trial.id))  # of a trial of this number that the record has lost
        if job.number > 0 and job.trial.id not in self._costs:  # it was paused when the experiment went on
            self._costs[job.trial.id] = patiently(partial(aws.cost_of_runs_before, job.trial.id, job.number))
        self._dropped.discard(job.trial.id)  # it is needed after all
        self._running[job.trial.id] = job
        self._wait_for_job(job)

    def _wait_for_job(self, job: TrialJob) -> None:
        aws, starter = self._opened()
        parent = job.trial.parent
        if parent is not None and job.needs_copy:
            aws.copies.add(job, donor_runs=parent.trial_id in self._running)
        else:
            starter.add(job)

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
                    RuntimeWarning,
                    stacklevel=3,
                )

    def _find(self, job: TrialJob) -> None:
        """See whether a run has a job already."""
        aws, _ = self._opened()
        job.name = aws.claims.find(job.trial.id, job.number)
        if job.name is not None:
            self._see_whether_created(job, job.name)
            job.is_cut_off = job.status is not None and job.status.was_stopped
        self._costs[job.trial.id] = aws.cost_of_runs_before(job.trial.id, job.number)

    def _see_whether_created(self, job: TrialJob, name: str) -> None:
        job.status = self._opened()[0].jobs.status(name)
        job.is_created = job.status is not None

    def _start_waiting(self) -> None:
        """Create the jobs of runs that wait, as far as SageMaker takes them now."""
        aws, starter = self._opened()
        for job, failure in aws.copies.take_done():
            if failure is None:
                starter.add(job)
            else:
                cause = Cause.INFRASTRUCTURE if failure.passes else Cause.SCRIPT
                patiently(partial(self._end, job, cause, failure.reason))
        if self._dropped:
            self._drop(())
        while True:
            first = starter.first
            any_runs = any(job.is_created for job in self._running.values())
            try:
                if starter.start_waiting(any_runs=any_runs) is None:
                    return
            except ClaimedByAnother:
                self._is_of_another = True
                raise
            except (Refused, RequestRefused) as error:
                if first is None or not starter.has_created:
                    raise  # others would be refused alike
                patiently(partial(self._end, first, Cause.LIMIT, f"SageMaker refuses its job: {error}"))

    def _end_unstarted(self) -> None:
        """Tell the ends of runs whose end was decided before they had a job, unless they have one after all."""
        for job in [each for each in self._running.values() if each.is_to_end and not each.is_created]:
            try:
                if job.name is not None:  # the answer to its creation may have been lost
                    self._see_whether_created(job, job.name)
                if not job.is_created:
                    self._conclude(job, None)
            except Busy:
                return  # with the next look

    def _ask_to_end(self) -> None:
        """Stop the jobs whose end was decided, or that are overdue."""
        now = time.monotonic()
        for job in self._running.values():
            if job.is_overdue(now):
                job.is_to_end = True
            if job.is_to_end and job.is_created and not job.is_asked_to_end and job.over_since == NEVER:
                try:
                    self._opened()[0].jobs.stop(str(job.name))
                except Busy:
                    return  # with the next look
                job.is_asked_to_end = True

    def _look(self) -> None:
        """See what jobs have logged, and which are over; all that a trial reported comes before its end."""
        is_busy = False
        try:
            self._see_statuses()
        except Busy:
            is_busy = True
        for job in [each for each in self._running.values() if each.is_created]:
            try:
                self._read(job)
                self._conclude_if_over(job)
            except Busy:
                is_busy = True
        self._slower = min(2 * self._slower, 16.0) if is_busy else max(1.0, self._slower / 2)
        pause = self._slower * self._options.poll_interval
        self._look_at = time.monotonic() + pause * random.uniform(1 - JITTER, 1 + JITTER)

    def _see_statuses(self) -> None:
        by_name = {str(job.name): job for job in self._running.values() if job.is_created and job.over_since == NEVER}
        aws, _ = self._opened()
        statuses = aws.statuses(by_name)
        for name, job in by_name.items():
            status = statuses.get(name)
            if status is None:  # the list is behind, or the job was deleted
                status = aws.jobs.status(name)
            if status is None or status.is_final:
                job.over_since = time.monotonic()
            if status is not None:
                job.status = status
                if status.has_begun and not job.is_placed:
                    self._place(job)

    def _place(self, job: TrialJob) -> None:
        job.is_placed = True
        self._events.append(TrialPlaced(job.trial.id, job.number, str(job.name), self.now()))

    def _read(self, job: TrialJob) -> None:
        aws, _ = self._opened()
        reports = aws.reports_of(job, thoroughly=job.over_since != NEVER)
        if reports:
            job.last_logged = time.monotonic()
            if not job.is_placed:
                self._place(job)
        for metrics in reports:
            self._best.see(job.trial.id, metrics)
            if job.read(metrics):
                costs = self._cost_so_far(job, metrics)
                self._events.append(TrialReported(job.trial.id, job.number, {**metrics, **costs}, self.now()))
        if job.is_where_it_was_sent and self.benchmark.max_resource_attr is None:
            job.is_to_end = True  # a script that cannot be told how far to go is ended when it has got there

    def _cost_so_far(self, job: TrialJob, metrics: Mapping[str, Any]) -> dict[str, float]:
        aws, _ = self._opened()
        machines = aws.machines_of(job.trial.configuration)
        before = self._costs.get(job.trial.id, 0.0)
        return aws.prices.so_far(metrics, machines.instance_type, machines.instance_count, before)

    def _conclude_if_over(self, job: TrialJob) -> None:
        if job.over_since == NEVER:
            return
        aws, _ = self._opened()
        if job.end is None:
            job.end = aws.jobs.end(str(job.name))
        if aws.log.is_behind(str(job.name)):
            job.last_logged = time.monotonic()
        is_settled = time.monotonic() - max(job.over_since, job.last_logged) > self._options.settle_time
        has_no_log = job.end is not None and not job.end.has_run
        if is_settled or has_no_log or aws.log.is_complete(str(job.name)):
            self._conclude(job, job.end)
            aws.log.forget(str(job.name))

    def _conclude(self, job: TrialJob, end: JobEnd | None) -> None:
        """The run of a trial is over."""
        if meets_every_trial(end):
            assert end is not None
            raise Refused(f"SageMaker cannot run any of these trials: {end.failure}")
        may_end = job.is_to_end or job.has_reached_target
        marker = self._opened()[0].end_in_log(job)
        cause = cause_of_end(end, marker, may_end=may_end, is_cut_off=job.is_cut_off)
        self._end(job, cause, "" if cause is None else self._reason(job, end), end)

    def _reason(self, job: TrialJob, end: JobEnd | None) -> str:
        """Why a run failed, without the secrets that it was given: the toolkit tells all that a program wrote."""
        secrets = [value for name, value in self._script.environment.items() if is_secret(name, value)]
        return mask_secrets(reason_of_end(end, is_cut_off=job.is_cut_off), secrets)

    def _end(self, job: TrialJob, cause: Cause | None, reason: str, end: JobEnd | None = None) -> None:
        """Tell the end of a run; without a cause it has not failed."""
        trial_id, (aws, starter) = job.trial.id, self._opened()
        has_checkpoint = aws.has_checkpoint(trial_id)  # before anything is noted: it may fail, and is done again then
        before, of_run = self._costs.get(trial_id, 0.0), aws.prices.of_run(end)
        self._costs[trial_id] = None if before is None or of_run is None else before + of_run
        self._events.append(
            TrialEnded(
                trial_id,
                job.number,
                Status.COMPLETED if cause is None else Status.FAILED,
                self.now(),
                cause=cause or Cause.SCRIPT,
                reason=reason,
                cost=self._costs[trial_id],
                has_checkpoint=has_checkpoint,
            )
        )
        del self._running[trial_id]
        starter.hurry()
