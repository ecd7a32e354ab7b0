"""The scheduler that stops nothing."""

from __future__ import annotations

from typing import ClassVar, Literal

from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Decision, Report, Resume, Start, Status, Trial


class Fifo(Scheduler):
    """Every trial runs to its end, in the order in which the searcher proposes them."""

    name: ClassVar[str] = "fifo"
    objectives: ClassVar[Literal["one", "many"]] = "many"

    def suggest(self, trial_id: int) -> Start | Resume | None:
        proposal = self.searcher.suggest(trial_id, resource=self.problem.max_resource)
        return None if proposal is None else Start(proposal.configuration, note=proposal.note)

    def on_start(self, trial: Trial) -> None:
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, self.problem.max_resource)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        self.searcher.on_report(trial, report)
        return Decision.CONTINUE

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.searcher.on_end(trial, outcome)
