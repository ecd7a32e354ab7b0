"""The order in which trials get devices and are begun."""

from __future__ import annotations

from collections.abc import Callable

from tunekit_core import StartFailed
from tunekit_local.devices import Devices
from tunekit_local.launcher import Launcher, failures_to_start
from tunekit_local.running_trial import RunningTrial


class StartQueue:
    """Begins the runs of trials as soon as their devices are free, in the order in which they came.

    Args:
        launcher: Begins them.
        devices: What they hold until it is released.
        on_begin: Called with each that was begun.
    """

    def __init__(self, launcher: Launcher, devices: Devices, on_begin: Callable[[RunningTrial], None]) -> None:
        self._launcher = launcher
        self._devices = devices
        self._on_begin = on_begin
        self._waiting: list[RunningTrial] = []

    def start(self, running: RunningTrial) -> None:
        """Begin a run at once, or have it wait until all that wait already are begun and its devices are free.

        Raises:
            StartFailed: If its script cannot be started.
            OSError: If the disk is full.
        """
        if self._waiting or not self._launch(running):
            self._waiting.append(running)

    def remove(self, running: RunningTrial) -> None:
        """A trial that waits is not started any more."""
        self._waiting.remove(running)

    def start_waiting(self) -> list[tuple[RunningTrial, StartFailed]]:
        """Start those that wait, as far as devices are free. Call it after some were released.

        Returns:
            The trials that could not be started, and why.

        Raises:
            OSError: If the disk is full.
        """
        failed = []
        while self._waiting:
            first = self._waiting[0]
            try:
                if not self._launch(first):
                    break
            except StartFailed as error:
                failed.append((first, error))
            self._waiting.pop(0)
        return failed

    def _launch(self, running: RunningTrial) -> bool:
        """Begin a run; false if too few devices are free. One that cannot be begun holds none."""
        trial_id = running.trial.id
        devices = self._devices.assign(trial_id)
        if devices is None:
            return False
        try:
            with failures_to_start("Its script cannot be started"):
                running.process = self._launcher.launch(running, devices)
        except (StartFailed, OSError):
            self._devices.release(trial_id)
            raise
        self._on_begin(running)
        return True
