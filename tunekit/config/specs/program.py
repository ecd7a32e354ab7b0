"""The program that the trials of a run start: what is in its files belongs to what the run is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tunekit.sources import Sources, sources_of
from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.benchmarks import Benchmark, Executable


def program_of(benchmark: Benchmark, backend: type[Backend], results_dir: Path) -> Sources | None:
    """The files of the program; ``None`` where trials run no program, as in simulations.

    Args:
        benchmark: What is tuned.
        backend: What runs trials.
        results_dir: Where results go.

    Raises:
        ConfigurationError: If the benchmark names sources that do not exist.
    """
    if backend.runs is not Executable or not isinstance(benchmark, Executable):
        return None
    return sources_of(benchmark.script(), results_dir=results_dir)


def different(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the files, or of the parts of a function, in which something else is."""
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]
