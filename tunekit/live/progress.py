"""How far a sweep has come: one line that changes in a terminal, a few plain ones elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tunekit.console import duration, messages, say
from tunekit.runs.run import COMPLETED, Outcome

PLAIN_STEPS = 10  # lines over the whole of a sweep, where there is no terminal


class Progress(Protocol):
    """Shows progress."""

    def advance(self, outcome: Outcome) -> None:
        """One more run has ended."""


@contextmanager
def progress(total: int, *, is_quiet: bool = False) -> Iterator[Progress]:
    """Progress of that many runs, on standard error.

    Args:
        total: Runs to come.
        is_quiet: Whether nothing is to be shown after all.
    """
    if is_quiet:
        yield _Nothing()
        return
    if not messages().is_terminal:
        yield _Lines(total)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failures]}"))
    left = (TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, *left, console=messages(), transient=True) as bar:
        yield _Bar(bar, bar.add_task("runs", total=total, failures=""))


class _Nothing:
    def advance(self, outcome: Outcome) -> None:
        pass


class _Bar:
    def __init__(self, bar: object, task: object) -> None:
        self._bar = bar
        self._task = task
        self._n_failed = 0

    def advance(self, outcome: Outcome) -> None:
        if outcome.status != COMPLETED:
            self._n_failed += 1
        failures = f"[red]{self._n_failed} failed[/red]" if self._n_failed else ""
        self._bar.update(self._task, advance=1, failures=failures)  # type: ignore[attr-defined]


class _Lines:
    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._n_failed = 0
        self._shown = 0
        self._began = time.monotonic()

    def advance(self, outcome: Outcome) -> None:
        self._done += 1
        self._n_failed += outcome.status != COMPLETED
        step = self._done * PLAIN_STEPS // self._total
        if step == self._shown:
            return
        self._shown = step
        passed = time.monotonic() - self._began
        left = passed / self._done * (self._total - self._done)
        failures = f", {self._n_failed} failed" if self._n_failed else ""
        say(f"{self._done} of {self._total} runs{failures}, {duration(left)} left")
