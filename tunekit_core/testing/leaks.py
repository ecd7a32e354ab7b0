"""What is left of a component that was closed: processes, threads, open files, temporary files."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "TUNEKIT_TEST_MARK"  # processes that are started meanwhile have it in their environment, whoever adopts them
PATIENCE = 10.0
PROCESSES = Path("/proc")


@contextmanager
def nothing_is_left(rule: str) -> Iterator[None]:
    """Fail if what is done within leaves something behind, some seconds later.

    Processes and open files are looked for where there is a ``/proc``.

    Args:
        rule: What is broken then, for people, as a sentence without its end.
    """
    mark, threads, files = uuid.uuid4().hex, set(threading.enumerate()), _open_files()
    temporary = Path(tempfile.mkdtemp(prefix="tk"))  # a short path: sockets may be in it
    changed = {MARK: mark, "TMPDIR": str(temporary)}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    default, tempfile.tempdir = tempfile.tempdir, str(temporary)
    try:
        yield
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        tempfile.tempdir = default
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    deadline = time.monotonic() + PATIENCE
    while True:
        left = {
            "processes": _processes(mark),
            "threads": [thread.name for thread in threading.enumerate() if thread not in threads],
            "open files": sorted(_open_files() - files),
            "temporary files": sorted(str(path) for path in temporary.rglob("*")),
        }
        if not any(left.values()) or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    shutil.rmtree(temporary, ignore_errors=True)
    for kind, found in left.items():
        assert not found, f"{rule}: {kind} are left: {', '.join(found)}."


def _processes(mark: str) -> list[str]:
    """The processes that have the mark, but for this one and those that are dead."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for folder in PROCESSES.glob("[0-9]*"):
        try:
            is_ours = folder.name != str(os.getpid()) and wanted in (folder / "environ").read_bytes().split(b"\0")
            if is_ours:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append(f"{folder.name} ({' '.join(words).strip()})")
        except OSError:  # it has ended, or is somebody else's
            continue
    return sorted(found)


def _open_files() -> set[str]:
    """The numbers of the files that are open here, with what they are."""
    folder = PROCESSES / "self" / "fd"
    found = set()
    for number in os.listdir(folder) if folder.is_dir() else ():
        try:
            found.add(f"{number} ({os.readlink(folder / number)})")
        except OSError:  # that of the listing itself
            continue
    return found
