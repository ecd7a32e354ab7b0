"""How far a run of a trial has come, as a backend that reads its reports knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from tunekit_core.contracts.trials import Trial

NEVER = float("inf")


@attrs.define(eq=False, kw_only=True)
class RunProgress:
    """A run that the tuner has begun and that has not ended. Backends add what runs it.

    Attributes:
        trial: Of which trial.
        number: Which run of it: the engine raises that of the trial when it begins the next.
        until: The resource that it was sent to.
        target: That, or the last resource, where there is one: what it has to report.
        resource: The metric that says how far it has come; ``None`` counts the reports of the run, from 1.
        n_recorded: How many of its reports the record has from before this process.
        is_to_end: Whether its end was decided: what comes of our asking is no failure.
        is_asked_to_end: Whether it was asked to end by this process.
        ends_by_itself_until: When it is asked to end, on the monotonic clock, if it has not ended by itself where it
            was sent; infinity if it is not to end.
        n_read: How many of its reports were read.
        reached: How far it has come by what was read.
    """

    trial: Trial
    number: int
    until: int | None
    target: int | None
    resource: str | None
    n_recorded: int = 0
    is_to_end: bool = False
    is_asked_to_end: bool = False
    ends_by_itself_until: float = NEVER
    n_read: int = 0
    reached: float = -NEVER

    def read(self, metrics: Mapping[str, Any]) -> bool:
        """Take notice of the next report; whether the tuner does not have it yet."""
        self.n_read += 1
        self.reached = max(self.reached, self.n_read if self.resource is None else number_in(metrics, self.resource))
        return self.n_read > self.n_recorded

    @property
    def has_reached_target(self) -> bool:
        """Whether it has reported its target."""
        return self.target is not None and self.reached >= self.target

    @property
    def is_where_it_was_sent(self) -> bool:
        """Whether it was sent to a resource, and has reported that."""
        return self.until is not None and self.reached >= self.until

    def is_overdue(self, now: float) -> bool:
        """Whether it was to end by itself where it was sent, and has reported more or taken too long."""
        if self.ends_by_itself_until == NEVER or self.is_asked_to_end:
            return False
        return now >= self.ends_by_itself_until or (self.until is not None and self.reached > self.until)


def number_in(metrics: Mapping[str, Any], name: str) -> float:
    """A metric of a report; minus infinity if it is missing, no number, or larger than any."""
    value = metrics.get(name)
    try:
        return float(value) if isinstance(value, int | float) and value == value else -NEVER
    except OverflowError:
        return -NEVER
