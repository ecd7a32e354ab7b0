"""How far setups end from the optimum of benchmarks that know theirs, in shares that can be averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunekit.config.specs.components import DISTRIBUTION, build_benchmark
from tunekit.studies.benchmark_runs import BenchmarkRuns
from tunekit.studies.differences import less
from tunekit.studies.grouping import entry
from tunekit.studies.panels import Panel
from tunekit_core.errors import TunekitError


def optimum_of(runs: BenchmarkRuns) -> float | None:
    """The best value that the metric has anywhere; ``None`` where the benchmark does not know it, or is not here.

    Args:
        runs: Of a benchmark. What is installed here has to be the same, by the hash of its data.
    """
    asked = [
        (entry(run.metadata, "config", "benchmark"), entry(run.metadata, "config", "data_hash")) for run in runs.runs
    ]
    component, digest = asked[0]
    if digest is None or any(each != asked[0] for each in asked):
        return None
    if entry(component, DISTRIBUTION) is None or entry(component, "name") is None:
        return None
    try:
        benchmark = build_benchmark(component)
    except TunekitError:  # it is not installed, or has another version here
        return None
    is_same = benchmark.data_hash == digest and benchmark.objective.metric[0] == runs.metric
    return benchmark.optimum if is_same else None


def normalised_regrets(
    panels: Sequence[Panel], optima: Sequence[float | None], setups: Sequence[str], reference: str | None
) -> tuple[dict[str, float], int]:
    """The regret of each setup's median at the end, averaged over benchmarks with a known optimum and all setups.

    Args:
        panels: The benchmarks.
        optima: Of each its optimum.
        setups: Labels.
        reference: The setup whose regret is 1 on each benchmark; the worst there unless given.

    Returns:
        By setup its regret, 0 where it ends at the optimum; and over how many benchmarks. Of one setup alone there is
        none: it would be the worst.
    """
    if len(setups) < 2:
        return {}, 0
    regrets = []
    for panel, optimum in zip(panels, optima, strict=True):
        if optimum is None:
            continue
        medians = panel.medians()
        if len(medians) < len(setups) or not all(map(np.isfinite, medians.values())):
            continue
        of_setups = np.maximum(0.0, less([medians[setup] for setup in setups], panel.sign * optimum))
        scale = of_setups.max() if reference is None else of_setups[setups.index(reference)]
        if scale > 0:
            regrets.append(of_setups / scale)
    means = np.mean(regrets, axis=0).tolist() if regrets else []
    return dict(zip(setups, means, strict=False)), len(regrets)
