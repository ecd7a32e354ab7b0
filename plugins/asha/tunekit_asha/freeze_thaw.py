"""Trials that pause at every rung, and a searcher that chooses which of them goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tunekit_asha.promotion import AshaPromotion
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.searchers import ChoosesTrials, Searcher
from tunekit_core.contracts.trials import Note, PausedTrial, Promotion, Resume, Start, Trial
from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.randomness import Streams


class FreezeThaw(AshaPromotion):
    """Every trial pauses at each rung; the searcher chooses between the paused ones and a new one.

    Nothing is decided by rank: a searcher with a model of learning curves sees what a comparison at one rung does not,
    such as that the best after one epoch are seldom the best in the end. With ``probability_sh``, some workers are
    first offered what successive halving would promote.

    Args:
        problem: What is to be solved; it needs a ``max_resource``.
        streams: Random numbers for ``probability_sh``.
        searcher: One that chooses between trials, such as ``freeze_thaw`` or ``dyhpo``.
        min_resource: The lowest rung level, in the unit in which trials report, usually epochs. A higher one spares
            the model early losses that mislead it; a lower one makes bad trials cheaper. Unless it is given, it is an
            18th of ``max_resource``, so that the levels above are about a sixth and half of it.
        reduction_factor: Levels grow by this factor, a number of at least 2. 3 unless one of the next two is given;
            at most one of the three may be. More levels mean more choices, each of which takes computing time.
        rung_increment: Levels grow by this amount.
        rung_levels: The levels themselves; ``max_resource`` may be left out.
        probability_sh: How probable it is that a free worker promotes by successive halving, where a trial can be,
            before the searcher is asked.
        searcher_data: Which reports the searcher sees: those at rung levels, or all.

    Raises:
        ConfigurationError: If there is no ``max_resource``, an option is out of range or contradicts another, or the
            searcher cannot choose.

    References:
        Swersky, Snoek, Adams, Freeze-Thaw Bayesian Optimization, 2014.
        Wistuba, Kadra, Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022
        (DyHPO).
    """

    name: ClassVar[str] = "freeze_thaw"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        searcher: Searcher,
        *,
        min_resource: int | None = None,
        reduction_factor: float | None = None,
        rung_increment: int | None = None,
        rung_levels: Sequence[int] | None = None,
        probability_sh: float = 0.0,
        searcher_data: Literal["rungs", "all"] = "rungs",
    ) -> None:
        if min_resource is None:
            min_resource = 1 if rung_levels is not None else _lowest_level(problem.max_resource or 1)
        super().__init__(
            problem,
            streams,
            searcher,
            min_resource=min_resource,
            reduction_factor=reduction_factor,
            rung_increment=rung_increment,
            rung_levels=rung_levels,
            searcher_data=searcher_data,
        )
        if not isinstance(searcher, ChoosesTrials):
            raise ConfigurationError(
                f"scheduler={self.name} lets its searcher choose between paused trials and a new one, and "
                f"searcher={searcher.name} cannot. Use searcher=freeze_thaw or searcher=dyhpo, or "
                "scheduler=asha_promotion.",
                option="searcher",
                value=searcher.name,
            )
        if not 0 <= probability_sh <= 1:
            raise ConfigurationError(
                f"scheduler.probability_sh={probability_sh} must be from 0 to 1. Give 0 to leave every choice to the "
                "searcher.",
                option="scheduler.probability_sh",
                value=probability_sh,
            )
        self._chooser = searcher
        self._probability_sh = probability_sh
        self._n_choices = 0
        self._paused: dict[int, PausedTrial] = {}

    def suggest(self, trial_id: int) -> Start | Resume | None:
        """Resume a paused trial or start a new one, as the searcher chooses."""
        if self._promotes_by_rank():
            promotion = self._promotion()
            if promotion is not None:
                return promotion
        first = self._first_levels[0]
        chosen = self._chooser.choose(trial_id, tuple(self._paused.values()), resource=first)
        if chosen is None:
            return None
        if isinstance(chosen, Promotion):
            return Resume(chosen.trial_id, until=self._paused_trial(chosen.trial_id).target, note=chosen.note)
        return Start(chosen.configuration, until=first, note=chosen.note)

    def on_start(self, trial: Trial) -> None:
        """The trial is pending at the first rung."""
        super().on_start(trial)
        self._n_choices += 1

    def on_resume(self, trial: Trial, note: Note) -> None:
        """The trial is pending at its next rung."""
        super().on_resume(trial, note)
        self._n_choices += 1
        del self._paused[trial.id]

    def on_pause(self, trial: Trial) -> None:
        """The trial waits to be chosen."""
        super().on_pause(trial)
        climb = self._climbs[trial.id]
        assert climb.target is not None  # nothing pauses at max_resource
        self._paused[trial.id] = PausedTrial(trial.id, climb.rung.level, climb.target)

    def _promotes_by_rank(self) -> bool:
        """Whether successive halving comes first this time; a draw of its own for each start and resume."""
        if self._probability_sh == 0:
            return False
        draw: float = self.streams.uniforms("probability_sh", self._n_choices, 1, 1)[0, 0]
        return draw < self._probability_sh

    def _paused_trial(self, trial_id: int) -> PausedTrial:
        paused = self._paused.get(trial_id)
        if paused is None:
            raise PluginError(
                f"The searcher '{self.searcher.name}' chose trial {trial_id}, which is not paused. It may choose among "
                "those that it is given; until it is mended, use scheduler=asha_promotion."
            )
        return paused


def _lowest_level(max_resource: int) -> int:
    """An 18th: below, the best configurations of many tasks are still among the worst."""
    return max(1, round(max_resource / 18))
