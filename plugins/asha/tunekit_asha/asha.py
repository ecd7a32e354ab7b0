"""What both variants of ASHA share: rungs and brackets, how trials start, and what the searcher sees."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Literal

from tunekit_asha.levels import bracket_probabilities, choose_levels, promotion_quantiles, reweighted
from tunekit_asha.rungs import Climb, Rung
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher, WeighsBrackets
from tunekit_core.contracts.trials import Note, Report, Scalar, Start, Status, Trial
from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.randomness import Streams

BRACKET = "bracket"  # key in the note of a start


class Asha(Scheduler):
    """Asynchronous successive halving: trials are compared at rung levels, by the first metric.

    At each level a share of the trials goes on, the ratio of that level to the next. A report counts at the
    highest level that it reaches, if the trial has not been compared there yet: so a rung takes the first report
    at or above its level, and levels that a trial jumps over never see it. A trial that fails leaves all rungs.

    Bracket s begins at the s-th lowest level. Which bracket a trial belongs to depends on the seed and the
    trial's id alone, unless the searcher weighs brackets; with several, it is kept as ``bracket`` in the note of its
    start, beside what the searcher notes.

    Args:
        problem: What is to be solved; it needs a ``max_resource``.
        streams: Random numbers for the choice of brackets.
        searcher: Proposes configurations. It is told that a trial is pending at the next level.
        min_resource: The lowest rung level, in the unit in which trials report, usually epochs.
        reduction_factor: Eta in the paper, a number of at least 2: levels grow by this factor. 3 unless one of
            the next two is given; at most one of the three may be.
        rung_increment: Levels grow by this amount.
        rung_levels: The levels themselves; ``max_resource`` may be left out.
        brackets: Number of brackets; at most one per level, ``max_resource`` included, which is what ``"all"`` is.
        rung_system_per_bracket: Whether trials are compared within their bracket only.
        searcher_data: Which reports the searcher sees: those at rung levels, or all.

    Raises:
        ConfigurationError: If there is no ``max_resource``, or an option is out of range or contradicts another.

    References:
        Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
    """

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        searcher: Searcher,
        *,
        min_resource: int = 1,
        reduction_factor: float | None = None,
        rung_increment: int | None = None,
        rung_levels: Sequence[int] | None = None,
        brackets: int | Literal["all"] = 1,
        rung_system_per_bracket: bool = False,
        searcher_data: Literal["rungs", "all"] = "rungs",
    ) -> None:
        super().__init__(problem, streams, searcher)
        if problem.max_resource is None:
            raise ConfigurationError(
                f"scheduler={self.name} compares trials at levels below max_resource, and this problem has none. "
                "Give benchmark.max_resource, or use scheduler=fifo.",
                option="benchmark.max_resource",
            )
        levels = choose_levels(
            problem.max_resource,
            min_resource=min_resource,
            reduction_factor=reduction_factor,
            rung_increment=rung_increment,
            rung_levels=rung_levels,
        )
        n_brackets = len(levels) if brackets == "all" else brackets
        self._bracket_probabilities = bracket_probabilities(levels, n_brackets)
        self._first_levels = levels[:n_brackets]
        self._weigher = searcher if isinstance(searcher, WeighsBrackets) else None
        systems = n_brackets if rung_system_per_bracket else 1
        quantiles = promotion_quantiles(levels)
        self._rungs = [[Rung(*at) for _ in range(systems)] for at in zip(levels, quantiles, strict=True)]
        self._ladders = [[rungs[s % systems] for rungs in self._rungs[s:]] for s in range(n_brackets)]
        self._columns = [f"num_at_level{level}" for level in levels]
        self._shows_all = searcher_data == "all"
        self._climbs: dict[int, Climb] = {}

    def on_start(self, trial: Trial) -> None:
        """The trial is pending at the first rung of its bracket."""
        bracket = trial.note[BRACKET] if len(self._ladders) > 1 else 0
        climb = Climb(self._ladders[bracket])
        self._climbs[trial.id] = climb
        self.searcher.on_start(trial)
        self.searcher.on_target(trial, climb.target)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        """If it failed, the trial leaves all rungs."""
        climb = self._climbs.pop(trial.id)
        if outcome is Status.FAILED:
            for rung in climb.ladder[: climb.reached]:
                rung.remove(trial.id)
        self.searcher.on_end(trial, outcome)

    def columns(self) -> Mapping[str, Scalar]:
        """How many trials count at each level, ``max_resource`` included: ``num_at_level1`` and so on."""
        return {name: sum(map(len, rungs)) for name, rungs in zip(self._columns, self._rungs, strict=True)}

    def _start(self, trial_id: int, *, until_first_rung: bool) -> Start | None:
        """A new trial in a bracket of its own."""
        bracket = self._choose_bracket(trial_id)
        first = self._ladders[bracket][0].level
        proposal = self.searcher.suggest(trial_id, resource=first)
        if proposal is None:
            return None
        note = self._with_bracket(proposal.note, bracket)
        return Start(proposal.configuration, until=first if until_first_rung else None, note=note)

    def _choose_bracket(self, trial_id: int) -> int:
        if len(self._ladders) == 1:
            return 0
        bounds = list(itertools.accumulate(self._current_probabilities()))[:-1]
        return bisect.bisect_right(bounds, self.streams.uniforms("brackets", trial_id, 1, 1)[0, 0])

    def _current_probabilities(self) -> Sequence[float]:
        if self._weigher is None:
            return self._bracket_probabilities
        weights = self._weigher.bracket_weights(self._first_levels)
        if not all(0 <= weight < math.inf for weight in weights.values()):
            raise PluginError(
                f"The searcher '{self.searcher.name}' gives brackets the weights {dict(weights)}, by their lowest "
                "levels; weights must be finite and not negative. Until it is mended, use scheduler.brackets=1."
            )
        return reweighted(self._first_levels, self._bracket_probabilities, weights)

    def _with_bracket(self, note: Note, bracket: int) -> Note:
        if len(self._ladders) == 1:
            return note
        if BRACKET in note:
            raise PluginError(
                f"The searcher '{self.searcher.name}' notes '{BRACKET}', which the scheduler '{self.name}' notes too. "
                "The searcher must use another key; until then, use scheduler.brackets=1."
            )
        return {BRACKET: bracket, **note}

    def _arrive(self, trial: Trial, report: Report) -> Rung | None:
        """Let the report count, and show it to the searcher if it may see it.

        Returns:
            The rung that the trial has reached with it; ``None`` if it is between two, or at the top already.
        """
        climb = self._climbs[trial.id]
        rung = climb.arrive(report.resource)
        if rung is not None:
            rung.add(trial.id, report.losses[0])
        if rung is not None or self._shows_all:
            self.searcher.on_report(trial, report)
        return rung
