"""A trial that counts as running: where it was sent, what it has reached, and its current run."""

from __future__ import annotations

import attrs

from tunekit_core import Trial
from tunekit_local.reports import ReportFile
from tunekit_local.supervised_run import Ending, SupervisedRun
from tunekit_local.trial_folder import TrialFolder


@attrs.define(eq=False)
class RunningTrial:
    """A trial that the tuner has started or resumed and that has not ended.

    Attributes:
        trial: Which.
        segment: How often the tuner has started or resumed it, this time included.
        until: The resource that it was sent to.
        folder: Its files.
        reports: What it reports.
        run: Its current run; ``None`` while it waits for devices.
        is_asked_to_end: Whether it was asked to end.
        has_reached_target: Whether it has reported ``until``.
        n_retries: How often it was started again after it failed.
        is_restored: Whether its current run was begun by a tuner that has died.
    """

    trial: Trial
    segment: int
    until: int | None
    folder: TrialFolder
    reports: ReportFile
    run: SupervisedRun | None = None
    is_asked_to_end: bool = False
    has_reached_target: bool = False
    n_retries: int = 0
    is_restored: bool = False

    def is_running(self) -> bool:
        """Whether its current run goes on; not while it waits for devices."""
        return self.run is not None and self.run.is_running()

    def ending(self) -> Ending | None:
        """How its current run ended; ``None`` if it has not, was never begun, or if its supervisor was killed."""
        return None if self.run is None else self.run.ending()
