"""The runs of each trial: how many reports the current one has made, and how often one was begun again."""

from __future__ import annotations

from tunekit_core.contracts.trials import Cause

INFRASTRUCTURE = Cause.INFRASTRUCTURE  # Python 3.11 takes as long to look it up as to call a function


class Runs:
    """Counts what the runs of trials have done.

    Attributes:
        counts_reports: Whether resources are counts of reports, so that these are counted.
    """

    def __init__(self, *, counts_reports: bool) -> None:
        self.counts_reports = counts_reports
        self._n_reports: dict[int, int] = {}  # of the current run of each trial
        self._n_lost: dict[int, int] = {}  # since this process or the one before it began
        self._n_retried: dict[int, int] = {}

    def begin(self, trial_id: int) -> None:
        """A run of a trial begins."""
        if self.counts_reports:
            self._n_reports[trial_id] = 0

    def report(self, trial_id: int) -> None:
        """The current run of a trial has made a report; told where reports are counted."""
        self._n_reports[trial_id] += 1

    def n_reports(self, trial_id: int) -> int:
        """How many reports the current run of a trial has made; asked where reports are counted."""
        return self._n_reports[trial_id]

    def begin_again(self, trial_id: int, cause: Cause) -> None:
        """A run of a trial that failed, or whose worker was lost, is begun again."""
        counts = self._n_begun_again(cause)
        counts[trial_id] = counts.get(trial_id, 0) + 1
        self.begin(trial_id)

    def n_begun_again(self, trial_id: int, cause: Cause) -> int:
        """How often a trial was begun again: since the process began for lost runs, in all for those that failed."""
        return self._n_begun_again(cause).get(trial_id, 0)

    def forget_lost(self) -> None:
        """A process begins: what was lost with the one that died is no sign that a trial will be lost again."""
        self._n_lost.clear()

    def _n_begun_again(self, cause: Cause) -> dict[int, int]:
        return self._n_lost if cause is INFRASTRUCTURE else self._n_retried
