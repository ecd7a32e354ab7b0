"""When the best report of an experiment got better: its best value over time."""

from __future__ import annotations

from collections.abc import Sequence

from tunekit_core.contracts.trials import Report


class Improvements:
    """The reports that were better than all before them, as far as no trial that made one of them has failed.

    Reports of trials that fail do not count, sooner or later. Where such a trial once had the best, reports in its
    shade were improvements, and those are not kept: from then on nothing is known.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[float, float]] | None = []
        self._trials: set[int] = set()

    @property
    def steps(self) -> Sequence[tuple[float, float]] | None:
        """Seconds and loss of each improvement, in their order; ``None`` where that is not known."""
        return self._steps

    def add(self, report: Report) -> None:
        """A report is better than all before it."""
        if self._steps is not None:
            self._steps.append((report.time, report.losses[0]))
            self._trials.add(report.trial_id)

    def fail(self, trial_id: int) -> None:
        """A trial has failed, or is going to."""
        if trial_id in self._trials:
            self._steps = None
            self._trials.clear()
