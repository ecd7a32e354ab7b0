"""The SageMaker backend: every run of a trial is a training job."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
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
from tunekit_sagemaker.aws.limits import RequestRefused
from tunekit_sagemaker.backend.best import BestTrial
from tunekit_sagemaker.backend.checks import check
from tunekit_sagemaker.backend.connection import CannotRemove, Connection, Prepared, prepare
from tunekit_sagemaker.backend.endings import cause_of_end, meets_every_trial, reason_of_end
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.backend.places import Places, former_places, new_places
from tunekit_sagemaker.backend.program import program_of
from tunekit_sagemaker.backend.starter import Starter
from tunekit_sagemaker.backend.trial_job import NEVER, TrialJob
from tunekit_sagemaker.jobs.job_client import Busy, NoAccess, Refused
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
        check(options, problem, program_of(self._script))
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
        self._slower = 1.0  # times as long between looks, where AWS is too busy to answer

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
        aws.claims.find_lost({unfinished.trial.id: unfinished.trial.run for unfinished in trials})
        for unfinished in trials:
            trial = unfinished.trial
            if trial.last_report is not None:
                self._best.see(trial.id, trial.last_report.metrics)
            if trial.status is not Status.RUNNING:
                continue
            job = self._job(trial, trial.until)
            job.n_recorded = unfinished.n_recorded
            job.is_to_end = unfinished.is_ending
            job.name = aws.claims.find(trial.id, trial.run)
            status = None if job.name is None else aws.jobs.status(job.name)
            self._costs[trial.id] = aws.cost_of_runs_before(trial.id, trial.run)
            self._running[trial.id] = job
            if status is not None:
                job.is_created, job.status = True, status
            elif job.is_to_end:
                self._conclude(job, None)
            else:
                self._wait_for_job(job)
        aws.stop_others([job.name for job in self._running.values()])

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
        if starter.remove(job) or aws.copies.remove(job):
            self._conclude(job, None)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while True:
            self._start_waiting()
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
        try:
            for job in self._running.values():
                if job.is_created and not job.is_asked_to_end:
                    with contextlib.suppress(Busy, NoAccess, Refused):
                        self._opened()[0].stop_for_sure(str(job.name))
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
            self._connect(former)[0].stop_others(())
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
            aws.drop_checkpoint(job.trial.id)  # of a trial of this number that the record has lost
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
                aws.drop_checkpoint(trial_id)
            except CannotRemove as error:
                warnings.warn(str(error), RuntimeWarning, stacklevel=3)

    def _start_waiting(self) -> None:
        """Create the jobs of runs that wait, as far as SageMaker takes them now."""
        aws, starter = self._opened()
        for job, failure in aws.copies.take_done():
            if failure is None:
                starter.add(job)
            else:
                self._end(job, Cause.INFRASTRUCTURE if failure.passes else Cause.SCRIPT, failure.reason)
        if self._dropped:
            self._drop(())
        while True:
            first = starter.first
            any_runs = any(job.is_created for job in self._running.values())
            try:
                if starter.start_waiting(any_runs=any_runs) is None:
                    return
            except (Refused, RequestRefused) as error:
                if first is None or not starter.has_created:
                    raise  # others would be refused alike
                self._end(first, Cause.LIMIT, f"SageMaker refuses its job: {error}")

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
        try:
            self._see_statuses()
            for job in [each for each in self._running.values() if each.is_created]:
                self._read(job)
                self._conclude_if_over(job)
        except Busy:
            self._slower = min(2 * self._slower, 16.0)
        else:
            self._slower = max(1.0, self._slower / 2)
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
        is_settled = time.monotonic() - max(job.over_since, job.last_logged) > self._options.settle_time
        aws, _ = self._opened()
        if is_settled or aws.log.is_complete(str(job.name)):
            self._conclude(job, aws.jobs.end(str(job.name)))
            aws.log.forget(str(job.name))

    def _conclude(self, job: TrialJob, end: JobEnd | None) -> None:
        """The run of a trial is over."""
        if meets_every_trial(end):
            assert end is not None
            raise Refused(f"SageMaker cannot run any of these trials: {end.failure}")
        may_end = job.is_to_end or job.has_reached_target
        cause = cause_of_end(end, self._opened()[0].end_in_log(job), may_end=may_end)
        self._end(job, cause, "" if cause is None else self._reason(end), end)

    def _reason(self, end: JobEnd | None) -> str:
        """Why a run failed, without the secrets that it was given: the toolkit tells all that a program wrote."""
        secrets = [value for name, value in self._script.environment.items() if is_secret(name, value)]
        return mask_secrets(reason_of_end(end), secrets)

    def _end(self, job: TrialJob, cause: Cause | None, reason: str, end: JobEnd | None = None) -> None:
        """Tell the end of a run; without a cause it has not failed."""
        trial_id, aws = job.trial.id, self._opened()[0]
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
                has_checkpoint=aws.has_checkpoint(trial_id),
            )
        )
        del self._running[trial_id]
