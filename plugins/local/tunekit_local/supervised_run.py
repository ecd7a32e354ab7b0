"""Runs of trials as processes of this machine, each under its supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

from tunekit_local import supervisor
from tunekit_local.run_process import Ending
from tunekit_local.run_records import (
    folder_when_begun,
    is_blank,
    leads_its_group,
    read_exit,
    read_processes,
    supervisor_of,
)
from tunekit_local.trial_files import create_file

SECONDS_TO_CLAIM = 5.0  # between making the file that claims a run and writing into it; it takes microseconds
SECONDS_TO_LEAVE = 0.5  # that a supervisor has between its last word and its end; it takes less than a thousandth
SECONDS_TO_END = 15.0  # that a supervisor whose run is over has to end itself
UNREADABLE: Ending = {
    "cause": supervisor.ENDED,
    "exit_code": None,
    "signal": None,
    "message": "it has put something else in the place of the file that says how it ended",
    "oom_killed": False,
    "lost_output": "",
}


class SupervisedRun:
    """A run of a trial under its supervisor; a :class:`~tunekit_local.run_process.RunProcess`.

    What is written about it in its folder may come from the script. So it is over once its supervisor has ended, and
    how it ended is believed if the supervisor came to its own end.

    Args:
        folder: Of the run.
        process: The supervisor, if this process has started it.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self._folder = folder
        self._process = process
        self._has_waited = False

    def is_over(self) -> bool:
        if is_blank(self._folder) or self._has_waited:
            return not self._is_supervised()
        limit = time.monotonic() + SECONDS_TO_LEAVE
        while self._is_supervised():
            if time.monotonic() > limit:
                self._has_waited = True  # once: the script has written there
                return False
            time.sleep(0.001)
        return True

    def ending(self) -> Ending | None:
        status = None if self._process is None else self._process.poll()
        if status is not None and status < 0:
            return None
        ending = read_exit(self._folder)
        return UNREADABLE if ending is None and status == 0 else ending

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a supervisor that was stopped acts on no other signal before

    def wake(self) -> None:
        processes = read_processes(self._folder)
        if processes and supervisor.is_stopped(processes[0]):
            self._signal(signal.SIGCONT)

    def end_by_force(self) -> None:
        """The supervisor first, then the group of its child."""
        begun_in = folder_when_begun(self._folder)
        self._signal(signal.SIGKILL)
        for child in read_processes(self._folder)[1:]:
            if leads_its_group(child, begun_in):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child["pid"], signal.SIGKILL)

    def _is_supervised(self) -> bool:
        if self._process is None or (status := self._process.poll()) == supervisor.ALREADY_CLAIMED:
            return supervisor_of(self._folder) is not None
        return status is None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)  # honoured even before it has claimed the run
            return
        pid = supervisor_of(self._folder)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


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
            create_file(folder.parents[2], claim)
        except OSError:
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


def _is_named(folder: Path) -> bool:
    """Whether the supervisor of a run has written down which process it is."""
    return bool(read_processes(folder))


def _claim_is_stale(claim: Path) -> bool:
    """Whether a file that claims a run was made so long ago that its maker must have died before writing into it.

    So it is if a script has written there, or put something else in its place.
    """
    try:
        status = os.lstat(claim)
    except OSError:
        return True
    return not stat.S_ISREG(status.st_mode) or status.st_size > 0 or time.time() - status.st_mtime > SECONDS_TO_CLAIM
