"""Finished runs, one JSON object a line, added to by any number of processes and never rewritten."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import attrs

from runs.run import Run


class Store:
    """A file of finished runs.

    Args:
        path: The file; it and its folder are made when the first run is added.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def runs(self) -> list[Run]:
        """Every run, the first of those with equal keys.

        Raises:
            ValueError: If a line is no run.
        """
        if not self._path.exists():
            return []
        runs: dict[object, Run] = {}
        for number, line in enumerate(self._path.read_text().splitlines(), 1):
            try:
                run = Run(**json.loads(line))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{self._path}, line {number} is no run ({error}): remove that line.") from error
            runs.setdefault(run.key, run)
        return list(runs.values())

    def add(self, run: Run) -> None:
        """Append a run, whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(attrs.asdict(run)) + "\n")
