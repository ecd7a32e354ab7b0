"""MOBSTER: Bayesian optimisation that learns from trials that have not come to their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from tunekit_bo.models.data import select_highest_trials
from tunekit_bo.models.independent import IndependentRungs, standardise_each
from tunekit_bo.models.kernels import ExpDecaySum, Matern52, Prior
from tunekit_bo.searchers.gaussian_process import GaussianProcessSearcher
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Report, Status, Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams

ENOUGH_AT_A_RUNG = 3


class Mobster(GaussianProcessSearcher):
    """Gaussian process over configurations and resources, for schedulers that compare trials at rungs.

    Every report that the scheduler passes on is observed, and stays observed if the trial fails later: it is
    true of its resource. A trial that runs is pending at its next target.

    Unlike the paper, curves are not assumed to be parallel unless ``exp-decay-sum`` is chosen: where early losses
    mislead, that makes the model worse than one of complete trials alone.

    Args:
        problem: What is solved; its ``max_resource`` must be known.
        streams: Random numbers.
        resource_kernel: How learning curves are modelled. ``"matern52"``: nothing is assumed but smoothness over
            configurations and the logarithm of the resource, so that low resources may say little of high ones.
            ``"exp-decay-sum"``: curves decay, all in the same way, towards a Gaussian process over configurations.
            ``"independent"``: resources say nothing of each other; the losses at each are standardised by themselves.
        resource_acq: The resource at which expected improvement is maximised. ``"bohb"``: the highest with at
            least 3 observations, or else the lowest; ``"first"``: where the new trial is compared first;
            ``"final"``: ``max_resource``.
        num_init_random: Number of first trials that are random (or points to evaluate).
        num_init_candidates: Random configurations that are scored for each proposal. More cost time.
        max_size_data_for_model: Most observations in the model. Time grows with the cube, memory with the square.
        num_fantasy_samples: Sampled outcomes of what is pending. More make the proposal depend less on chance.

    Raises:
        ConfigurationError: If an option is out of range, or the problem has no ``max_resource``.

    References:
        Klein, Tiao, Lienart, Archambeau, Seeger, Model-based Asynchronous Hyperparameter and Neural Architecture
        Search, 2020.
    """

    name: ClassVar[str] = "mobster"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        resource_kernel: Literal["exp-decay-sum", "matern52", "independent"] = "matern52",
        resource_acq: Literal["bohb", "first", "final"] = "bohb",
        num_init_random: int = 6,
        num_init_candidates: int = 250,
        max_size_data_for_model: int = 500,
        num_fantasy_samples: int = 20,
    ) -> None:
        if problem.max_resource is None:
            raise ConfigurationError(
                f"The searcher '{self.name}' models losses up to max_resource, which this problem does not say. "
                "Set max_resource in the benchmark, or use the searcher 'bo'.",
                option="max_resource",
            )
        width = problem.space.width
        priors: dict[str, Prior] = {
            "exp-decay-sum": ExpDecaySum(width),
            "matern52": Matern52(width + 1),
            "independent": IndependentRungs(width),
        }
        super().__init__(
            problem,
            streams,
            prior=priors[resource_kernel],
            num_init_random=num_init_random,
            num_init_candidates=num_init_candidates,
            max_size_data_for_model=max_size_data_for_model,
            num_fantasy_samples=num_fantasy_samples,
        )
        self._max_resource = problem.max_resource
        self._independent = resource_kernel == "independent"
        self._logarithmic = resource_kernel == "matern52"
        self._resource_acq = resource_acq
        self._observed_at: Counter[int] = Counter()

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """The trial is pending at its next target."""
        self._pending[trial.id] = resource

    def on_report(self, trial: Trial, report: Report) -> None:
        """One more observation; if it is that of the target, nothing is pending until the next one."""
        self._observations.add(trial.id, report.resource, report.losses[0])
        self._observed_at[report.resource] += 1
        target = self._pending.get(trial.id)
        if target is not None and report.resource >= target:
            del self._pending[trial.id]

    def on_pause(self, trial: Trial) -> None:
        """Nothing is pending."""
        self._pending.pop(trial.id, None)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        """Nothing is pending."""
        self._pending.pop(trial.id, None)

    def _columns(self, resources: Sequence[int | None]) -> np.ndarray:
        known = [self._max_resource if resource is None else resource for resource in resources]
        if self._logarithmic:
            return np.log(known)[:, None] / np.log(max(self._max_resource, 2))
        # as the search space encodes the integers from 1 to max_resource
        return (np.array(known)[:, None] - 0.5) / self._max_resource

    def _targets(self, losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
        return standardise_each(losses, resources) if self._independent else super()._targets(losses, resources)

    def _acquisition_resource(self, resource: int | None) -> int | None:
        if self._resource_acq == "bohb":
            enough = [level for level, count in self._observed_at.items() if count >= ENOUGH_AT_A_RUNG]
            return max(enough) if enough else min(self._observed_at)
        return resource if self._resource_acq == "first" else self._max_resource

    def _select(self, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        observed = self._observations
        trial_ids, resources = np.array(observed.trial_ids[:count]), np.array(observed.resources[:count])
        return select_highest_trials(trial_ids, resources, size, generator)
