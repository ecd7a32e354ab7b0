"""The standard workload as tunekit runs it: ASHA with promotion on ``fcnet``, 4 workers, 3,600 simulated seconds."""

from __future__ import annotations

from pathlib import Path

from loop.bare_loop import N_WORKERS, SECONDS
from tunekit_core import Benchmark, ExperimentRecord, Problem, Streams, Tuner, create


def tuned_loop(folder: Path, benchmark: Benchmark, seed: int) -> int:
    """Run the workload and write its results.

    Args:
        folder: Where they go.
        benchmark: ``fcnet``.
        seed: Effective seed.

    Returns:
        The number of reports.
    """
    problem = Problem(
        space=benchmark.space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        metrics=benchmark.metrics,
    )
    streams = Streams(seed)
    searcher = create("searcher", "random", problem, streams)
    tuner = Tuner(
        scheduler=create("scheduler", "asha_promotion", problem, streams, searcher),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[create("stopping", "max_wallclock_time", problem, seconds=SECONDS)],
        n_workers=N_WORKERS,
        record=ExperimentRecord(folder),
    )
    return tuner.run().n_reports
