"""The processes of a round: each bears its mark in its environment, and only those that do are ever sent a signal."""

import os
import resource
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import attrs

MARK = "CAMPAIGN_ROUND"  # variable of the environment, which children inherit
LONGEST = 240  # seconds that a command may take, on a machine that does other things too
AT_THE_END = 30  # seconds until nothing may run any more; supervisors give their trials ten to end


class NotSurvived(Exception):
    """A promise was not kept; the text says which."""


@attrs.frozen
class Finished:
    """What a command left behind; the status is negative if a signal ended it."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """Both streams in one line."""
        return " ".join(f"{self.out} {self.err}".split())


class Command:
    """A command that runs.

    Args:
        words: What is run.
        folder: Where, in a file each, it writes what it says.
        name: Of these files.
        environment: Its variables.
        largest: No file that it or its children write may grow beyond so many bytes.
    """

    def __init__(self, words, folder, name, environment, *, largest=None):
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        self._said = folder / f"{name}.command"
        self._said.write_text(" ".join(map(str, words)))
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self._is_piped = largest is not None  # what it says is no file that could be full
            self.process = subprocess.Popen(
                [*map(str, words)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._is_piped else out,
                stderr=subprocess.PIPE if self._is_piped else err,
                start_new_session=True,
            )
        if largest is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (largest, largest))  # long before it writes

    def runs(self):
        return self.process.poll() is None

    def finish(self):
        """Wait for the end.

        Raises:
            NotSurvived: If it does not come.
        """
        try:
            if self._is_piped:
                for path, text in zip((self._out, self._err), self.process.communicate(timeout=LONGEST), strict=True):
                    path.write_bytes(text)
            status = self.process.wait(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise NotSurvived(f"still runs after {LONGEST} s: {self._said.read_text()}") from None
        return Finished(status, self._out.read_text(errors="replace"), self._err.read_text(errors="replace"))

    def send(self, number):
        """Send a signal to the process of the command alone, if it still runs."""
        if self.runs():  # it is our child: its number is not given to another before it is waited for
            self.process.send_signal(number)


def marked(folder):
    """Ids of the processes that were started in a round, directly or by others, and still run."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX" and mark in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return found


def send(pid, number, folder):
    """Send a signal to a process of the round; whether there was one."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if pid not in marked(folder):  # looked at after it is held: a number that was given anew is another's
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def wait_until_none(folder):
    """Wait until no process of the round is left.

    Raises:
        NotSurvived: If some stay; they are ended.
    """
    limit = time.monotonic() + AT_THE_END
    while left := marked(folder):
        if time.monotonic() > limit:
            what = [_command_line(pid) for pid in left]
            end_all(folder)
            raise NotSurvived(f"processes are left: {what}")
        time.sleep(0.05)


def end_all(folder):
    """End what is left of a round."""
    for _ in range(3):
        for pid in marked(folder):
            send(pid, signal.SIGKILL, folder)
        time.sleep(0.1)


def _command_line(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return f"process {pid}"
