"""ASHA that pauses trials, and resumes the best of them when a worker is free."""

from __future__ import annotations

from typing import ClassVar

from tunekit_asha.asha import Asha
from tunekit_core.contracts.trials import Decision, Note, Report, Resume, Start, Trial


class AshaPromotion(Asha):
    """ASHA that pauses every trial at its next rung, and resumes it there once it is among the best.

    A free worker resumes the best paused trial of the highest rung where that trial passes; if there is none, it
    starts a new one. A paused trial may be promoted at any later time, so none is ever released.
    Options: see :class:`Asha`.

    With ``rung_system_per_bracket``, unlike the reference software, the rungs of all brackets are searched for a
    trial to promote, those at higher levels first, rather than the rungs of one bracket drawn at random: a bracket
    that is rarely drawn does not keep its good trials waiting.
    """

    name: ClassVar[str] = "asha_promotion"
    needs: ClassVar[frozenset[str]] = frozenset({"pause"})

    def suggest(self, trial_id: int) -> Start | Resume | None:
        """Promote a paused trial, or start what the searcher proposes."""
        return self._promotion() or self._start(trial_id, until_first_rung=True)

    def on_resume(self, trial: Trial, note: Note) -> None:
        """The trial is pending at its next rung."""
        climb = self._climbs[trial.id]
        climb.rung.end_wait(trial.id)
        self.searcher.on_resume(trial, note)
        self.searcher.on_target(trial, climb.target)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        """Pause the trial at each rung below the last."""
        rung = self._arrive(trial, report)
        below_the_last = rung is not None and self._climbs[trial.id].target is not None
        return Decision.PAUSE if below_the_last else Decision.CONTINUE

    def on_pause(self, trial: Trial) -> None:
        """The trial waits for its promotion."""
        self._climbs[trial.id].rung.wait(trial.id)
        self.searcher.on_pause(trial)

    def least_promising(self) -> list[int]:
        """Waiting trials: first those that most others on their rung are better than, of equal ones the lower."""
        standings = [
            (-share, rung.level, trial_id)
            for rungs in self._rungs
            for rung in rungs
            for trial_id, share in rung.standings().items()
        ]
        return [trial_id for _, _, trial_id in sorted(standings)]

    def _promotion(self) -> Resume | None:
        """The trial that successive halving would promote."""
        for rungs in reversed(self._rungs):
            for rung in rungs:
                promoted = rung.promotable()
                if promoted is not None:
                    return Resume(promoted, until=self._climbs[promoted].target)
        return None
