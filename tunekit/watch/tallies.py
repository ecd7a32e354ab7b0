"""Runs of a study, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from tunekit.watch.study_run import StudyRun
from tunekit_core.contracts.status import ExperimentStatus


@attrs.frozen
class RunCounts:
    """How many runs there are of each status.

    Attributes:
        n_complete: They came to their end.
        n_running: A process runs them.
        n_failed: They were given up, or an error ended them.
        n_interrupted: They were ended from outside.
        n_missing: Seeds that other setups have on the same benchmark.
    """

    n_complete: int = 0
    n_running: int = 0
    n_failed: int = 0
    n_interrupted: int = 0
    n_missing: int = 0

    @classmethod
    def sum_of(cls, counts: Iterable[RunCounts]) -> RunCounts:
        """The sum of several."""
        return cls(*map(sum, zip(*map(attrs.astuple, counts), strict=True)))

    @property
    def n_runs(self) -> int:
        """Runs that there are."""
        return self.n_complete + self.n_running + self.n_failed + self.n_interrupted

    @property
    def by_status(self) -> dict[str, int]:
        """The counts by what they are called."""
        return {
            "complete": self.n_complete,
            "running": self.n_running,
            "failed": self.n_failed,
            "interrupted": self.n_interrupted,
            "missing": self.n_missing,
        }


@attrs.frozen
class Tally:
    """The runs of a setup on a benchmark.

    Attributes:
        setup: The method, and the options that differ between its runs.
        benchmark: The benchmark and its dataset.
        counts: How many runs there are.
        metric: Name of what is optimised.
        best: The best value so far.
    """

    setup: str
    benchmark: str
    counts: RunCounts
    metric: str
    best: float | None

    @classmethod
    def of(
        cls, setup: str, benchmark: str, runs: Sequence[StudyRun], so_far: Mapping[Path, float], *, n_missing: int
    ) -> Tally:
        """Count the runs of a setup on a benchmark.

        Args:
            setup: The setup.
            benchmark: The benchmark.
            runs: Its runs.
            so_far: The best losses of runs that have not ended, by their folders.
            n_missing: As of the counts.
        """
        statuses = Counter(run.liveness.status for run in runs)
        counts = RunCounts(
            statuses[ExperimentStatus.COMPLETED],
            statuses[ExperimentStatus.RUNNING],
            statuses[ExperimentStatus.FAILED],
            statuses[ExperimentStatus.INTERRUPTED],
            n_missing,
        )
        metric, sign = next(((run.metric, run.sign) for run in runs if run.metric), ("", 1.0))
        losses = [loss for run in runs if (loss := so_far.get(run.path, run.loss)) is not None]
        return cls(setup, benchmark, counts, metric, sign * min(losses) if losses else None)


@attrs.frozen
class RunFailure:
    """A run that failed.

    Attributes:
        title: Method, benchmark and seed.
        path: Its folder.
        reason: Why.
    """

    title: str
    path: Path
    reason: str
