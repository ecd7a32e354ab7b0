"""The runs of an experiment that wait for a job or have one: what was decided of each is done, and what it did is told.

Everything is asked when one of these methods is called: nothing happens while nobody waits, but that checkpoints are
copied.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from functools import partial

from tunekit_core import BackendEvent, Cause, TrialPlaced, TrialReported
from tunekit_sagemaker.aws.errors import Busy, Refused, patiently
from tunekit_sagemaker.aws.limits import RequestRefused
from tunekit_sagemaker.backend.connection import Connection
from tunekit_sagemaker.backend.endings import lacks_capacity, meets_every_trial
from tunekit_sagemaker.backend.starter import Starter
from tunekit_sagemaker.backend.trial_ends import TrialEnds
from tunekit_sagemaker.backend.trial_job import NEVER, TrialJob

JITTER = 0.2  # part of the interval: several tuners are not to look together
SLOWEST = 16.0  # times as long between looks, where AWS is too busy to answer


class TrialJobs:
    """The runs that have not ended.

    Args:
        aws: Asks AWS.
        starter: Creates jobs.
        ends: Says what the end of a job means.
        now: The clock of the experiment.
        poll_interval: Seconds between two looks.
        settle_time: Seconds for which the log of a job that is over is waited for.
        can_be_told: Whether the program is told how far to go; one that is not is ended when it has got there.
    """

    def __init__(
        self,
        aws: Connection,
        starter: Starter,
        ends: TrialEnds,
        now: Callable[[], float],
        *,
        poll_interval: float,
        settle_time: float,
        can_be_told: bool,
    ) -> None:
        self._aws = aws
        self._starter = starter
        self._ends = ends
        self._now = now
        self._poll_interval = poll_interval
        self._settle_time = settle_time
        self._can_be_told = can_be_told
        self._running: dict[int, TrialJob] = {}
        self._events: list[BackendEvent] = []
        self._look_at = 0.0  # when jobs are looked at again, on the monotonic clock
        self._slower = 1.0

    @property
    def names(self) -> list[str]:
        """Of the jobs that run, or may: also of one whose creation was not answered."""
        return [
            job.name
            for job in self._running.values()
            if job.name is not None and not job.is_asked_to_end and job.over_since == NEVER
        ]

    @property
    def due(self) -> float:
        """When there is something to do, on the monotonic clock; infinity if no run is left."""
        if not self._running:
            return NEVER
        return min(self._look_at, self._starter.due, time.monotonic() + self._aws.copies.seconds_to_look)

    def of(self, trial_id: int) -> TrialJob | None:
        """The run of a trial that has not ended."""
        return self._running.get(trial_id)

    def add(self, job: TrialJob) -> None:
        """A run begins: it waits for a copy of the checkpoint that it starts from, and for its job."""
        self._running[job.trial.id] = job
        parent = job.trial.parent
        if parent is not None and job.needs_copy:
            self._aws.copies.add(job, donor_runs=parent.trial_id in self._running)
        else:
            self._starter.add(job)

    def take_up(self, job: TrialJob) -> None:
        """A run goes on that a process before this one has begun; it is begun if that one has not got so far."""
        self._running[job.trial.id] = job
        patiently(partial(self._find, job))
        if not job.is_created and not job.is_to_end:
            self.add(job)

    def end(self, job: TrialJob) -> None:
        """The end of a run was decided."""
        job.is_to_end = True
        self._starter.remove(job)
        self._aws.copies.remove(job)

    def costs_before(self, job: TrialJob) -> None:
        """Learn what the runs of a trial before this one have cost, where another process has seen their ends."""
        if job.number > 0 and job.trial.id not in self._ends.costs:
            self._ends.costs[job.trial.id] = patiently(partial(self._aws.cost_of_runs_before, job.trial.id, job.number))

    def stop_others(self) -> None:
        """Ask the jobs of the experiment to end that belong to none of these runs."""
        names: Iterable[str | None] = [job.name for job in self._running.values()]
        patiently(partial(self._aws.stop_others, list(names)))

    def go_on(self) -> list[BackendEvent]:
        """Do what is to be done now, and tell what has happened."""
        self._start_waiting()
        self._end_unstarted()
        self._ask_to_end()
        if not self._events and self._running and time.monotonic() >= self._look_at:
            self._look()
        events, self._events = self._events, []
        return events

    def _find(self, job: TrialJob) -> None:
        """See whether a run has a job already."""
        job.name = self._aws.claims.find(job.trial.id, job.number)
        if job.name is not None:
            self._see_whether_created(job, job.name)
            job.is_cut_off = job.status is not None and job.status.was_stopped
        self._ends.costs[job.trial.id] = self._aws.cost_of_runs_before(job.trial.id, job.number)

    def _see_whether_created(self, job: TrialJob, name: str) -> None:
        job.status = self._aws.jobs.status(name)
        job.is_created = job.status is not None

    def _start_waiting(self) -> None:
        """Create the jobs of runs that wait, as far as SageMaker takes them now."""
        for job, failure in self._aws.copies.take_done():
            if failure is None:
                self._starter.add(job)
            else:
                cause = Cause.INFRASTRUCTURE if failure.passes else Cause.SCRIPT
                patiently(partial(self._tell_end, job, cause, failure.reason))
        while True:
            first = self._starter.first
            any_runs = any(job.is_created for job in self._running.values())
            try:
                if self._starter.start_waiting(any_runs=any_runs) is None:
                    return
            except (Refused, RequestRefused) as error:
                if first is None or not self._starter.has_created:
                    raise  # others would be refused alike
                patiently(partial(self._tell_end, first, Cause.LIMIT, f"SageMaker refuses its job: {error}"))

    def _end_unstarted(self) -> None:
        """Tell the ends of runs whose end was decided before they had a job, unless they have one after all."""
        for job in [each for each in self._running.values() if each.is_to_end and not each.is_created]:
            try:
                if job.name is not None:  # the answer to its creation may have been lost
                    self._see_whether_created(job, job.name)
                if not job.is_created:
                    self._conclude(job)
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
                    self._aws.jobs.stop(str(job.name))
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
        self._slower = min(2 * self._slower, SLOWEST) if is_busy else max(1.0, self._slower / 2)
        pause = self._slower * self._poll_interval
        self._look_at = time.monotonic() + pause * random.uniform(1 - JITTER, 1 + JITTER)

    def _see_statuses(self) -> None:
        by_name = {str(job.name): job for job in self._running.values() if job.is_created and job.over_since == NEVER}
        statuses = self._aws.statuses(by_name)
        for name, job in by_name.items():
            status = statuses.get(name)
            if status is None:  # the list is behind, or the job was deleted
                status = self._aws.jobs.status(name)
            if status is None or status.is_final:
                job.over_since = time.monotonic()
            if status is not None:
                job.status = status
                if status.has_begun and not job.is_placed:
                    self._place(job)

    def _place(self, job: TrialJob) -> None:
        job.is_placed = True
        self._starter.has_instance()
        self._events.append(TrialPlaced(job.trial.id, job.number, str(job.name), self._now()))

    def _read(self, job: TrialJob) -> None:
        reports = self._aws.reports_of(job, thoroughly=job.over_since != NEVER)
        if reports:
            job.last_logged = time.monotonic()
            if not job.is_placed:
                self._place(job)
        for metrics in reports:
            if job.read(metrics):
                costs = self._ends.cost_so_far(job, metrics)
                self._events.append(TrialReported(job.trial.id, job.number, {**metrics, **costs}, self._now()))
        if job.is_where_it_was_sent and not self._can_be_told:
            job.is_to_end = True

    def _conclude_if_over(self, job: TrialJob) -> None:
        if job.over_since == NEVER:
            return
        log = self._aws.log
        if job.end is None:
            job.end = self._aws.jobs.end(str(job.name))
        if log.is_behind(str(job.name)):
            job.last_logged = time.monotonic()
        is_settled = time.monotonic() - max(job.over_since, job.last_logged) > self._settle_time
        has_no_log = job.end is not None and not job.end.has_run
        if is_settled or has_no_log or log.is_complete(str(job.name)):
            name = str(job.name)
            self._conclude(job)
            log.forget(name)

    def _conclude(self, job: TrialJob) -> None:
        """The job of a run is over, or there never was one."""
        end = job.end
        if meets_every_trial(end):
            assert end is not None
            raise Refused(f"SageMaker cannot run any of these trials: {end.failure}")
        if lacks_capacity(end) and not job.is_to_end:
            assert end is not None
            any_runs = any(other.is_placed for other in self._running.values())
            self._aws.claims.lost.add((job.trial.id, job.number))  # its next job gets a name of its own
            job.begin_again()
            self._starter.try_later(job, end.failure, any_runs=any_runs)
            return
        cause, reason = self._ends.meaning(job)
        self._tell_end(job, cause, reason)

    def _tell_end(self, job: TrialJob, cause: Cause | None, reason: str) -> None:
        """Tell the end of a run; without a cause it has not failed."""
        self._events.append(self._ends.event(job, cause, reason, self._now()))
        del self._running[job.trial.id]
        self._starter.hurry()
