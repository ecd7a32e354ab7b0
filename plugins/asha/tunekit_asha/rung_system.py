"""The rungs of an experiment, and how trials climb from one to the next."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence

import attrs

from tunekit_asha.levels import promotion_quantiles
from tunekit_asha.options import Ties
from tunekit_asha.rungs import Rung
from tunekit_core import Note, Report, Resume, Searcher, Standing, Status, Trial


@attrs.define
class Climb:
    """How far a trial has come.

    Attributes:
        rungs: The rungs of its bracket, lowest first; the last is at ``max_resource``.
        n_reached: How many of them it has reached or jumped over.
        target: The level of the next rung; ``None`` at the top.
    """

    rungs: Sequence[Rung]
    n_reached: int = 0
    target: int | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.target = self._next_level()

    @property
    def rung(self) -> Rung:
        """The rung that was reached last."""
        return self.rungs[self.n_reached - 1]

    def arrive(self, resource: int) -> Rung | None:
        """The highest rung that is newly reached at a resource, if there is one; those below it are jumped over."""
        if self.target is None or resource < self.target:  # so it is with most reports
            return None
        while self.target is not None and self.target <= resource:
            self.n_reached += 1
            self.target = self._next_level()
        return self.rung

    def _next_level(self) -> int | None:
        return self.rungs[self.n_reached].level if self.n_reached < len(self.rungs) else None


class RungSystem:
    """The rungs of an experiment, the trials on their way from one to the next, and what the searcher learns of them.

    A scheduler has one, and passes to it what happens to a trial. A report counts at the highest level that it
    reaches, if the trial has not been compared there yet: so a rung takes the first report at or above its level, and
    levels that a trial jumps over never see it. A trial that fails leaves all rungs.

    Args:
        levels: The rung levels, lowest first, with ``max_resource`` as the last.
        searcher: Is told what happens to trials, and at which level each is pending.
        shows_all: Whether it sees all reports, rather than those at rungs.
        n_brackets: Number of brackets; bracket s begins at the s-th lowest level.
        rungs_per_bracket: Whether each bracket has rungs of its own.
        ties: Which of equal trials pass where not all of them may go on.

    Attributes:
        levels: As above.
        rungs: For each level the rungs there: one that all brackets share, or one for each bracket.
        brackets: For each bracket its rungs, lowest first.
        climbs: How far each trial has come that runs or is paused, by id.
    """

    def __init__(
        self,
        levels: Sequence[int],
        searcher: Searcher,
        *,
        shows_all: bool = False,
        n_brackets: int = 1,
        rungs_per_bracket: bool = False,
        ties: Ties = "arrival",
    ) -> None:
        n = n_brackets if rungs_per_bracket else 1
        self.levels = tuple(levels)
        self.rungs = [
            [Rung(level, quantile, ties) for _ in range(n)]
            for level, quantile in zip(levels, promotion_quantiles(levels), strict=True)
        ]
        self._from_the_top = [rung for rungs in reversed(self.rungs) for rung in rungs]
        self.brackets = [[rungs[s % n] for rungs in self.rungs[s:]] for s in range(n_brackets)]
        self.climbs: dict[int, Climb] = {}
        self._searcher = searcher
        self._shows_all = shows_all
        self._columns = [f"num_at_level{level}" for level in levels]

    def start(self, trial: Trial, bracket: int = 0) -> None:
        """A trial was started; it is pending at the first rung of its bracket."""
        climb = self.climbs[trial.id] = Climb(self.brackets[bracket])
        self._searcher.on_start(trial)
        self._searcher.on_target(trial, climb.target)

    def resume(self, trial: Trial, note: Note) -> None:
        """A paused trial runs again; it is pending at its next rung."""
        climb = self.climbs[trial.id]
        climb.rung.go_on(trial.id)
        self._searcher.on_resume(trial, note)
        self._searcher.on_target(trial, climb.target)

    def report(self, trial: Trial, report: Report) -> Rung | None:
        """A trial has reported.

        Returns:
            The rung that it has reached with that. ``None`` if it is between two, or at the last, where nothing is
            decided: it ends there by itself.
        """
        climb = self.climbs[trial.id]
        rung = climb.arrive(report.resource)
        if rung is not None:
            rung.add(trial.id, report.losses[0])
        if rung is not None or self._shows_all:
            self._searcher.on_report(trial, report)
        return None if climb.target is None else rung

    def pause(self, trial: Trial) -> None:
        """A trial has paused at the rung that it has reached; from now on it can be promoted."""
        self.climbs[trial.id].rung.wait(trial.id)
        self._searcher.on_pause(trial)

    def end(self, trial: Trial, outcome: Status) -> None:
        """A trial has ended for good."""
        climb = self.climbs.pop(trial.id)
        if climb.n_reached:
            climb.rung.end_wait(trial.id)
        if outcome is Status.FAILED:
            for rung in climb.rungs[: climb.n_reached]:
                rung.remove(trial.id)
        self._searcher.on_end(trial, outcome)

    def promotion(self, below: float = math.inf) -> Resume | None:
        """The trial that successive halving would promote.

        It is the best of those that wait at a rung, of the highest rung where that one passes.

        Args:
            below: Only trials that wait at a lower level than this are promoted.
        """
        for rung in self._from_the_top:
            promoted = rung.promotable() if rung.level < below else None
            if promoted is not None:
                return Resume(promoted, until=self.climbs[promoted].target)
        return None

    def least_promising(self, among: Container[int]) -> int | None:
        """The waiting trial with the largest share of better ones on its rung; of equal ones the lower rung, then id.

        Logarithmic time, after n log n the first time.

        Args:
            among: Those that come into question. One that is not among them is not looked at again until it has been
                resumed and waits once more.
        """
        worst = [
            (-last[0], rung.level, last[1])
            for rungs in self.rungs
            for rung in rungs
            if (last := rung.last_waiting(among)) is not None
        ]
        return min(worst)[2] if worst else None

    def standing(self, trial_id: int) -> Standing | None:
        """Where a trial that runs or is paused stands on the rung that it has reached last."""
        climb = self.climbs[trial_id]
        return climb.rung.standing(trial_id) if climb.n_reached else None

    def columns(self) -> Mapping[str, int]:
        """How many trials count at each level, ``max_resource`` included: ``num_at_level1`` and so on."""
        return {name: sum(map(len, rungs)) for name, rungs in zip(self._columns, self.rungs, strict=True)}
