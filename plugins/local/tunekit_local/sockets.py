"""Where sockets lie: in a folder of the temporary one that belongs to this user, and that nobody else can open.

Addresses may have no more than some 100 bytes, so sockets cannot lie in the folder of an experiment. The temporary
folder is everybody's: whoever makes ``tunekit-<uid>`` there first gets nothing of ours, and another is made beside it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

LONGEST_TEMPORARY = 56  # bytes of the temporary folder; the least that systems allow an address is 103
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def bind(receiver: socket.socket, name: str) -> Path:
    """Bind a datagram socket to a name, the same address as before where that is possible.

    Sockets beside it that nobody listens to any more are removed.

    Args:
        receiver: What is bound.
        name: Name of the file.

    Returns:
        Its address.
    """
    temporary = _temporary_folder()
    first = temporary / f"tunekit-{os.geteuid()}"
    for home in (first, *sorted(temporary.glob(f"{first.name}-*"))):
        if _bind_within(home, receiver, name):
            return home / name
    fresh = Path(tempfile.mkdtemp(prefix=f"{first.name}-", dir=temporary))
    receiver.bind(str(fresh / name))
    return fresh / name


def remove(address: Path) -> None:
    """Remove a closed socket, and the last of a folder the folder."""
    with _locked(address.parent):
        address.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are there
            address.parent.rmdir()


def _temporary_folder() -> Path:
    folder = tempfile.gettempdir()
    return Path(folder if len(os.fsencode(folder)) <= LONGEST_TEMPORARY else "/tmp")


def _bind_within(home: Path, receiver: socket.socket, name: str) -> bool:
    """Bind it in this folder; false if the folder is not private, or another process listens under that name."""
    while True:
        with contextlib.suppress(FileExistsError):
            home.mkdir(mode=0o700)
        try:
            with _locked(home) as is_private:
                if not is_private:
                    return False
                for path in home.iterdir():
                    if _is_dead(path):
                        path.unlink(missing_ok=True)
                if os.path.lexists(home / name):
                    return False
                receiver.bind(str(home / name))
                return True
        except FileNotFoundError:
            continue  # the last socket in it has been removed just now, and the folder with it


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[bool]:
    """Whether a folder is one of ours alone; as long as the block lasts, no other process of ours changes it.

    Raises:
        FileNotFoundError: If there is none, or it was removed while it was waited for.
    """
    try:
        descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError:  # a link, a file, or one that we may not read
        yield False
        return
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & OTHERS:
            yield False
            return
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not os.path.samestat(status, os.lstat(home)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(home))
        yield True
    finally:
        os.close(descriptor)


def _is_dead(path: Path) -> bool:
    """Whether it is a socket that nobody listens to. Those that are bound just now are protected by the lock."""
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
