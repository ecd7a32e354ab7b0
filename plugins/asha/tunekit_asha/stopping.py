"""ASHA that decides as soon as a trial reports: it goes on, or is stopped for good."""

from __future__ import annotations

from typing import ClassVar

from tunekit_asha.asha import Asha
from tunekit_core.contracts.trials import Decision, Report, Resume, Start, Trial


class AshaStopping(Asha):
    """ASHA that stops a trial at a rung unless it is among the best there so far; needs no checkpoints.

    Trials start with nowhere to pause. The first to arrive at a rung goes on unseen. Options: see :class:`Asha`.
    """

    name: ClassVar[str] = "asha_stopping"

    def suggest(self, trial_id: int) -> Start | Resume | None:
        """Start what the searcher proposes."""
        return self._start(trial_id, until_first_rung=False)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        """Stop the trial if it does not pass the rung that it has reached."""
        rung = self._arrive(trial, report)
        if rung is None:
            return Decision.CONTINUE
        target = self._climbs[trial.id].target
        if target is None:
            return Decision.CONTINUE
        if not rung.passes(report.losses[0]):
            return Decision.STOP
        self.searcher.on_target(trial, target)
        return Decision.CONTINUE
