"""The order in which trials get devices and are started."""

from __future__ import annotations

from tunekit_core import StartFailed
from tunekit_local.devices import Devices
from tunekit_local.launcher import Launcher, failures_to_start
from tunekit_local.running_trial import RunningTrial


class StartQueue:
    """Starts trials as soon as their devices are free, in the order in which they came.

    Args:
        launcher: Starts their scripts.
        devices: What they hold until it is released.
    """

    def __init__(self, launcher: Launcher, devices: Devices) -> None:
        self._launcher = launcher
        self._devices = devices
        self._waiting: list[RunningTrial] = []

    def start(self, running: RunningTrial) -> None:
        """Start a trial at once, or have it wait until all that wait already are started and its devices are free.

        Raises:
            StartFailed: If its script cannot be started.
            OSError: If the disk is full.
        """
        if self._waiting or not self._launch(running):
            self.add(running)

    def add(self, running: RunningTrial) -> None:
        """Have a trial wait until :meth:`start_waiting` is called."""
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
        """Start the script of a trial; false if too few devices are free. One that cannot be started holds none."""
        trial_id = running.trial.id
        devices = self._devices.assign(trial_id)
        if devices is None:
            return False
        try:
            with failures_to_start("Its script cannot be started"):
                running.run = self._launcher.launch(running, devices)
        except (StartFailed, OSError):
            self._devices.release(trial_id)
            raise
        return True
