"""A trial that counts as running: where it was sent, what it has reported, and its current run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from tunekit_core import Trial
from tunekit_local.reports import ReportFile, number
from tunekit_local.run_process import RunProcess
from tunekit_local.trial_folder import TrialFolder


@attrs.define(eq=False)
class RunningTrial:
    """A run that the tuner has begun and that has not ended.

    Attributes:
        trial: Of which trial.
        number: Which run of it: the engine raises that of the trial when it begins the next.
        until: The resource that it was sent to.
        target: That, or the last resource, where there is one: what it has to report.
        resource: The metric that says how far it has come; ``None`` counts the reports of the run, from 1.
        folder: Files of the trial.
        n_recorded: How many of its reports the record has from before this process.
        reports: What it reports.
        process: What runs; ``None`` while the trial waits for devices.
        is_to_end: Whether its end was decided: what comes of our signal is no failure.
        is_asked_to_end: Whether it got that signal from this process.
        asked: When, on the monotonic clock; infinity if it did not.
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
    folder: TrialFolder
    n_recorded: int = 0
    process: RunProcess | None = None
    is_to_end: bool = False
    is_asked_to_end: bool = False
    asked: float = float("inf")
    ends_by_itself_until: float = float("inf")
    n_read: int = 0
    reached: float = float("-inf")
    reports: ReportFile = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reports = self.folder.run(self.number).open_reports()

    def read(self, metrics: Mapping[str, Any]) -> bool:
        """Take notice of the next report; whether the tuner does not have it yet."""
        self.n_read += 1
        self.reached = max(self.reached, self.n_read if self.resource is None else number(metrics, self.resource))
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
        if self.ends_by_itself_until == float("inf") or self.is_asked_to_end:
            return False
        return now >= self.ends_by_itself_until or (self.until is not None and self.reached > self.until)

    def ask_to_end(self) -> None:
        """Have it ended, which is not a failure from now on."""
        self.is_to_end = self.is_asked_to_end = True
        self.asked = min(self.asked, time.monotonic())
        if self.process is not None:
            self.process.ask_to_end()
