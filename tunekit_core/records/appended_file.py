"""A file that one process appends to."""

from __future__ import annotations

import os
from pathlib import Path

from tunekit_core.errors import LockLost
from tunekit_core.records.syncing import sync_folder


class AppendedFile:
    """Appends to a file, as long as nobody else does.

    Args:
        path: The file; made if it does not exist.
        found: Its length in bytes when it was read.
        kept: So many of them are kept; those after are removed.

    Raises:
        LockLost: If it has another length by now.
        OSError: If it cannot be opened or made.
    """

    def __init__(self, path: Path, *, found: int, kept: int) -> None:
        self._path = os.path.abspath(path)  # wherever the process goes meanwhile
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - lives as long as the run
        self._inode = os.fstat(self._file.fileno()).st_ino
        self._size = self._end = found  # what is known of its length, and what it is once all is written
        self._has_synced_name = False
        try:
            self.check()
            self._file.truncate(kept)
        except BaseException:
            self._file.close()
            raise
        self._size = self._end = kept

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises:
            OSError: If it cannot be written; a part may be.
        """
        self._end = self._size + len(data)
        left = memoryview(data)
        while left:
            n_written = self._file.write(left)
            self._size += n_written
            left = left[n_written:]

    def check(self) -> None:
        """See that the file is what this process has made of it.

        Raises:
            LockLost: If it is not.
        """
        try:
            status = os.stat(self._path)
        except OSError as error:
            raise LockLost(f"{self._path} is gone while this process writes it: {error.strerror}. It stops.") from error
        # An interruption may have come after the last bytes were written, and before it was known how many.
        if status.st_ino != self._inode or not self._size <= status.st_size <= self._end:
            raise LockLost(
                f"{self._path} was changed by another process: it has {status.st_size:,} bytes where this one knows "
                f"{self._size:,}{'' if status.st_ino == self._inode else ', and is another file'}. This one stops."
            )

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(self._file.fileno())
        if not self._has_synced_name:
            sync_folder(Path(self._path).parent)
            self._has_synced_name = True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
