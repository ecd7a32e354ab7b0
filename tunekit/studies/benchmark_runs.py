"""The complete runs of each setup on each benchmark, one for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit.config.specs.components import DISTRIBUTION
from tunekit.console import printable
from tunekit.results.best_so_far import metric_and_constraint
from tunekit.studies.collection import CollectedExperiment
from tunekit.studies.grouping import Grouping, entry, seed_of
from tunekit_core.plugins.names import BUILT_IN

TIME_LIMIT = "max_wallclock_time"
LONGEST = 1e300  # seconds: more is no limit


@attrs.frozen(eq=False)
class BenchmarkRuns:
    """All setups on one benchmark that search for the best of one metric.

    Attributes:
        benchmark: Its label.
        metric: Name of the metric, and of the constraint where there is one.
        mode: ``"min"`` or ``"max"``.
        setups: By label the runs of each setup, in the order of their seeds.
        surplus: By label those that are left out, since a newer one has the same seed.
    """

    benchmark: str
    metric: str
    mode: str
    setups: Mapping[str, Sequence[CollectedExperiment]]
    surplus: Mapping[str, Sequence[CollectedExperiment]]

    @property
    def runs(self) -> list[CollectedExperiment]:
        """Those of all setups."""
        return [run for runs in self.setups.values() for run in runs]

    @property
    def left_out(self) -> list[CollectedExperiment]:
        """The surplus of all setups."""
        return [run for runs in self.surplus.values() for run in runs]


def group(experiments: Sequence[CollectedExperiment], grouping: Grouping) -> list[BenchmarkRuns]:
    """Group experiments by benchmark and metric, in alphabetical order, and by setup.

    Args:
        experiments: Complete ones.
        grouping: What is a setup, and what a benchmark.

    Raises:
        ConfigurationError: If no experiment has a key to group by.
    """
    labels = grouping.labels([each.metadata for each in experiments])
    found: dict[tuple[str, str, str], dict[str, list[CollectedExperiment]]] = {}
    for each, (setup, benchmark) in zip(experiments, labels, strict=True):
        key = printable(benchmark), printable(metric_and_constraint(each.metadata)), each.metadata["mode"][0]
        found.setdefault(key, {}).setdefault(printable(setup), []).append(each)
    grouped = []
    for key in sorted(found):
        split = {setup: _one_for_each_seed(runs) for setup, runs in sorted(found[key].items())}
        kept = {setup: runs for setup, (runs, _) in split.items()}
        grouped.append(BenchmarkRuns(*key, kept, {setup: runs for setup, (_, runs) in split.items() if runs}))
    return grouped


def time_limit(metadata: Mapping[str, Any]) -> float | None:
    """Seconds that an experiment may take, if it has a limit."""
    where = ("config", "stopping", TIME_LIMIT)
    seconds = entry(metadata, *where, "seconds")
    if entry(metadata, *where, DISTRIBUTION) != BUILT_IN or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds < LONGEST else None


def _one_for_each_seed(
    runs: Sequence[CollectedExperiment],
) -> tuple[list[CollectedExperiment], list[CollectedExperiment]]:
    """The newest run of each seed, and the others. Those that tell no seed are all kept."""
    kept: dict[object, CollectedExperiment] = {}
    surplus = []
    for run in sorted(runs, key=lambda each: (each.last_active, each.path), reverse=True):
        seed = seed_of(run.metadata)
        key = run.path if seed is None else seed
        if key in kept:
            surplus.append(run)
        else:
            kept[key] = run
    return sorted(kept.values(), key=lambda each: (seed_of(each.metadata) or 0, each.path)), surplus
