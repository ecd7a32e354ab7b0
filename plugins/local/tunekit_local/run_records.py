"""What the supervisor of a run has written down, as the tuner reads it: the script may have written there too."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_local import supervisor
from tunekit_local.run_process import Ending
from tunekit_local.trial_files import opened

NUMBER_OR_NONE = frozenset({int, type(None)})
ENDING: Mapping[str, frozenset[type]] = {
    "exit_code": NUMBER_OR_NONE,
    "signal": NUMBER_OR_NONE,
    "cause": frozenset({str}),
    "message": frozenset({str}),
    "oom_killed": frozenset({bool}),
    "lost_output": frozenset({str}),
}
PROCESS: Mapping[str, frozenset[type]] = {
    "pid": frozenset({int}),
    "start_time": frozenset({str}),
    "boot_id": frozenset({str}),
}
HAS_PROC = os.path.exists(f"{supervisor.PROC}/self/stat")
PROGRAM = os.fsencode(os.path.basename(supervisor.__file__))
INIT = 1  # which signals to a group of this number would reach: every process


def read_processes(folder: Path) -> list[dict[str, Any]]:
    """The supervisor of a run and its child, as far as they are known: none, one or two records.

    Args:
        folder: Of the run.
    """
    lines = _read(folder / "process.jsonl").split(b"\n")[:-1]  # the last one is being written, or empty
    records = [_object(line, PROCESS) for line in lines[:2]]
    return [record for record in records if record is not None and record["pid"] > INIT]


def read_exit(folder: Path) -> Ending | None:
    """How a run ended; ``None`` if that is not written yet, or its supervisor was killed, or it is no record.

    Args:
        folder: Of the run.
    """
    return _object(_read(folder / "exit.json"), ENDING)


def is_blank(folder: Path) -> bool:
    """Whether nothing is written yet of how a run ended. Asked after every report, so it looks at one byte."""
    try:
        file = os.open(folder / "exit.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        return os.read(file, 1) in (b"", b" ")
    except OSError:
        return True
    finally:
        os.close(file)


def supervisor_of(folder: Path) -> int | None:
    """The pid of the supervisor of a run, if it lives: as it is written down, or where that is not so, as is found.

    It has the run as its argument, or where the folder was moved its exit.json open: a record that names another
    process, as pids are used again or a script has written it, names none.
    """
    for record in read_processes(folder)[:1]:
        if supervisor.is_alive(record) and _supervises(record["pid"], folder):
            return int(record["pid"])
    pids = map(int, filter(str.isdecimal, os.listdir(supervisor.PROC))) if HAS_PROC else iter(())
    return next((pid for pid in pids if _supervises(pid, folder)), None)


def folder_when_begun(folder: Path) -> Path:
    """Where the folder of a run was when its supervisor began, if that lives: it may have been moved since."""
    pid = supervisor_of(folder)
    words = _begun_with(pid, "cmdline").split(b"\0") if pid is not None else []
    after = [words[i + 1] for i in range(len(words) - 1) if words[i].endswith(PROGRAM)]
    return Path(os.fsdecode(after[0])) if after else folder


def leads_its_group(child: Mapping[str, Any], folder: Path) -> bool:
    """Whether the group of processes with the pid of a child is the one that it began, for the run in this folder.

    It may outlive the child. As long as it exists the system gives its number to no other process.
    """
    pid = child["pid"]
    here = supervisor.identity(os.getpid())
    if here is None or here["boot_id"] != child["boot_id"] or pid == os.getpgrp():
        return False
    now = supervisor.identity(pid)
    if now is not None and now["start_time"] != child["start_time"]:
        return False
    members = [each for each, (_, group, _) in supervisor.process_table().items() if group == pid]
    text = os.fsencode(folder) + b"/"
    return not HAS_PROC or any(text in _begun_with(member, "environ") for member in members)


def _supervises(pid: int, folder: Path) -> bool:
    """Whether a process is the supervisor of a run; yes where nobody can know."""
    if not HAS_PROC:
        return True
    command = _begun_with(pid, "cmdline")
    if PROGRAM + b"\0" + os.fsencode(folder) + b"\0" in command:
        return True
    return PROGRAM + b"\0" in command and _has_open(pid, folder / "exit.json")


def _begun_with(pid: int, what: str) -> bytes:
    """The command line or the environment that a process began with."""
    try:
        with open(f"{supervisor.PROC}/{pid}/{what}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _has_open(pid: int, path: Path) -> bool:
    descriptors = Path(supervisor.PROC, str(pid), "fd")
    try:
        status = os.lstat(path)
        names = os.listdir(descriptors)
    except OSError:
        return False
    for name in names:
        with contextlib.suppress(OSError):  # it was closed in the meantime
            if os.path.samestat(os.stat(descriptors / name), status):
                return True
    return False


def _read(path: Path) -> bytes:
    try:
        with opened(path.parents[3], path) as file:
            return os.read(file, supervisor.EXIT_BYTES)
    except OSError:
        return b""


def _object(text: bytes, types: Mapping[str, frozenset[type]]) -> dict[str, Any] | None:
    """A JSON object with at least these fields, of these types; ``None`` if it is no such."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if type(record) is not dict or any(type(record.get(name)) not in allowed for name, allowed in types.items()):
        return None
    return record
