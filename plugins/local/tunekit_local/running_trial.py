"""A trial that counts as running: where it was sent, what it has reported, and its current run."""

from __future__ import annotations

import time

import attrs

from tunekit_core import RunProgress
from tunekit_local.reports import ReportFile
from tunekit_local.run_process import RunProcess
from tunekit_local.trial_folder import TrialFolder


@attrs.define(eq=False, kw_only=True)
class RunningTrial(RunProgress):
    """A run on this machine.

    Attributes:
        folder: Files of the trial.
        reports: What it reports.
        process: What runs; ``None`` while the trial waits for devices.
        asked: When it got our signal to end, on the monotonic clock; infinity if it did not.
    """

    folder: TrialFolder
    process: RunProcess | None = None
    asked: float = float("inf")
    reports: ReportFile = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reports = self.folder.run(self.number).open_reports()

    def ask_to_end(self) -> None:
        """Have it ended, which is not a failure from now on."""
        self.is_to_end = self.is_asked_to_end = True
        self.asked = min(self.asked, time.monotonic())
        if self.process is not None:
            self.process.ask_to_end()
