"""The boundary to files in which a trial may have written: all of them are read, written and removed through it.

A script may leave anything in the place of its files: a folder, a pipe, a device, a link to the files of others, fifty
gigabytes. Here only regular files are read, below folders none of which is a link, a bounded number of bytes at a time,
and nothing is waited for. What is removed is what stands at a path, never what a link there names. Every failure is an
``OSError``, for whoever asked to fail that trial.

A script runs as the same user. So this is no wall against one that wants to do harm: it keeps what scripts leave
behind, by mistake or as they break, from harming the tuner and other trials.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MOST_BYTES = 16 << 20  # of a file that is read as a whole
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe would have us wait for its writer


def open_folder(home: Path, names: Sequence[str]) -> int:
    """Open a folder below one that is ours; the caller closes it. It stays the same one, whatever its name becomes.

    Args:
        home: A folder into which no trial writes.
        names: The way down from there.

    Raises:
        OSError: If one of them is missing, a link, or no folder.
    """
    here = os.open(home, FOLDER)
    for name in names:
        try:
            below = os.open(name, FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


def open_file(folder: int, name: str) -> int:
    """Open a regular file for reading; the caller closes it.

    Args:
        folder: Descriptor of the folder that it is in.
        name: Its name there.

    Raises:
        OSError: If it is missing, a link, or no regular file.
    """
    try:
        file = os.open(name, FILE, dir_fd=folder)
    except OSError as error:
        raise OSError(error.errno, "A link" if error.errno == errno.ELOOP else error.strerror, name) from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "Not a regular file", name)
    return file


@contextlib.contextmanager
def opened(home: Path, path: Path) -> Iterator[int]:
    """Open a regular file for reading while the block runs.

    Args:
        home: A folder into which no trial writes.
        path: The file, somewhere below.

    Raises:
        OSError: If it is missing or no regular file, or a link is on the way there.
    """
    *folders, name = path.relative_to(home).parts
    folder = open_folder(home, folders)
    try:
        file = open_file(folder, name)
    finally:
        os.close(folder)
    try:
        yield file
    finally:
        os.close(file)


def read_json(home: Path, path: Path) -> Any:
    """What a file says as JSON.

    Args:
        home: A folder into which no trial writes.
        path: The file, somewhere below.

    Raises:
        OSError: If it cannot be read, is larger than any that is written here, or is no JSON.
    """
    with opened(home, path) as file:
        if os.fstat(file).st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        content = os.read(file, MOST_BYTES)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OSError(errno.EINVAL, f"No JSON: {error}", str(path)) from error


def create_file(home: Path, path: Path) -> None:
    """Make an empty file.

    Args:
        home: A folder into which no trial writes.
        path: The file, somewhere below.

    Raises:
        OSError: If something is there, or a link is on the way there.
    """
    *folders, name = path.relative_to(home).parts
    folder = open_folder(home, folders)
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644, dir_fd=folder))
    finally:
        os.close(folder)


def make_folders(home: Path, path: Path) -> None:
    """Make the folders of a path that are missing.

    Args:
        home: A folder into which no trial writes.
        path: A folder somewhere below.

    Raises:
        OSError: If something else is in the place of one, also a link to a folder.
    """
    here = home
    for name in path.relative_to(home).parts:
        here = here / name
        with contextlib.suppress(FileExistsError):
            here.mkdir()
        if not is_folder(here):
            raise NotADirectoryError(errno.ENOTDIR, "Something else is in the place of a folder", str(here))


def write_new(path: Path, content: str, *, mode: int = 0o666) -> None:
    """Write a file, whole or not at all, in place of one that may be there.

    Args:
        path: The file.
        content: What it is to hold.
        mode: Who may do what with it, as far as the umask allows.

    Raises:
        OSError: If it cannot be written, as where a folder is in its place.
    """
    temporary = path.with_name(f".{path.name}.part")
    remove(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(temporary, path)


def is_folder(path: Path) -> bool:
    """Whether a folder is there, not a link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def remove(path: Path) -> None:
    """Remove whatever is at a path, if anything is; of a link the link alone.

    Folders may be nested deeper than Python's stack and the paths of the system reach.

    Raises:
        OSError: If something cannot be removed.
    """
    if not is_folder(path):
        path.unlink(missing_ok=True)
        return
    prefix, n_moved = uuid.uuid4().hex, 0
    while inner := _emptied_of_files(path):
        for folder in inner:
            for below in _emptied_of_files(folder):  # moved up: so no path gets longer than those of two levels
                below.rename(path / f"{prefix}-{n_moved}")
                n_moved += 1
            folder.rmdir()
    path.rmdir()


def _emptied_of_files(folder: Path) -> list[Path]:
    """The folders in a folder, from which all else is removed."""
    folder.chmod(stat.S_IRWXU)
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            else:
                os.unlink(entry.path)
    return folders
