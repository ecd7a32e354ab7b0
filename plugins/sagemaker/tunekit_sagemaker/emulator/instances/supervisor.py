"""Runs the command of a job, and ends with it all that it has started, as a container does.

A program of its own, of the standard library alone. It is told what to do by its standard input: ``T`` sends SIGTERM
to the command, ``K`` kills everything, and so does its end, which is how it learns that the emulator has died. Whatever
the command starts and leaves behind becomes a child of the supervisor, so that nothing gets lost. Its exit status is
that of the command, 128 more than the signal if that was killed, as Docker says it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

TYPE_CHECKING = False  # importing typing would cost as much time as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator

TERMINATE, KILL = b"T", b"K"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
NOT_STARTED = 127
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # else a signal to all would leave what it supervises
SECONDS_FOR_KILLED = 10.0  # until processes that SIGKILL does not end are left alone: they hang in the kernel


def main(command: list[str]) -> int:
    """Run a command to its end, and kill what it leaves.

    Returns:
        Its exit status.
    """
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, parent)
    status = _wait(child, woken)
    _kill_descendants()
    return status


def _become(command: list[str], parent: int) -> None:
    """Turn the forked process into the command."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (*IGNORED, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:  # one that died before the call above sends no signal
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _wait(child: int, woken: int) -> int:
    """Until the command has ended; does meanwhile what the emulator asks for."""
    watched = [0, woken]
    while True:
        status = _reap(child)
        if status is not None:
            return status
        ready, _, _ = select.select(watched, [], [])
        if woken in ready:
            os.read(woken, 4096)
        if 0 in ready:
            asked = os.read(0, 64)
            if not asked or KILL in asked:
                _kill_descendants()
                return 128 + signal.SIGKILL
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


def _reap(child: int) -> int | None:
    """Take notice of all that has ended; the exit status of the command if it is among that."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if pid == 0:
            return None


def _kill_descendants() -> None:
    """Kill until there is nothing: what a process started meanwhile becomes ours when it dies."""
    deadline = time.monotonic() + SECONDS_FOR_KILLED
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _descendants() -> list[int]:
    """Children, their children and so on."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found, first = [], [os.getpid()]
    while first:
        below = children.get(first.pop(), [])
        found += below
        first += below
    return found


def _processes() -> Iterator[tuple[int, int]]:
    """All processes of this machine, each with its parent."""
    if not os.path.isdir("/proc/self"):
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            pid, parent = line.split()
            yield int(pid), int(parent)
        return
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                # What comes before is the name of the program, which may hold anything.
                yield int(name), int(file.read().rpartition(b")")[2].split()[1])


def _prctl(option: int, value: int) -> None:
    """On Linux; elsewhere what leaves its parent behind is not found."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
