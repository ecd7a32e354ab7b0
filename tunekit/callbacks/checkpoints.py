"""What all callbacks share: the checkpoint that a trial goes on from, and how far its training has come."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tunekit.reporter import CHECKPOINTS, Reporter

RESUMED = "TUNEKIT_CHECKPOINT_DIR"  # path of a copy of the checkpoint to go on from; an empty folder if there is none


def to_resume_from(pattern: str) -> str | None:
    """The path of the one file or folder of this name in the checkpoint to go on from, if there is one."""
    folder = os.environ.get(RESUMED)
    found = [] if folder is None else sorted(Path(folder).glob(pattern))
    return str(found[0]) if found else None


def whole_number(name: str, value: Any) -> int:
    """The value of an argument that is a whole number from 1 on.

    Raises:
        ValueError: If it is none.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1 or isinstance(value, bool):
        raise ValueError(f"{name}={value!r} must be a whole number from 1 on, such as {name}=5.")
    return number


class Reports:
    """Checkpoints and reports of one training.

    Args:
        resource: What is counted: ``"epoch"``, ``"step"``, ``"round"``.
        checkpoint: Whether checkpoints are published, where they are kept.
    """

    def __init__(self, resource: str, checkpoint: bool) -> None:
        self._resource = resource
        self._checkpoint = checkpoint
        self._last = 0
        self._report = Reporter()

    @property
    def publish(self) -> bool:
        """Whether checkpoints are published: outside of tunekit nobody keeps them, and nothing need be saved."""
        return self._checkpoint and CHECKPOINTS in os.environ

    def reach(self, number: int) -> None:
        """Take notice that the training has come so far.

        Raises:
            ValueError: If it had come as far before: then this is another training.
        """
        if number <= self._last:
            raise ValueError(
                f"A callback reports one training, and this one is at {self._resource} {number} after "
                f"{self._resource} {self._last}: it is a second one. Give the callback to one of them alone."
            )
        self._last = number

    def checkpoint(self, number: int) -> AbstractContextManager[Path]:
        """The folder of a checkpoint, which is published when its block ends."""
        return self._report.checkpoint(number)

    def send(self, number: int, metrics: Mapping[str, Any]) -> None:
        """Report what was measured there."""
        self._report({**metrics, self._resource: number})

    def after_saving(self, number: int, metrics: Mapping[str, Any], save: Callable[[Path], None] | None) -> None:
        """Report what was measured, once a checkpoint is published.

        Args:
            number: How far the training has come.
            metrics: What was measured there.
            save: Writes a checkpoint into a folder; ``None`` if there can be none.
        """
        self.reach(number)
        if save is not None and self.publish:
            with self.checkpoint(number) as folder:
                save(folder)
        self.send(number, metrics)
