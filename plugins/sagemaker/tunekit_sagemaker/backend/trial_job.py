"""A trial that counts as running: its job, where it was sent, and what it has reported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs

from tunekit_core import Trial
from tunekit_sagemaker.jobs.statuses import JobEnd, JobStatus

NEVER = float("inf")


@attrs.define(eq=False)
class TrialJob:
    """A run that the tuner has begun and that has not ended.

    Attributes:
        trial: Of which trial.
        number: Which run of it.
        until: The resource that it was sent to.
        target: That, or the last resource, where there is one: what it has to report.
        resource: The metric that says how far it has come; ``None`` counts the reports of the run, from 1.
        n_recorded: How many of its reports the record has from before this process.
        name: Of its job; ``None`` until the run is claimed.
        is_created: Whether there is a job.
        is_placed: Whether it was told where it runs.
        status: The last that was seen of it.
        is_to_end: Whether its end was decided: what comes of our asking is no failure.
        is_asked_to_end: Whether SageMaker was asked to stop it.
        ends_by_itself_until: When it is asked to end, on the monotonic clock, if it has not ended by itself where it
            was sent; infinity if it is not to end.
        over_since: When it was first seen to be over, on the monotonic clock.
        end: How its job has ended, once that was asked.
        last_logged: When something that it has logged was read last, on the monotonic clock.
        n_read: How many of its reports were read.
        reached: How far it has come by what was read.
        cost_before: Of the runs before, in dollars; ``None`` if that is not known.
    """

    trial: Trial
    number: int
    until: int | None
    target: int | None
    resource: str | None
    n_recorded: int = 0
    name: str | None = None
    is_created: bool = False
    is_placed: bool = False
    status: JobStatus | None = None
    is_to_end: bool = False
    is_asked_to_end: bool = False
    ends_by_itself_until: float = NEVER
    over_since: float = NEVER
    end: JobEnd | None = None
    last_logged: float = 0.0
    n_read: int = 0
    reached: float = -NEVER
    cost_before: float | None = 0.0

    def read(self, metrics: Mapping[str, Any]) -> bool:
        """Take notice of the next report; whether the tuner does not have it yet."""
        self.n_read += 1
        self.reached = max(self.reached, self.n_read if self.resource is None else _number(metrics, self.resource))
        return self.n_read > self.n_recorded

    @property
    def has_reached_target(self) -> bool:
        """Whether it has reported its target."""
        return self.target is not None and self.reached >= self.target

    @property
    def needs_copy(self) -> bool:
        """Whether it begins from the checkpoint of another trial, and not from its own."""
        return self.trial.parent is not None and self.trial.n_reports == 0

    @property
    def is_where_it_was_sent(self) -> bool:
        """Whether it was sent to a resource, and has reported that."""
        return self.until is not None and self.reached >= self.until

    def is_overdue(self, now: float) -> bool:
        """Whether it was to end by itself where it was sent, and has reported more or taken too long."""
        if self.ends_by_itself_until == NEVER or self.is_to_end:
            return False
        return now >= self.ends_by_itself_until or (self.until is not None and self.reached > self.until)


def _number(metrics: Mapping[str, Any], name: str) -> float:
    value = metrics.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return -NEVER
    return value
