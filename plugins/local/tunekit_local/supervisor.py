"""Runs one command for one run of a trial, and writes down how it ended, whether or not the tuner is still there.

Started by ``launch`` as a program of its own. It claims the run, starts the command in a session of its own, copies its
output into bounded logs, passes on what it prints as reports, ends it when asked, when its time is over, when it uses
too much memory or when the tuner died, ends whatever it left running, and records the end. It needs only the standard
library, and little of that, since it is started once for every run of a trial.

It tells the tuner what happened by two files in the folder of the run. ``process.jsonl`` names the supervisor and, on a
second line, the child; the process that creates this file has claimed the run. ``exit.json`` says how the run ended,
and as its ``cause`` what came first: the end of the command, or what it was asked to end for. Until then it is blank.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import stat
import sys
import time

TYPE_CHECKING = False  # importing typing would cost as much time as all the rest
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, NoReturn

    from tunekit_local.memory_use import MemoryWatch

PROC = "/proc"  # where there is none, ps is asked
ENDED, ASKED, TIMEOUT, TUNER_DIED, NOT_STARTED = "ended", "asked", "timeout", "tuner died", "not started"  # causes
TOO_MUCH_MEMORY = "too much memory"  # one more
ALREADY_CLAIMED = 3  # exit status: another supervisor has claimed the run
EXIT_BYTES = 4096  # of exit.json
CHUNK_BYTES = 65536
SECONDS_FOR_HELPERS = 0.5  # that end by themselves once the command has, as those of multiprocessing do
SECONDS_FOR_KILLED = 10.0  # until processes that SIGKILL does not end are left alone: they hang in the kernel
SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})  # blocked until the supervisor handles them
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def launch(folder: str, lifeline: int | None = None) -> subprocess.Popen[bytes]:
    """Start a supervisor for the run in a folder that holds ``spec.json``.

    Signals that are sent to it from its first moment on have their effect: they are blocked when it starts, since the
    interpreter needs a while until it can handle them.

    Args:
        folder: Absolute path of the folder of the run. The notice at the end holds exactly this text.
        lifeline: Read end of a pipe; the run is ended when nobody holds its write end any more.
    """
    import subprocess

    command = [sys.executable, "-I", "-S", f"-Xutf8={sys.flags.utf8_mode}", os.path.abspath(__file__), folder]
    if lifeline is not None:
        command += ["--lifeline", str(lifeline)]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        return subprocess.Popen(
            command,
            env=os.environ,  # else what libraries such as readline have set without telling Python comes along
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=() if lifeline is None else (lifeline,),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def identity(pid: int) -> dict[str, Any] | None:
    """What tells a process from others, here and elsewhere, and the time now; ``None`` if it has ended."""
    state, start_time = _state(pid)
    if state in ("", "Z", "X"):
        return None
    found = {"pid": pid, "start_time": start_time, "boot_id": _boot_id(), "host": os.uname().nodename}
    return {**found, "time": time.time()}


def is_alive(record: dict[str, Any]) -> bool:
    """Whether the process that ``identity`` described still runs. A zombie has ended."""
    state, start_time = _state(record["pid"])
    return state not in ("", "Z", "X") and start_time == record["start_time"] and _boot_id() == record["boot_id"]


def is_stopped(record: dict[str, Any]) -> bool:
    """Whether the process that ``identity`` described waits for SIGCONT."""
    return is_alive(record) and _state(record["pid"])[0] == "T"


def changed(environment: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """An environment with changes; ``None`` takes a variable out of it."""
    variables = {**environment, **changes}
    return {name: value for name, value in variables.items() if value is not None}


class _Log:
    """A file that keeps the last bytes written to it, in two halves. What cannot be written is lost without an error.

    Attributes:
        lost: Which file could not be written first, and why; empty if all could.
    """

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._half = max(1, size // 2)
        self._fd = -1
        self._written = 0
        self.lost = ""

    def write(self, data: bytes) -> None:
        rest = memoryview(data)[-2 * self._half :]
        try:
            while rest:
                if self._fd < 0:
                    self._open()
                if self._written >= self._half:
                    os.rename(self._path, self._path + ".old")
                    os.close(self._fd)
                    self._fd = -1
                    continue
                n = os.write(self._fd, rest[: self._half - self._written])
                self._written += n
                rest = rest[n:]
        except OSError as error:
            self.lost = self.lost or f"{os.path.basename(self._path)}: {error.strerror}"

    def _open(self) -> None:
        """The script may have put a pipe there, which would have us wait for its reader, or a link."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW
        file = os.open(self._path, flags, 0o666)
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, "Not a regular file", self._path)
        self._fd, self._written = file, status.st_size


class _PrintedReports:
    """What the command prints as reports, appended to the file where its Reporter would write them.

    Args:
        spec: ``modules``, the folder of the module that finds them; its ``patterns``, what is ``needed``, and the
            ``resource``; the ``file`` that they are appended to.
        notices: Path of the socket on which the tuner is told.

    Attributes:
        lost: Why reports could not be appended; empty if all could.
    """

    def __init__(self, spec: dict[str, Any], notices: str) -> None:
        sys.path.append(spec["modules"])  # the packages that it lies in need more than the standard library
        from printed_reports import PrintedReports

        self._reader = PrintedReports(spec["patterns"], spec["needed"], spec["resource"])
        self._path, self._notices = spec["file"], notices
        self.lost = ""

    def write(self, data: bytes) -> None:
        self._append(self._reader.read(data))

    def read_errors(self, data: bytes) -> None:
        self._reader.read_errors(data)

    def read_rest(self) -> None:
        self._append(self._reader.read_rest())

    def unheard(self) -> str:
        """Why there is no report; empty if there is one, printed or appended."""
        try:
            return "" if os.lstat(self._path).st_size else self._reader.unheard()
        except OSError:
            return self._reader.unheard()

    def _append(self, reports: list[bytes]) -> None:
        if not reports:
            return
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOFOLLOW, 0o666)
            try:
                data = b"".join(report + b"\n" for report in reports)
                while data:
                    data = data[os.write(file, data) :]
            finally:
                os.close(file)
        except OSError as error:
            self.lost = self.lost or f"reports that it has printed: {error.strerror}"
        _notify(self._notices, self._path)


class _Errors:
    """The standard error, for what reads the other stream."""

    def __init__(self, printed: _PrintedReports) -> None:
        self.write = printed.read_errors


class _Supervisor:
    """One run. Signals are handled as soon as this object exists; signals and bytes are waited for in one place.

    Args:
        lifeline: Its end of file means that the tuner died; -1 if there is none.

    Attributes:
        cause: Why the run is to end, the first reason of several; empty while it may go on.
        started: Whether the child was allowed to become the command.
    """

    def __init__(self, lifeline: int) -> None:
        self.cause = ""
        self.started = False
        self._lifeline = lifeline
        self._sinks: dict[int, list[_Log | _PrintedReports | _Errors]] = {}  # by the pipe that they are fed from
        self._child = 0
        self._status: int | None = None
        self._poll = select.poll()
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        self._poll.register(self._wake, select.POLLIN)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: self._end(ASKED))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, or it would not end a wait
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._prctl = _prctl()
        self._adopts = self._prctl is not None and self._prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        if lifeline >= 0:
            os.set_inheritable(lifeline, False)
            self._poll.register(lifeline, select.POLLIN)

    def run(self, spec: dict[str, Any], claim: int) -> dict[str, Any]:
        """Run the command, and return what ``exit.json`` says when nothing of it is left.

        Args:
            spec: Content of ``spec.json``.
            claim: Descriptor of ``process.jsonl``, where the child is to be named.
        """
        began, kills = time.monotonic(), _oom_kills()
        deadline = began + (float("inf") if spec["timeout"] is None else spec["timeout"])
        grace = float(spec["grace_period"])
        output, errors_log = (_Log(spec[stream], int(spec["log_bytes"])) for stream in ("stdout", "stderr"))
        printed = _PrintedReports(spec["printed"], spec["notices"])
        watch = None if spec["memory"] is None else _memory_watch(spec["memory"], self._descendants)
        too_much = ""
        if self.cause:
            return _ending(self.cause)
        errors = self._start(spec, [[output, printed], [errors_log, _Errors(printed)]], claim)
        terminated = killed = False
        limit = 0.0  # until then, what outlives the command may end by itself
        while self._status is None:
            if watch is not None and not too_much and (too_much := watch.look()):
                self._end(TOO_MUCH_MEMORY)
                terminated = killed = True
                deadline = float("inf")
                self._kill_all()
            late = time.monotonic() >= deadline
            if late and not terminated:
                self._end(TIMEOUT)
            if self.cause and not terminated:
                terminated = self._terminate()
                if not terminated:
                    break
                deadline = limit = time.monotonic() + grace
            elif late:
                killed = True
                deadline = float("inf")
                _kill(self._child, signal.SIGKILL)
            next_look = float("inf") if watch is None or too_much else watch.due
            self._wait(min(deadline, next_look) - time.monotonic())
        cause = self.cause if terminated or not self.started else ENDED
        survivors = self._end_descendants(max(limit, time.monotonic() + SECONDS_FOR_HELPERS))
        printed.read_rest()
        message = os.read(errors, EXIT_BYTES).decode(errors="replace")
        if message or not self.started:
            return _ending(NOT_STARTED if message else cause, message=message)
        code = os.waitstatus_to_exitcode(self._status)
        oom_killed = code == -signal.SIGKILL and not killed and _oom_kills() > kills
        lost = ", ".join(each.lost for each in (output, errors_log, printed) if each.lost)
        message = too_much if cause == TOO_MUCH_MEMORY else printed.unheard() if (cause, code) == (ENDED, 0) else ""
        return _ending(
            cause, code, message=message, oom_killed=oom_killed, survivors_killed=survivors, lost_output=lost
        )

    def _end(self, cause: str) -> None:
        self.cause = self.cause or cause

    def _start(self, spec: dict[str, Any], sinks: list[list[_Log | _PrintedReports | _Errors]], claim: int) -> int:
        """Start the child, unless it is to end already. Returns the pipe where it says why it became no command."""
        gate, opener = os.pipe()
        errors, errors_end = os.pipe()
        pipes = [os.pipe() for _ in sinks]
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        parent = os.getpid()
        self._child = os.fork()
        if self._child == 0:
            os.close(opener)
            _become(spec, self._prctl, parent, gate, errors_end, [write for _, write in pipes])
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for fd in (gate, errors_end, *(write for _, write in pipes)):
            os.close(fd)
        for (read, _), sinks_of_stream in zip(pipes, sinks, strict=True):
            os.set_blocking(read, False)
            self._poll.register(read, select.POLLIN)
            self._sinks[read] = sinks_of_stream
        if child := identity(self._child):
            os.write(claim, _line(child))
        self._wait(0.0)  # the tuner may be dead already
        self.started = not self.cause
        if self.started:
            with contextlib.suppress(BrokenPipeError):  # the child was killed; its exit status will say so
                os.write(opener, b"!")
        os.close(opener)
        return errors

    def _wait(self, seconds: float) -> None:
        """Wait for a signal, output or the end of the lifeline, at most so long, and deal with it."""
        for fd, _ in self._poll.poll(1000 * min(max(seconds, 0.0), 3600.0)):
            if fd == self._wake:
                os.read(fd, CHUNK_BYTES)
                self._reap()
                continue
            try:
                data = os.read(fd, CHUNK_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._poll.unregister(fd)
            if fd != self._lifeline:
                self._write(fd, data)
            elif not data:
                self._end(TUNER_DIED)

    def _write(self, fd: int, data: bytes) -> None:
        for sink in self._sinks[fd]:
            sink.write(data)

    def _reap(self) -> bool:
        """Collect all that ended: the child, and descendants that lost their parents. Whether there are any left."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._child:
                    self._status = ended[1]
        except ChildProcessError:
            return False
        return True

    def _descendants(self) -> dict[int, int]:
        """The processes that the run consists of, and their groups."""
        table = process_table()
        if self._adopts:
            family = {os.getpid()}
        else:  # those that lost their parents are found by their group, which ps, a child of this process, is not in
            family = {pid for pid, (_, group, _) in table.items() if pid == self._child or group == self._child}
        n_before = 0
        while n_before < len(family):  # parents may have higher numbers than their children
            n_before = len(family)
            family.update(pid for pid, (parent, _, _) in table.items() if parent in family)
        family.discard(os.getpid())
        return {pid: table[pid][1] for pid in family if table[pid][2] not in "ZX"}

    def _terminate(self) -> bool:
        """Ask all of the run to end; false, and nobody is asked, if the command has ended by itself before."""
        family = self._descendants()
        self._reap()  # only now: what comes first, its end or the signal, is asked as late as it can be
        if self._status is not None:
            return False
        for number in (signal.SIGTERM, signal.SIGCONT):  # what is stopped acts on the first only with the second
            _kill(-self._child, number)  # the whole group, as it may grow; before it exists, the child is below
            for pid, group in family.items():
                if group != self._child:
                    _kill(pid, number)
        return True

    def _kill_all(self) -> None:
        """Kill what runs at once: it would take more memory from others while it ends by itself."""
        for pid in self._descendants():
            _kill(pid, signal.SIGKILL)
        _kill(-self._child, signal.SIGKILL)  # what the group has grown by meanwhile; others are found later

    def _end_descendants(self, limit: float) -> int:
        """Let the descendants end by themselves until ``limit``, kill the others and return how many those were."""
        killed: set[int] = set()
        while self._reap() or not self._adopts:  # a process that adopts orphans is told by the system when none is left
            left = self._descendants()
            if not left and not self._adopts:
                break
            remaining = limit - time.monotonic()
            if remaining <= -SECONDS_FOR_KILLED:
                break
            if remaining <= 0:
                killed.update(pid for pid in left if _kill(pid, signal.SIGKILL))
            if not self._adopts:
                time.sleep(0.1)  # signals are of no use: none comes when an orphan ends, and one for every ps
                self._wait(0.0)
            else:
                self._wait(remaining if remaining > 0 else 0.1)
        for fd in self._sinks:
            for _ in range(64):  # more than a pipe holds, and no more: another process may have it and go on writing
                try:
                    data = os.read(fd, CHUNK_BYTES)
                except OSError:
                    break
                self._write(fd, data)
                if not data:
                    break
        return len(killed)


def _memory_watch(spec: dict[str, Any], processes: Callable[[], Collection[int]]) -> MemoryWatch:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    from memory_use import MemoryWatch

    return MemoryWatch(spec["bytes"], spec["option"], processes)


def _become(
    spec: dict[str, Any], prctl: Callable[..., int] | None, parent: int, gate: int, errors_end: int, streams: list[int]
) -> NoReturn:
    """Turn the forked process into the command once the gate opens; end if the supervisor closes it or dies."""
    step = "spec.json"
    try:
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals():
            if signal.getsignal(number) != signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
        os.setsid()
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.read(gate, 1) and os.getppid() == parent:  # one that died before the call above sends no signal
            for fd, source in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
                os.dup2(source, fd)
            command, folder, cpus = spec["command"], spec["folder"], spec["cpus"]
            environment = changed(os.environ, spec["environment"])
            step = "folder"
            if folder is not None:
                os.chdir(folder)
            step = "cpus"
            if cpus is not None and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, cpus)
            step = "command"
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execvpe(command[0], command, environment)
    except BaseException as error:
        os.write(errors_end, _start_error(spec, step, error).encode(errors="backslashreplace")[:EXIT_BYTES])
    finally:
        os._exit(127)


def _start_error(spec: dict[str, Any], step: str, error: BaseException) -> str:
    """Why a run could not be started, for people; ``step`` is what failed: the spec or an entry of it."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
    if step == "folder":
        return f"The folder {spec['folder']!r} cannot be entered: {reason}."
    if step == "cpus":
        return f"No processor of {spec['cpus']} can be used: {reason}. There are {sorted(os.sched_getaffinity(0))}."
    if step == "spec.json":
        return f"spec.json: {error!r}"
    program = spec["command"][0] if spec["command"] else ""
    if isinstance(error, FileNotFoundError) and os.sep not in program:
        path = changed(os.environ, spec["environment"]).get("PATH", os.defpath)
        reason = f"no folder of PATH has it, which is {path!r}"
    elif isinstance(error, FileNotFoundError) and os.path.exists(program):
        reason = "the interpreter that its first line names does not exist"
    elif isinstance(error, PermissionError) or getattr(error, "errno", 0) == errno.ENOEXEC:
        reason += ". Make it executable, with an interpreter in its first line, or put the interpreter in front of it"
    return f"The command {program!r} cannot be run: {reason}."


def _ending(
    cause: str,
    code: int | None = None,
    *,
    message: str = "",
    oom_killed: bool = False,
    survivors_killed: int = 0,
    lost_output: str = "",
) -> dict[str, Any]:
    return {
        "exit_code": code if code is not None and code >= 0 else None,
        "signal": -code if code is not None and code < 0 else None,
        "cause": cause,
        "message": message[:600],  # fits in exit.json, whatever its characters are
        "oom_killed": oom_killed,
        "survivors_killed": survivors_killed,
        "lost_output": lost_output[:200],
        "time": time.time(),
    }


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _notify(path: str, folder: str) -> None:
    """Tell the tuner that there is something to read. It may have ended, which is no error here."""
    import socket

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.setblocking(False)
            notices.sendto(os.fsencode(folder), path)
    except (OSError, TypeError):
        pass


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def _boot_id() -> str:
    return _read(PROC + "/sys/kernel/random/boot_id").decode().strip()


def _oom_kills() -> int:
    for line in _read(PROC + "/vmstat").splitlines():
        if line.startswith(b"oom_kill "):
            return int(line.split()[1])
    return 0


def _state(pid: int) -> tuple[str, str]:
    """State of a process as ps abbreviates it, and when it started, only to be compared; empty if there is none."""
    if os.path.exists(PROC + "/self/stat"):
        fields = _stat(str(pid))
        return (fields[0], fields[19]) if fields else ("", "")
    state, _, start_time = _ps("-o", "stat=", "-o", "lstart=", "-p", str(pid)).strip().partition(" ")
    return state[:1], start_time.strip()


def process_table() -> dict[int, tuple[int, int, str]]:
    """Parent, group and state of every process, by its pid."""
    if os.path.exists(PROC + "/self/stat"):
        found = ((name, _stat(name)) for name in os.listdir(PROC) if name.isdigit())
        return {int(name): (int(fields[1]), int(fields[2]), fields[0]) for name, fields in found if fields}
    lines = _ps("-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat=").splitlines()
    return {int(pid): (int(parent), int(group), state[:1]) for pid, parent, group, state in map(str.split, lines)}


def _stat(pid: str) -> list[str]:
    """The fields after the name, which may contain anything."""
    return _read(f"{PROC}/{pid}/stat").rpartition(b")")[2].decode().split()


def _ps(*arguments: str) -> str:
    import subprocess

    # the same language and time zone everywhere, so that times can be compared as text
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.run(["ps", *arguments], stdout=subprocess.PIPE, text=True, env=environment, check=False).stdout


def _prctl() -> Callable[..., int] | None:
    """The system call, where there is one."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        function = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return function


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def main(arguments: list[str]) -> int:
    """Supervise the run in a folder: ``FOLDER [--lifeline DESCRIPTOR]``. Returns the exit status."""
    folder = arguments[0]
    supervisor = _Supervisor(int(arguments[2]) if arguments[1:2] == ["--lifeline"] else -1)
    try:
        claim = os.open(
            os.path.join(folder, "process.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666
        )
    except FileExistsError:
        return ALREADY_CLAIMED
    os.write(claim, _line(identity(os.getpid()) or {}))
    exit_file = os.open(os.path.join(folder, "exit.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    notices = None
    try:
        if os.write(exit_file, b" " * EXIT_BYTES) < EXIT_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with open(os.path.join(folder, "spec.json"), "rb") as file:
            spec = json.load(file)
        notices = spec["notices"]
        ending = supervisor.run(spec, claim)
    except Exception as error:
        if supervisor.started:
            raise  # the child ends with this process
        ending = _ending(NOT_STARTED, message=f"The run could not be set up: {error!r}")
    text = json.dumps(ending, ensure_ascii=False).encode(errors="backslashreplace")
    os.pwrite(exit_file, text.ljust(EXIT_BYTES), 0)
    if notices is not None:
        _notify(notices, folder)
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # not sys.exit: while the interpreter shuts down, a late SIGTERM would end it
