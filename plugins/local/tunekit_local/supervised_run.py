"""One run of a trial and its supervisor, which this process has started or one that died."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tunekit_local import supervisor

SECONDS_TO_CLAIM = 5.0  # between making the file that claims a run and writing into it; it takes microseconds
Ending: TypeAlias = Mapping[str, Any]  # the content of exit.json


class SupervisedRun:
    """A run of a trial under its supervisor.

    Args:
        folder: Of the run.
        process: The supervisor, if this process has started it.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._folder = str(folder)
        self._process = process

    @classmethod
    def launch(cls, folder: Path, lifeline: int | None) -> SupervisedRun:
        """Start the supervisor of a run.

        Raises:
            OSError: If the system cannot start one more process.
        """
        return cls(folder, supervisor.launch(str(folder), lifeline))

    @classmethod
    def find(cls, folder: Path) -> SupervisedRun:
        """The run that a process which has died was to start.

        If no supervisor has claimed the run by now, none can do so afterwards: it is claimed here.
        """
        claim = folder / "process.jsonl"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            limit = time.monotonic() + SECONDS_TO_CLAIM
            while not _is_named(folder) and not _claim_is_stale(claim) and time.monotonic() < limit:
                time.sleep(0.01)
        return cls(folder)

    def is_running(self) -> bool:
        """Whether the supervisor is at work."""
        if self._process is not None and self._process.poll() is None:
            return True
        processes = supervisor.read_processes(self._folder)
        return bool(processes) and supervisor.is_alive(processes[0])

    def is_over(self) -> bool:
        """Whether the run has ended: its end is recorded, or there is no supervisor that could record it."""
        return self.ending() is not None or not self.is_running()

    def ending(self) -> Ending | None:
        """How the run ended; ``None`` if it has not, or if its supervisor was killed."""
        return supervisor.read_exit(self._folder)

    def ask_to_end(self) -> None:
        """Have the run ended; its script has the grace period to write a checkpoint."""
        self._signal(signal.SIGTERM)

    def end_by_force(self) -> None:
        """End what is left of the run at once: the supervisor first, then the group of its child."""
        self._signal(signal.SIGKILL)
        for child in supervisor.read_processes(self._folder)[1:]:
            if _leads_its_group(child):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child["pid"], signal.SIGKILL)

    def reap(self, timeout: float = 0.0) -> bool:
        """Collect the supervisor, so that it is no zombie; false if it has not ended within so many seconds."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        return self._process is None or self._process.returncode is not None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)  # honoured even before it has claimed the run
            return
        processes = supervisor.read_processes(self._folder)
        if processes and supervisor.is_alive(processes[0]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(processes[0]["pid"], number)


def _leads_its_group(child: Mapping[str, Any]) -> bool:
    """Whether a group of processes with the pid of this child can only be the one that it began.

    It may outlive the child. As long as it exists the system gives its number to no other process.
    """
    here = supervisor.identity(os.getpid())
    if here is None or here["boot_id"] != child["boot_id"]:
        return False
    now = supervisor.identity(child["pid"])
    return now is None or now["start_time"] == child["start_time"]


def _is_named(folder: Path) -> bool:
    """Whether the supervisor of a run has written down which process it is."""
    return bool(supervisor.read_processes(str(folder)))


def _claim_is_stale(claim: Path) -> bool:
    """Whether a file that claims a run was made so long ago that its maker must have died before writing into it."""
    return time.time() - claim.stat().st_mtime > SECONDS_TO_CLAIM
