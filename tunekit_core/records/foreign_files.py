"""How files are opened that anybody may have put there: as regular files, or not at all.

Of a named pipe one would wait for a writer, and what is read of a device need not end.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def regular_file(path: str, flags: int) -> int:
    """Open a regular file, also behind a link: an ``opener`` for :func:`open`.

    Raises:
        OSError: If it is another kind of file, or cannot be opened.
    """
    return checked(os.open(path, flags | os.O_NONBLOCK))


def regular_file_itself(path: str, flags: int) -> int:
    """Open a regular file that has that name itself, and nothing behind a link: an ``opener`` for :func:`open`.

    Raises:
        OSError: If it is another kind of file, or cannot be opened.
    """
    return regular_file(path, flags | os.O_NOFOLLOW)


def checked(descriptor: int) -> int:
    """What has been opened, if it is a regular file.

    Raises:
        OSError: If it is not; it is closed then.
    """
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("it is no file")


def content_of(path: Path) -> bytes:
    """All that is in a regular file, also behind a link.

    Raises:
        OSError: If it is another kind of file, or cannot be read.
    """
    with open(path, "rb", opener=regular_file) as file:
        return file.read()
