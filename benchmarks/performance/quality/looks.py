"""The log of looks at confirming tasks: who chooses by what he confirms with confirms nothing.

A look is at one change that is final, and has its text. The first command with a text that runs methods on confirming
tasks opens a look; the same text continues it, with a line more in the log where what is run or the commit is another.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from quality.split import LOOKS

LOG = Path(__file__).with_name("looks.jsonl")


class Looks:
    """The log.

    Args:
        path: One JSON object a line, only ever added to.
    """

    def __init__(self, path: Path = LOG) -> None:
        self._path = path

    def lines(self) -> list[dict[str, Any]]:
        """All that was written."""
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    def number_of(self, text: str) -> int | None:
        """The number of a look, from 1; ``None`` if there is none under that text."""
        return next((line["look"] for line in self.lines() if line["text"] == text), None)

    def open(self, text: str, methods: Sequence[str], families: Sequence[str], n_seeds: int) -> int:
        """Begin a look or go on with it, before anything is run.

        Args:
            text: What was changed.
            methods: Those that are run.
            families: On whose confirming tasks.
            n_seeds: Over how many seeds.

        Returns:
            The number of the look.

        Raises:
            ValueError: If all looks are used up, or the text is empty.
        """
        if not text.strip():
            raise ValueError('A look needs a text that says what was changed: --look "what was changed".')
        lines = self.lines()
        number = self.number_of(text)
        if number is None:
            number = 1 + max((line["look"] for line in lines), default=0)
            if number > LOOKS:
                known = "\n".join(f"  {line}" for line in dict.fromkeys(line["text"] for line in lines))
                raise ValueError(
                    f"Confirming tasks were looked at {LOOKS} times, which is all that the error allows:\n{known}\n"
                    "One of these goes on with --look and exactly its text; a further change cannot be confirmed."
                )
        said = {"methods": list(methods), "families": list(families), "seeds": n_seeds, "commit": commit()}
        of_look = [line for line in lines if line["look"] == number]
        if not any(said.items() <= line.items() for line in of_look):
            self._add({"look": number, "date": _now(), "text": text, **said})
        return number

    def runs_of(self, number: int) -> list[Mapping[str, Any]]:
        """The lines of a look that say what is run."""
        return [line for line in self.lines() if line["look"] == number and "methods" in line]

    def report(self, number: int, text: str, verdicts: Collection[str]) -> None:
        """Add what came out of a look, unless that is written there already."""
        said = {"verdicts": list(verdicts), "commit": commit()}
        if not any(line["look"] == number and line.get("verdicts") == said["verdicts"] for line in self.lines()):
            self._add({"look": number, "date": _now(), "text": text, **said})

    def _add(self, line: Mapping[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def commit() -> str:
    """The commit that runs, with ``-dirty`` where tracked files other than the log differ from it."""
    folder = Path(__file__).parent
    described = subprocess.run(
        ["git", "describe", "--always", "--tags"], cwd=folder, check=False, capture_output=True, text=True
    )
    changed = subprocess.run(
        ["git", "diff", "--quiet", "HEAD", "--", ":/", f":(exclude){LOG.name}"], cwd=folder, check=False
    )
    return (described.stdout.strip() or "unknown") + ("-dirty" if changed.returncode == 1 else "")


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
