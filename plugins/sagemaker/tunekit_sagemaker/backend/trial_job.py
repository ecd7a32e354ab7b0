"""A trial that counts as running: its job, where it was sent, and what it has reported."""

from __future__ import annotations

import attrs

from tunekit_core import RunProgress
from tunekit_sagemaker.jobs.statuses import JobEnd, JobStatus

NEVER = float("inf")


@attrs.define(eq=False, kw_only=True)
class TrialJob(RunProgress):
    """A run that is a training job, or waits to become one.

    Attributes:
        name: Of its job; ``None`` until the run is claimed.
        is_created: Whether there is a job.
        is_placed: Whether it was told where it runs.
        status: The last that was seen of it.
        is_cut_off: Whether its job was stopped when the experiment went on: with the process that tuned before.
        over_since: When it was first seen to be over, on the monotonic clock.
        end: How its job has ended, once that was asked.
        last_logged: When something that it has logged was read last, on the monotonic clock.
        n_without_capacity: How many jobs of this run there were for which SageMaker had no instance.
        not_before: When the next one is created at the earliest, on the monotonic clock.
    """

    name: str | None = None
    is_created: bool = False
    is_placed: bool = False
    status: JobStatus | None = None
    is_cut_off: bool = False
    over_since: float = NEVER
    end: JobEnd | None = None
    last_logged: float = 0.0
    n_without_capacity: int = 0
    not_before: float = 0.0

    @property
    def needs_copy(self) -> bool:
        """Whether it begins from the checkpoint of another trial, and not from its own."""
        return self.trial.parent is not None and self.trial.n_reports == 0

    def begin_again(self) -> None:
        """It has no job any more, and waits for another one."""
        self.name, self.status, self.end = None, None, None
        self.is_created = self.is_placed = False
        self.over_since = NEVER
        self.n_without_capacity += 1
