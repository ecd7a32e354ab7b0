"""What cannot be gone on from is kept, under another name beside its own."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path


def free_name(path: Path) -> Path:
    """The first name that is free of ``NAME.set-aside-1``, ``NAME.set-aside-2`` and so on."""
    names = (path.with_name(f"{path.name}.set-aside-{number}") for number in count(1))
    return next(name for name in names if not os.path.lexists(name))


def set_aside(path: Path) -> Path:
    """Give a file or folder another name, which is returned. Whoever calls it holds the lock of the experiment."""
    aside = free_name(path)
    path.rename(aside)
    return aside
