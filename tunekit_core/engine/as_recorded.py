"""A stand-in for the scheduler that made a record: it decides what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from tunekit_core.contracts.backends import TrialReported
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import Decided, Recorded


class AsRecorded(Scheduler):
    """Decides what was decided when the record was written."""

    name: ClassVar[str] = "as_recorded"

    def __init__(self, problem: Problem) -> None:
        """It has no searcher: nothing is ever suggested."""
        self.problem = problem
        self._decision = Decision.CONTINUE
        self._held: TrialReported | None = None

    def following(self, events: Iterable[Recorded]) -> Iterator[Recorded]:
        """The events, each report once the decision on it is known.

        A record that grows may be given in parts: a report at the end of one is held back until the next is given.
        """
        for event in events:
            if self._held is not None:
                self._decision = event.decision if isinstance(event, Decided) else Decision.CONTINUE
                report, self._held = self._held, None
                yield report
            if isinstance(event, TrialReported):
                self._held = event
            else:
                yield event

    def suggest(self, trial_id: int) -> None:
        return None

    def on_start(self, trial: Trial) -> None:
        pass

    def on_report(self, trial: Trial, report: Report) -> Decision:
        return self._decision

    def on_end(self, trial: Trial, outcome: Any) -> None:
        pass
