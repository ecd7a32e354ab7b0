"""ASHA that gives trials more than a little only where it has to."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, ClassVar

import attrs

from tunekit_asha.levels import choose_levels, max_resource_of
from tunekit_asha.options import PashaOptions
from tunekit_asha.pasha.criteria import criterion_of
from tunekit_asha.pasha.ranking import SharedRanking
from tunekit_asha.rung_system import RungSystem
from tunekit_core import (
    Decision,
    Note,
    Problem,
    Report,
    Resume,
    Scalar,
    Scheduler,
    Searcher,
    Standing,
    Start,
    Status,
    Streams,
    Trial,
)


class Pasha(Scheduler):
    """ASHA with promotion whose maximum resource grows only while the order of the best trials has not settled.

    At first two rungs are unlocked. Trials pause at each rung and are promoted as by ASHA, but none beyond the highest
    unlocked rung. After each report the two highest of these are compared: if a trial on the upper one has a place that
    it did not have on the lower one, and those that had this place differ from it by more than epsilon, the next rung
    is unlocked, and what waits may go on to it. With all rungs unlocked this is ASHA. Other criteria compare the two
    orders as a whole.

    Epsilon is what noise makes of the difference of two trials: the 90th percentile, over pairs of trials beyond the
    lower of the two rungs, of how far apart they are at the highest resource that both have reported, if they have
    changed places and back again before. It is 0 until there is such a pair, and stays as it was where there is none.
    So reports at each resource are of use, not only those at rungs; where there are few, less noise is seen, and rungs
    are unlocked earlier.

    There is no end of its own: a stopping criterion ends the experiment.

    Unlike the paper, the 90th percentile is over the last 500 trials that came beyond the lower rung, so that memory is
    bounded; and of more than 200 trials the median distance is that of 200, evenly chosen by rank.

    Unlike the paper, a trial that jumps over the rung below the highest unlocked one unlocks the rung above the one
    where it arrives. Nothing can be compared there, and trials of a script that reports rarely would wait for ever.

    Unlike the paper's own code, rank-biased overlap (rbo) is divided by the sum of its weights, so that equal orders of
    any number of trials have 1; and regrets (rrr, arrr) are relative to the size of a loss, whatever its sign.

    Attributes:
        rung_system: The rungs and the trials on their way between them.
        n_unlocked: How many rungs are unlocked, from the lowest.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``, or an option does not fit it.

    References:
        Bohdal et al., PASHA: Efficient HPO and NAS with Progressive Resource Allocation, ICLR 2023.
    """

    name: ClassVar[str] = "pasha"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = PashaOptions
    needs: ClassVar[frozenset[str]] = frozenset({"pause"})
    stream_family: ClassVar[str] = "asha"

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: PashaOptions) -> None:
        super().__init__(problem, streams, searcher, options)
        levels = choose_levels(max_resource_of(problem, self.name), options.min_resource, options)
        self.rung_system = RungSystem(levels, searcher, shows_all=options.searcher_data == "all", ties=options.ties)
        self.n_unlocked = 2
        self._rungs = self.rung_system.brackets[0]
        self._criterion = criterion_of(options)
        self._curves: dict[int, dict[int, float]] = {}  # losses by trial and resource, of trials that have not failed
        self._ranking = SharedRanking()
        self._begin_comparison()

    @property
    def max_resource(self) -> int:
        """Level of the highest unlocked rung: trials are promoted to it, and no further."""
        return self.rung_system.levels[self.n_unlocked - 1]

    def suggest(self, trial_id: int) -> Start | Resume | None:
        promotion = self.rung_system.promotion(below=self.max_resource)
        if promotion is not None:
            return promotion
        first_level = self.rung_system.levels[0]
        proposal = self.searcher.suggest(trial_id, resource=first_level)
        return None if proposal is None else Start(proposal.configuration, until=first_level, note=proposal.note)

    def on_start(self, trial: Trial) -> None:
        self.rung_system.start(trial)

    def on_resume(self, trial: Trial, note: Note) -> None:
        self.rung_system.resume(trial, note)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        climb = self.rung_system.climbs[trial.id]
        reached_before = climb.n_reached
        rung = self.rung_system.report(trial, report)
        if self._can_grow:
            self._compare(report, arrives_on=climb.n_reached if climb.n_reached > reached_before else 0)
        return Decision.CONTINUE if rung is None else Decision.PAUSE

    def on_pause(self, trial: Trial) -> None:
        self.rung_system.pause(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        if outcome is Status.FAILED and self._can_grow:
            self._forget(trial.id)
        self.rung_system.end(trial, outcome)

    def columns(self) -> Mapping[str, Scalar]:
        return {
            **self.rung_system.columns(),
            self._criterion.column: self._criterion.value,
            "pasha_unlocked_rungs": self.n_unlocked,
            "pasha_max_resource": self.max_resource,
        }

    def standing(self, trial_id: int) -> Standing | None:
        standing = self.rung_system.standing(trial_id)
        if standing is None or not self._can_grow or standing.level < self.max_resource:
            return standing
        closed = f"none goes beyond {self.max_resource} before the order of the best has changed there"
        return attrs.evolve(standing, passes=False, rule=f"{standing.rule}, but {closed}")

    def least_promising(self, among: Container[int]) -> int | None:
        return self.rung_system.least_promising(among)

    @property
    def _can_grow(self) -> bool:
        return self.n_unlocked < len(self._rungs)

    def _compare(self, report: Report, arrives_on: int) -> None:
        """Look whether the order has settled, after a report.

        Args:
            report: The report.
            arrives_on: The number of the rung that the trial has reached with it, from 1; 0 if there is none.
        """
        loss = report.losses[0]
        curve = self._curves.setdefault(report.trial_id, {})
        curve[report.resource] = loss
        self._criterion.report(report, curve)
        jumps = False
        if arrives_on >= self.n_unlocked:
            below = self._rungs[arrives_on - 2].entries.get(report.trial_id)
            jumps = below is None
            if below is not None:
                self._ranking.add(below.loss, loss)
        is_same_order = self._criterion.is_same_order(self._ranking)
        if jumps:
            self._unlock(arrives_on + 1)
        elif not is_same_order:
            self._unlock(self.n_unlocked + 1)

    def _unlock(self, n_rungs: int) -> None:
        self.n_unlocked = min(n_rungs, len(self._rungs))
        if self._can_grow:
            self._begin_comparison()
        else:
            self._curves.clear()

    def _begin_comparison(self) -> None:
        """Compare the two highest unlocked rungs from now on."""
        lower, upper = self._rungs[self.n_unlocked - 2 : self.n_unlocked]
        shared = [(lower.entries[id_].loss, entry.loss) for id_, entry in upper.entries.items() if id_ in lower.entries]
        self._ranking = SharedRanking(shared)
        self._criterion.begin(lower.level, self._curves)

    def _forget(self, trial_id: int) -> None:
        """A trial has failed: it leaves what is compared."""
        lower, upper = (rung.entries.get(trial_id) for rung in self._rungs[self.n_unlocked - 2 : self.n_unlocked])
        if lower is not None and upper is not None:
            self._ranking.remove(lower.loss, upper.loss)
        self._criterion.remove(trial_id)
        self._curves.pop(trial_id, None)
