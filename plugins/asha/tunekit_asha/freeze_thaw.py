"""Trials that pause at every rung, and a searcher that chooses which of them goes on."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, ClassVar

import attrs

from tunekit_asha.levels import choose_levels, max_resource_of
from tunekit_asha.options import FreezeThawOptions
from tunekit_asha.rung_system import RungSystem
from tunekit_core import (
    ChoosesTrials,
    ConfigurationError,
    Decision,
    Note,
    PausedTrial,
    Problem,
    Promotion,
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


class FreezeThawScheduler(Scheduler):
    """Every trial pauses at each rung; the searcher chooses between the paused ones and a new one.

    Nothing is decided by rank: a searcher with a model of learning curves sees what a comparison at one rung does not,
    such as that the best after one epoch are seldom the best in the end. With ``probability_sh``, some workers are
    first offered what successive halving would promote.

    Attributes:
        rung_system: The rungs and the trials on their way between them.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``, an option does not fit it, or the searcher cannot
            choose.

    References:
        Swersky, Snoek, Adams, Freeze-Thaw Bayesian Optimization, 2014.
        Wistuba, Kadra, Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022
        (DyHPO).
    """

    name: ClassVar[str] = "freeze_thaw"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = FreezeThawOptions
    stream_family: ClassVar[str] = "asha"  # paired with the variants of ASHA
    needs: ClassVar[frozenset[str]] = frozenset({"pause"})

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: FreezeThawOptions) -> None:
        super().__init__(problem, streams, searcher, options)
        levels = _choose_levels(max_resource_of(problem, self.name), options)
        if not isinstance(searcher, ChoosesTrials):
            raise ConfigurationError(
                f"scheduler={self.name} lets its searcher choose between paused trials and a new one, and "
                f"searcher={searcher.name} cannot. Use searcher=freeze_thaw or searcher=dyhpo, or "
                "scheduler=asha_promotion.",
                option="searcher",
                value=searcher.name,
            )
        self.rung_system = RungSystem(levels, searcher, shows_all=options.searcher_data == "all", ties=options.ties)
        self._chooser = searcher
        self._probability_sh = options.probability_sh
        self._n_choices = 0
        self._paused: dict[int, PausedTrial] = {}

    def suggest(self, trial_id: int) -> Start | Resume | None:
        if self._promotes_by_rank():
            promotion = self.rung_system.promotion()
            if promotion is not None:
                return promotion
        first_level = self.rung_system.levels[0]
        chosen = self._chooser.choose(trial_id, tuple(self._paused.values()), resource=first_level)
        if chosen is None:
            return None
        if isinstance(chosen, Promotion):
            return Resume(chosen.trial_id, until=self._paused[chosen.trial_id].target, note=chosen.note)
        return Start(chosen.configuration, until=first_level, note=chosen.note)

    def on_start(self, trial: Trial) -> None:
        self.rung_system.start(trial)
        self._n_choices += 1

    def on_resume(self, trial: Trial, note: Note) -> None:
        self.rung_system.resume(trial, note)
        self._n_choices += 1
        del self._paused[trial.id]

    def on_report(self, trial: Trial, report: Report) -> Decision:
        return Decision.CONTINUE if self.rung_system.report(trial, report) is None else Decision.PAUSE

    def on_pause(self, trial: Trial) -> None:
        self.rung_system.pause(trial)
        climb = self.rung_system.climbs[trial.id]
        assert climb.target is not None  # nothing pauses at max_resource
        self._paused[trial.id] = PausedTrial(trial.id, climb.rung.level, climb.target)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.rung_system.end(trial, outcome)
        self._paused.pop(trial.id, None)

    def columns(self) -> Mapping[str, Scalar]:
        return self.rung_system.columns()

    def standing(self, trial_id: int) -> Standing | None:
        standing = self.rung_system.standing(trial_id)
        chooser = f"the searcher '{self.searcher.name}' chooses which goes on"
        rule = f"{chooser}; by rank, {standing.rule}" if standing is not None else ""
        return None if standing is None else attrs.evolve(standing, passes=True, rule=rule)

    def least_promising(self, among: Container[int]) -> int | None:
        return self.rung_system.least_promising(among)

    def _promotes_by_rank(self) -> bool:
        """Whether successive halving comes first this time; a draw of its own for each start and resume."""
        if self._probability_sh == 0:
            return False
        draw: float = self.streams.uniforms("probability_sh", self._n_choices, 1, 1)[0, 0]
        return draw < self._probability_sh


def _choose_levels(max_resource: int, options: FreezeThawOptions) -> tuple[int, ...]:
    min_resource = options.min_resource
    if min_resource is None:
        # An 18th: below, the best configurations of many tasks are still among the worst.
        min_resource = 1 if options.rung_levels is not None else max(1, round(max_resource / 18))
    return choose_levels(max_resource, min_resource, options)
