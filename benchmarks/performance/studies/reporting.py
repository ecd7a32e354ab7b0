"""How long ``python -m tunekit report`` takes over a study: for the first time, again, and with a page of HTML."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs


@attrs.frozen
class Report:
    """What one command took.

    Attributes:
        seconds: Real time.
        processor: Seconds of the processor.
        peak: MB of memory, the most of any command so far.
    """

    seconds: float
    processor: float
    peak: float


@attrs.frozen
class Reports:
    """The reports of a study, one after the other.

    Attributes:
        first: With an empty cache.
        second: The same command again.
        with_page: With a page.
        page: Its bytes.
    """

    first: Report
    second: Report
    with_page: Report
    page: int


def reports(results: Path, n_runs: int) -> Iterator[Reports]:
    """Report a study several times, each time with a cache of its own.

    Args:
        results: Where the experiments are.
        n_runs: How many times.

    Raises:
        CalledProcessError: If a command fails.
        RuntimeError: If the second report says something else than the first.
    """
    for _ in range(n_runs):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "report.html"
            first, told = _report([str(results)], folder)
            second, again = _report([str(results)], folder)
            with_page, _ = _report([str(results), f"html={page}"], folder)
            if told != again:
                raise RuntimeError("The second report says something else than the first.")
            yield Reports(first, second, with_page, page.stat().st_size)


def _report(typed: Sequence[str], cache: str) -> tuple[Report, bytes]:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "tunekit", "report", *typed]
    done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "XDG_CACHE_HOME": cache})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Report(time.perf_counter() - began, processor, after.ru_maxrss / 1024), done.stdout
