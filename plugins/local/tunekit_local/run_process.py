"""What the backend needs of whatever runs the scripts: this machine now, another engine in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

Ending: TypeAlias = Mapping[str, Any]
"""The content of ``exit.json``; see `supervisor`."""


class RunProcess(Protocol):
    """One run of a trial, begun by this process or by one that has died."""

    def is_over(self) -> bool:
        """Whether the run has ended: its end is recorded, or there is nobody left who could record it."""
        ...

    def ending(self) -> Ending | None:
        """How the run ended; ``None`` if it has not, or if nobody was left to record it."""
        ...

    def ask_to_end(self) -> None:
        """Have the run ended; its script has the grace period to write a checkpoint. Returns at once."""
        ...

    def wake(self) -> None:
        """Have whoever watches the run go on if it was stopped; the run itself may stay stopped."""
        ...

    def end_by_force(self) -> None:
        """End what is left of the run at once."""
        ...


class RunProcesses(Protocol):
    """Begins runs and finds them again. A run is named by its folder alone, and begins at most once."""

    def launch(self, folder: Path) -> RunProcess:
        """Begin the run of a folder that holds ``spec.json``. Returns at once.

        Raises:
            OSError: If it cannot be begun.
        """
        ...

    def find(self, folder: Path) -> RunProcess:
        """A run that a process which has died was to begin. If it has not begun by now, it never does."""
        ...

    def close(self) -> None:
        """Free what is held, once all runs of this process are over. Called once."""
        ...
