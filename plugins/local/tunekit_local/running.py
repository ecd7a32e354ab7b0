"""Trials that run, and how their scripts are started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.contracts.trials import Trial
from tunekit_local.commands import command_of, environment_of
from tunekit_local.devices import Assignment
from tunekit_local.process import RunProcess
from tunekit_local.reports import ReportFile
from tunekit_local.trial_folder import TrialFolder


@attrs.define(eq=False)
class Running:
    """A trial that counts as running.

    Attributes:
        trial: Which.
        segment: The how many-th time, from 1, that the tuner started or resumed it.
        until: Where it was sent to.
        folder: Its files.
        reports: What it says.
        process: Its current run; ``None`` while it waits for devices.
        is_asked: Whether it was asked to end.
        has_reached: Whether it has reported ``until``.
        n_retries: How often it was started again after it failed.
    """

    trial: Trial
    segment: int
    until: int | None
    folder: TrialFolder
    reports: ReportFile
    process: RunProcess | None = None
    is_asked: bool = False
    has_reached: bool = False
    n_retries: int = 0

    def runs(self) -> bool:
        """Whether its script is at work."""
        return self.process is not None and self.process.is_running()


@attrs.frozen
class Launcher:
    """Starts scripts, all of an experiment in the same way.

    Attributes:
        script: The program that trains.
        max_resource_attr: The argument through which it is told how far to go, if it has one.
        environment: That of the user.
        notices: Where it says that it has reported.
        lifeline: Its end of file ends the run; ``None`` if runs outlive the tuner.
        grace_period: Seconds from SIGTERM to SIGKILL.
        timeout: Seconds after which a run is ended, if there is a limit.
        log_bytes: How much is kept of what is printed.
    """

    script: Script
    max_resource_attr: str | None
    environment: Mapping[str, str]
    notices: Path
    lifeline: int | None
    grace_period: float
    timeout: float | None
    log_bytes: int

    def launch(self, running: Running, devices: Assignment) -> RunProcess:
        """Start one more run of a trial.

        Raises:
            OSError: If its files cannot be written, or the system cannot start one more process.
        """
        return RunProcess.launch(running.folder.add_run(self._spec(running, devices)), self.lifeline)

    def _spec(self, running: Running, devices: Assignment) -> Mapping[str, Any]:
        configuration = dict(running.trial.configuration)
        if self.max_resource_attr is not None and running.until is not None:
            configuration[self.max_resource_attr] = running.until
        folder = running.folder
        return {
            "command": command_of(self.script, configuration, folder),
            "folder": None if self.script.folder is None else str(self.script.folder),
            "environment": environment_of(self.environment, self.script, devices.environment, folder, self.notices),
            "stdout": str(folder.stdout),
            "stderr": str(folder.stderr),
            "log_bytes": self.log_bytes,
            "grace_period": self.grace_period,
            "timeout": self.timeout,
            "cpus": devices.cpus,
            "notices": str(self.notices),
            "devices": attrs.asdict(devices),
            "segment": running.segment,
        }
