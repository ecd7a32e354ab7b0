"""The standard workload as tunekit runs it: ASHA with promotion on ``fcnet``, 4 workers, 3,600 simulated seconds.

The same with another scheduler, or up to a number of reports.
"""

from __future__ import annotations

from pathlib import Path

from loop.bare_loop import N_WORKERS, SECONDS
from tunekit_core import Benchmark, ExperimentRecord, Problem, Streams, Tuner, create


def tuned_loop(
    folder: Path,
    benchmark: Benchmark,
    seed: int,
    scheduler: str = "asha_promotion",
    n_reports: int | None = None,
) -> int:
    """Run the workload and write its results.

    Args:
        folder: Where they go.
        benchmark: ``fcnet``.
        seed: Effective seed.
        scheduler: Its name.
        n_reports: After how many reports it ends, whatever the time.

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
    if n_reports is None:
        stopping = create("stopping", "max_wallclock_time", problem, seconds=SECONDS)
    else:
        stopping = create("stopping", "max_num_evaluations", problem, count=n_reports)
    tuner = Tuner(
        scheduler=create("scheduler", scheduler, problem, streams, searcher),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
        stopping=[stopping],
        n_workers=N_WORKERS,
        record=ExperimentRecord(folder),
    )
    return tuner.run().n_reports
