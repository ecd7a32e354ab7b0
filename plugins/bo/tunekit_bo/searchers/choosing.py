"""How a searcher chooses between paused trials and a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import attrs
import numpy as np

from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.acquisition.incumbents import improvement_among_all
from tunekit_bo.searchers.model_based import ModelBasedSearcher
from tunekit_bo.searchers.options import CURVES_HELP, LearningCurveOptions, num_fantasy_samples
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_core import PausedTrial, Promotion, Proposal, option

EXPLORING_EVERY = 8
"""One new trial in so many is random. To its first rung it costs little, and a model that has settled on the wrong
region, and goes on refining it, sees nothing else."""


@attrs.frozen(kw_only=True)
class ChoosingOptions(LearningCurveOptions):
    """Options of searchers that choose between paused trials and a new one.

    All that runs is pending at a resource far from what was observed. The best of many sampled outcomes of it lies far
    below what is likely, more so with every worker, and next to it nothing seems to improve but what is unknown. So
    their mean stands for them.

    References:
        Ginsbourger, Le Riche, Carraro, Kriging Is Well-Suited to Parallelize Optimization, 2010 (the kriging believer).
    """

    num_fantasy_samples: int = num_fantasy_samples(0)
    resource_kernel: Literal["exp-decay-sum", "matern52"] = option("matern52", help=CURVES_HELP)


class Comparison(Protocol):
    """What decides between trials: where each is compared, and what it takes to get there."""

    def level(self, target: int) -> int:
        """The resource at which the improvement of a trial is expected that would run to ``target`` next."""

    def cost(self, resource: int) -> float:
        """What the expected improvement of a trial that has come to ``resource``, or 0, is divided by."""


class Chooser:
    """Finds the paused trial or the new configuration with the largest expected improvement for its cost.

    Paused trials are compared while they are in the model, so that its size bounds the time of a choice.

    Args:
        searcher: Proposes new configurations; its observations are those of the model.
        model: Model of the losses at all resources.
        comparison: Where trials are compared, and at what cost.
    """

    def __init__(self, searcher: ModelBasedSearcher, model: LossModel, comparison: Comparison) -> None:
        self._searcher = searcher
        self._model = model
        self._comparison = comparison

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        """What the searcher chooses, as its contract says; at first, random configurations."""
        if self._searcher.in_initial_design():
            proposal = self._searcher.suggest(trial_id, resource=resource)
            if proposal is not None or not paused:
                return proposal
        fit = self._model.current_fit()
        posterior = self._model.posterior(fit, trial_id)
        known = {self._searcher.observations.trial_ids[i] for i in self._model.positions(fit)}
        waiting = self._by_level(trial for trial in paused if trial.trial_id in known)
        start = self._comparison.level(resource)
        improvements = {
            level: improvement_among_all(posterior, self._model.context(level)) for level in {start, *waiting}
        }
        choices: list[tuple[float, Proposal | Promotion]] = []
        for level, trials in waiting.items():
            gain, best = self._best_paused(improvements[level][0], trials)
            choices.append((gain, Promotion(best.trial_id, fit.note)))
        acquisition, anchors = improvements[start]
        new = self._searcher.best_untried(acquisition, anchors, trial_id, fit.note)
        if new is not None:
            likely_to_improve, _ = self._searcher.failures.avoiding(acquisition)
            x = self._searcher.problem.space.encode([new.configuration])
            gain = float(likely_to_improve(x)[0] - np.log(self._comparison.cost(0)))
            choices.append((gain, self._explored(trial_id, new)))
        if choices:
            return max(choices, key=lambda choice: choice[0])[1]
        return Promotion(paused[0].trial_id, fit.note) if paused else None

    def _by_level(self, paused: Iterable[PausedTrial]) -> dict[int, list[PausedTrial]]:
        """Trials by where they are compared."""
        levels: dict[int, list[PausedTrial]] = defaultdict(list)
        for trial in paused:
            levels[self._comparison.level(trial.target)].append(trial)
        return levels

    def _best_paused(
        self, improvement: LogExpectedImprovement, trials: Sequence[PausedTrial]
    ) -> tuple[float, PausedTrial]:
        """Of trials that are compared at one level the best, and the logarithm of its improvement for its cost."""
        encoded = self._searcher.observations.encoded
        gains = improvement(np.array([encoded[trial.trial_id] for trial in trials]))
        gains -= np.log([self._comparison.cost(trial.resource) for trial in trials])
        best = int(np.argmax(gains))
        return float(gains[best]), trials[best]

    def _explored(self, trial_id: int, new: Proposal) -> Proposal:
        """A random configuration instead of the one that is proposed, for one new trial in so many, if it may run."""
        if trial_id % EXPLORING_EVERY != EXPLORING_EVERY - 1:
            return new
        configuration = self._searcher.untried.random(trial_id)
        if configuration is None or not self._searcher.failures.may_run(configuration):
            return new
        return Proposal(configuration, new.note)
