"""Runs of trials as processes of this machine, each under its supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_local import supervisor
from tunekit_local.run_process import Ending

SECONDS_TO_CLAIM = 5.0  # between making the file that claims a run and writing into it; it takes microseconds
SECONDS_TO_END = 15.0  # that a supervisor whose run is over has to end itself


class SupervisedRun:
    """A run of a trial under its supervisor; a :class:`~tunekit_local.run_process.RunProcess`.

    Args:
        folder: Of the run.
        process: The supervisor, if this process has started it.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._folder = str(folder)
        self._process = process

    def is_over(self) -> bool:
        return self.ending() is not None or not self._is_supervised()

    def ending(self) -> Ending | None:
        return supervisor.read_exit(self._folder)

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a supervisor that was stopped acts on no other signal before

    def wake(self) -> None:
        processes = supervisor.read_processes(self._folder)
        if processes and supervisor.is_stopped(processes[0]):
            self._signal(signal.SIGCONT)

    def end_by_force(self) -> None:
        """The supervisor first, then the group of its child."""
        self._signal(signal.SIGKILL)
        for child in supervisor.read_processes(self._folder)[1:]:
            if _leads_its_group(child):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child["pid"], signal.SIGKILL)

    def _is_supervised(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return True
        processes = supervisor.read_processes(self._folder)
        return bool(processes) and supervisor.is_alive(processes[0])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)  # honoured even before it has claimed the run
            return
        processes = supervisor.read_processes(self._folder)
        if processes and supervisor.is_alive(processes[0]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(processes[0]["pid"], number)


class SupervisedRuns:
    """The runs of one experiment on this machine; :class:`~tunekit_local.run_process.RunProcesses`.

    Args:
        end_with_tuner: Whether runs end when this process dies.
    """

    def __init__(self, *, end_with_tuner: bool) -> None:
        self._lifeline = os.pipe() if end_with_tuner else None
        self._supervisors: list[subprocess.Popen[bytes]] = []

    def launch(self, folder: Path) -> SupervisedRun:
        self._supervisors = [process for process in self._supervisors if process.poll() is None]  # collects the others
        process = supervisor.launch(str(folder), None if self._lifeline is None else self._lifeline[0])
        self._supervisors.append(process)
        return SupervisedRun(folder, process)

    def find(self, folder: Path) -> SupervisedRun:
        """If no supervisor has claimed the run by now, it is claimed here, so that none can do so afterwards."""
        claim = folder / "process.jsonl"
        try:
            os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            limit = time.monotonic() + SECONDS_TO_CLAIM
            while not _is_named(folder) and not _claim_is_stale(claim) and time.monotonic() < limit:
                time.sleep(0.01)
        return SupervisedRun(folder)

    def close(self) -> None:
        for process in self._supervisors:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
        for end in self._lifeline or ():
            os.close(end)


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
