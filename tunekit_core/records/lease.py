"""A lease: a file that says who does something, so that processes on any machines that see the file leave it to him.

What counts is which file stands under the name: one process at most made that. It is created exclusively, and holds a
nonce, for people the host, the process and the time, and how long it lasts without being renewed:
``{"nonce": "5e0c…", "place": "…", "host": "node7", "pid": 4711, "since": "2026-01-31T12:00:00+00:00", "seconds": 9}``.
A holder renews it by touching the file that it has open, which cannot prolong that of another. It has expired once a
file that is written now in the same folder is younger by more than that: clocks of machines differ, and none is asked.
What has expired is replaced by a file with the name of what it replaces, ``NAME-NONCE``, created exclusively and then
renamed: of several who would replace the same lease, one can.

On one machine a lock on the file tells more than time: it ends with its process. Who says where it runs replaces a
lease from the same place as soon as nobody has it locked, and never while somebody has.

A process that stands still may find that its lease is another's when it goes on, so it asks before it writes. Between
that and the writing there is a moment, as everywhere with files: a lease saves work that would be done twice, and what
is written must be right even if it was.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
from contextlib import suppress
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import IO

from tunekit_core.errors import LeaseHeld, LockingError
from tunekit_core.records.flock import is_locked_by_another, locks
from tunekit_core.records.holder import BYTES, SECONDS_TO_WRITE, Holder, read_holder

DURATION = 120.0  # seconds; a server of files that begins anew needs 90
BOOT = Path("/proc/sys/kernel/random/boot_id")  # on Linux: another one for each machine, whenever it starts


class Lease:
    """A lease that this process holds, made by :meth:`take`."""

    def __init__(self, path: Path, file: IO[bytes], nonce: str, seconds: float) -> None:
        self._path = path
        self._file = file
        self._nonce = nonce
        self.seconds = seconds

    @classmethod
    def take(cls, path: Path, *, place: str = "", seconds: float = DURATION) -> Lease:
        """Take a lease that nobody holds.

        Args:
            path: The file, in a folder that exists. Names that begin with its name are used beside it.
            place: Where this process runs, from :func:`place_of`, if the file is to be locked too. Unless given time
                alone tells whether a holder lives.
            seconds: How long it lasts unless it is renewed.

        Raises:
            LeaseHeld: If another holds it, or takes it at this moment.
            LockingError: If it is to be locked, and nothing can be locked there; or what has its name is no file.
            OSError: If no file can be made there.
        """
        while True:
            try:
                file = open(path, "x+b", buffering=0)  # noqa: SIM115 - held for longer than a block
            except FileExistsError:
                taken = _replace(path, place, seconds)
                if taken is None:  # it is gone, or another one, by now
                    continue
                return cls(path, *taken, seconds)
            try:
                nonce = _write(file, place, seconds)
            except BaseException:
                _discard(file, path)
                raise
            lease = cls(path, file, nonce, seconds)
            if lease.is_ours():
                return lease
            file.close()  # it was removed before it was written: another process may have made one since

    def renew(self) -> bool:
        """Have it last from now on; false if it is another's by now, or cannot be renewed."""
        try:
            os.utime(self._file.fileno())  # that of this process, whatever stands under the name
        except (OSError, ValueError):  # such as one that was given back meanwhile
            return False
        return self.is_ours()

    def is_ours(self) -> bool:
        """Whether the file is the one that this process made. It is opened for that: what is not may be remembered."""
        try:
            with open(self._path, "rb", buffering=0, opener=_as_it_is) as file:
                found = os.fstat(file.fileno())
                says = file.read(BYTES)
            ours = os.fstat(self._file.fileno())
        except (OSError, ValueError):
            return False
        is_same = (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)
        return is_same and self._nonce.encode() in says  # a number is given again when a file is gone

    def release(self) -> None:
        """Give it back. Where the file cannot be removed it is nobody's as soon as it has expired."""
        with suppress(OSError):
            if self.is_ours():
                os.unlink(self._path)
        self._file.close()

    def moved_to(self, path: Path) -> None:
        """Know the file by another name, which its folder was given."""
        self._path = path


def holder_of(path: Path, *, place: str = "") -> Holder | None:
    """Who holds a lease; ``None`` if nobody does. The folder is not changed, but for a moment where time has to tell.

    Args:
        path: The file.
        place: As for :meth:`Lease.take`.

    Raises:
        OSError: If that cannot be seen, such as where nothing may be written.
    """
    try:
        with _opened(path) as file:
            found = read_holder(file)
            is_live = found is not None and _is_live(file, found, place)
            if found is not None and is_live is None:
                is_live = not _has_expired(found, _now_beside(path))
    except FileNotFoundError:
        return None
    return found if is_live else None


def check_is_file(path: Path) -> None:
    """See that what stands under the name of a lease, if anything does, can be one.

    Raises:
        LockingError: If it is a link or a folder.
    """
    if path.is_symlink() or path.is_dir():
        raise LockingError(
            f"{path} is a {'symbolic link' if path.is_symlink() else 'folder'}, where the file belongs that says which "
            "process writes there: nothing is written. Once you know that no process writes there, remove it: "
            f"rm -r {shlex.quote(str(path))}"
        )


def place_of(folder: Path | str) -> str:
    """Where this process runs, as far as locks on files in a folder go: the machine since it was started, and the disk.

    Raises:
        OSError: If there is no such folder.
    """
    return f"{_machine()}-{os.stat(folder).st_dev:x}"


@cache
def _machine() -> str:
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return platform.node()


def _replace(path: Path, place: str, seconds: float) -> tuple[IO[bytes], str] | None:
    """Put a lease of this process in the place of one that is nobody's: its file and nonce.

    Returns:
        ``None`` if something else stands there by now.
    """
    try:
        with _opened(path) as file:
            before = read_holder(file)
            is_live = before is not None and _is_live(file, before, place)
            name = f"{path}-{_version(file, before)}"
    except FileNotFoundError:
        return None
    if is_live:
        raise LeaseHeld(str(before))
    try:
        successor = open(name, "x+b", buffering=0)  # noqa: SIM115 - held for longer than a block
    except FileExistsError:
        _remove_if_left(name, path)
        raise LeaseHeld("another process, which has just taken it over") from None
    try:
        nonce = _write(successor, place, seconds)
        with _opened(path) as file:
            found = read_holder(file)
            is_same = os.path.basename(name) == f"{os.path.basename(path)}-{_version(file, found)}"
        if is_same and is_live is None and found is not None and not _has_expired(found, _time(successor)):
            raise LeaseHeld(str(found))
        if is_same:
            os.rename(name, path)
            if Lease(path, successor, nonce, seconds).is_ours():
                return successor, nonce
    except FileNotFoundError:  # who held it has given it back; or this process stood still, and was overtaken
        pass
    except BaseException:
        _discard(successor, name)
        raise
    _discard(successor, name)
    return None


def _discard(file: IO[bytes], name: Path | str) -> None:
    """Close a file that this process has made, and remove it if it is still there."""
    with suppress(OSError):
        if os.path.samestat(os.lstat(name), os.fstat(file.fileno())):
            os.unlink(name)
    file.close()


def _remove_if_left(name: str, path: Path) -> None:
    """Remove a file with which a process would have replaced a lease, if that died in the middle of it."""
    with suppress(FileNotFoundError):
        age = _now_beside(path) - os.stat(name).st_mtime_ns
        if abs(age) > SECONDS_TO_WRITE * 1e9:
            os.unlink(name)


def _write(file: IO[bytes], place: str, seconds: float) -> str:
    """Lock a file that this process has made, and write into it who holds it; its nonce."""
    if place and not locks(file):
        raise LeaseHeld("another process, which has just taken it over")
    nonce = os.urandom(8).hex()
    says = {"nonce": nonce, "place": place, "host": platform.node(), "pid": os.getpid(), "since": _since()}
    file.write(json.dumps({**says, "seconds": seconds}).encode() + b"\n")
    return nonce


def _version(file: IO[bytes], holder: Holder | None) -> str:
    return holder.version if holder is not None else str(os.fstat(file.fileno()).st_ino)


def _is_live(file: IO[bytes], holder: Holder, place: str) -> bool | None:
    """Whether the process that holds a lease lives; ``None`` if time has to tell."""
    if place and holder.place == place:
        return is_locked_by_another(file)
    if place and not holder.nonce and is_locked_by_another(file):
        return True
    return None


def _has_expired(holder: Holder, now: int) -> bool:
    """Whether a lease was renewed too long ago. One from the future was not renewed by this file system."""
    return abs(now - holder.touched) > holder.seconds * 1e9


def _now_beside(path: Path) -> int:
    """What time it is for the file system, in nanoseconds: that of a file which is written for it."""
    name = f"{path}-{os.urandom(8).hex()}.now"
    with open(name, "wb", buffering=0) as file:
        try:
            return _time(file)
        finally:
            os.unlink(name)


def _time(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_mtime_ns


def _since() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _opened(path: Path) -> IO[bytes]:
    """Open what stands under the name of a lease.

    Raises:
        FileNotFoundError: If nothing does.
        LockingError: If it is a link or a folder.
        OSError: If it cannot be read.
    """
    try:
        return open(path, "rb", buffering=0, opener=_as_it_is)
    except OSError:
        check_is_file(path)
        raise


def _as_it_is(path: str, flags: int) -> int:
    """Open what has that name itself: nothing behind a link, and no named pipe for which one would wait."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
