"""Whether checkpoints are kept, and what the one holds that a trial goes on from: what each framework asks for."""

from __future__ import annotations

import os
from pathlib import Path

from tunekit.reporter import CHECKPOINTS

RESUMED = "TUNEKIT_CHECKPOINT_DIR"  # path of a copy of the checkpoint to go on from; an empty folder if there is none


def are_kept() -> bool:
    """Whether somebody keeps what is published: outside of tunekit nobody does, and nothing need be saved."""
    return CHECKPOINTS in os.environ


def to_resume_from(pattern: str) -> str | None:
    """The path of the one file or folder of this name in the checkpoint to go on from, if there is one."""
    folder = os.environ.get(RESUMED)
    found = [] if folder is None else sorted(Path(folder).glob(pattern))
    return str(found[0]) if found else None
