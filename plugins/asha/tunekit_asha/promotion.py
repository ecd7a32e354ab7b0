"""ASHA that pauses trials, and resumes the best of them when a worker is free."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar

from tunekit_asha.asha import Asha
from tunekit_core import Decision, Note, Report, Resume, Start, Trial


class AshaPromotion(Asha):
    """ASHA that pauses every trial at its next rung, and resumes it there once it is among the best.

    A free worker resumes the best paused trial of the highest rung where that trial passes; if there is none, it
    starts a new one. A paused trial may be promoted at any later time, so none is ever released.

    With ``rung_system_per_bracket``, unlike the reference software, the rungs of all brackets are searched for a
    trial to promote, those at higher levels first, rather than the rungs of one bracket drawn at random: a bracket
    that is rarely drawn does not keep its good trials waiting.
    """

    name: ClassVar[str] = "asha_promotion"
    revision: ClassVar[int] = 2
    needs: ClassVar[frozenset[str]] = frozenset({"pause"})

    def suggest(self, trial_id: int) -> Start | Resume | None:
        return self.rung_system.promotion() or self.new_trial(trial_id, pauses=True)

    def on_resume(self, trial: Trial, note: Note) -> None:
        self.rung_system.resume(trial, note)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        return Decision.CONTINUE if self.rung_system.report(trial, report) is None else Decision.PAUSE

    def on_pause(self, trial: Trial) -> None:
        self.rung_system.pause(trial)

    def least_promising(self, among: Container[int]) -> int | None:
        return self.rung_system.least_promising(among)
