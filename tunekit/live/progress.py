"""How far a sweep has come: one line that changes in a terminal, a few plain ones elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tunekit.console import print_stderr, stderr_console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PLAIN_STEPS = 10  # lines over the whole of a sweep, where there is no terminal
LONGEST_SILENCE = 60.0  # seconds, after which the next run that ends has a line too
SECONDS_BETWEEN_TIMES = 0.5  # of thousands of runs the time that is left takes longer to find than a simulated run


class SweepProgress(Protocol):
    """Shows how far a sweep has come."""

    def advance(self, *, has_failed: bool) -> None:
        """One more run has ended."""

    def wait(self, text: str) -> None:
        """What is waited for, a sentence."""


@contextmanager
def progress(total: int, time_left: Callable[[], str], *, is_quiet: bool = False) -> Iterator[SweepProgress]:
    """Progress of that many runs, on standard error.

    Args:
        total: Runs to come.
        time_left: Says how long those take that are left; empty where that is not known.
        is_quiet: Whether nothing is to be shown after all.
    """
    if is_quiet:
        yield _Nothing()
        return
    if not stderr_console().is_terminal:
        yield _Lines(total, time_left)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Runs"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failures]}"))
    left = TextColumn("{task.fields[left]}")
    with Progress(*columns, left, console=stderr_console(), transient=True) as bar:
        yield _Bar(bar, bar.add_task("runs", total=total, failures="", left=""), time_left)


class _Nothing:
    def advance(self, *, has_failed: bool) -> None:
        pass

    def wait(self, text: str) -> None:
        pass


class _Bar:
    def __init__(self, bar: Progress, task: TaskID, time_left: Callable[[], str]) -> None:
        self._bar = bar
        self._time_left = time_left
        self._task = task
        self._n_failed = 0
        self._find_time_left()

    def advance(self, *, has_failed: bool) -> None:
        self._n_failed += has_failed
        failures = f"[red]{self._n_failed} failed[/red]" if self._n_failed else ""
        self._bar.update(self._task, advance=1, failures=failures)
        if time.monotonic() - self._found >= SECONDS_BETWEEN_TIMES:
            self._find_time_left()

    def _find_time_left(self) -> None:
        self._found = time.monotonic()
        self._bar.update(self._task, left=self._time_left())

    def wait(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False)


class _Lines:
    def __init__(self, total: int, time_left: Callable[[], str]) -> None:
        self._total = total
        self._time_left = time_left
        self._n_ended = 0
        self._n_failed = 0
        self._step = 0
        self._told = time.monotonic()

    def wait(self, text: str) -> None:
        print_stderr(text)

    def advance(self, *, has_failed: bool) -> None:
        self._n_ended += 1
        self._n_failed += has_failed
        step = self._n_ended * PLAIN_STEPS // self._total
        now = time.monotonic()
        if step == self._step and now - self._told < LONGEST_SILENCE:
            return
        self._step, self._told = step, now
        failures = f"{self._n_failed} failed" if self._n_failed else ""
        print_stderr(", ".join(filter(None, (f"{self._n_ended} of {self._total} runs", failures, self._time_left()))))
