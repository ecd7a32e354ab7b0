"""ASHA that decides as soon as a trial reports: it goes on, or is stopped for good."""

from __future__ import annotations

from typing import ClassVar

from tunekit_asha.asha import Asha
from tunekit_core import Decision, Report, Start, Trial


class AshaStopping(Asha):
    """ASHA that stops a trial at a rung unless it is among the best there so far; needs no checkpoints.

    No trial ever pauses. The first to arrive at a rung goes on: there is nothing yet to compare it with.
    """

    name: ClassVar[str] = "asha_stopping"
    revision: ClassVar[int] = 2

    def suggest(self, trial_id: int) -> Start | None:
        return self.new_trial(trial_id, pauses=False)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        rung = self.rung_system.report(trial, report)
        if rung is None:
            return Decision.CONTINUE
        if not rung.passes(report.losses[0]):
            return Decision.STOP
        rung.go_on(trial.id)
        self.searcher.on_target(trial, self.rung_system.climbs[trial.id].target)
        return Decision.CONTINUE
