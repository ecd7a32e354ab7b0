"""The folder of what is kept: that of caches of the user, bounded, and free to be removed at any time."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

NAME = "tunekit"
SUFFIX = ".npz"
MOST_FILES = 20
MOST_BYTES = 200_000_000


def cache_folder() -> Path:
    """Where caches of the user are on this system; nothing of it need exist."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / NAME
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / NAME / "Cache"
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else home / ".cache") / NAME  # relative ones count as none


def read_kept(digest: str) -> bytes | None:
    """What is kept under a digest; ``None`` if nothing is, or it cannot be read."""
    file = cache_folder() / f"{digest}{SUFFIX}"
    try:
        if not _is_own(file.parent):
            return None
        content = file.read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        os.utime(file)  # the least used are removed first
    return content


def keep(digest: str, content: bytes) -> None:
    """Keep something, and remove what was used least recently where that is too much. What fails is left undone."""
    folder = cache_folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            return
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)  # readable by the user alone
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, folder / f"{digest}{SUFFIX}")
        except OSError:
            os.unlink(temporary)
            return
        _remove_what_is_too_much(folder)


def _is_own(folder: Path) -> bool:
    """Whether nobody else can put a file there."""
    if sys.platform == "win32":
        return True
    state = folder.stat()
    return state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _remove_what_is_too_much(folder: Path) -> None:
    n_files = n_bytes = 0
    states = [(file.stat(), file) for file in folder.glob(f"*{SUFFIX}")]
    for state, file in sorted(states, key=lambda each: each[0].st_mtime_ns, reverse=True):
        n_files, n_bytes = n_files + 1, n_bytes + state.st_size
        if n_files > MOST_FILES or n_bytes > MOST_BYTES:
            file.unlink(missing_ok=True)
