"""What a Gaussian process of losses is over: configurations, or configurations and resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import attrs
import numpy as np

from tunekit_bo.models.data import (
    Standardisation,
    feasible_first,
    select_best_and_random,
    select_highest_trials,
    standardise,
    standardised,
)
from tunekit_bo.models.independent import IndependentRungs, standardise_each, standardised_at
from tunekit_bo.models.kernels import ExpDecaySum, Matern52, Prior
from tunekit_bo.surrogates.observations import Observations
from tunekit_bo.surrogates.side_model import SideModel
from tunekit_core import SearchSpace

ResourceKernel = Literal["exp-decay-sum", "matern52", "independent"]


class Formulation(Protocol):
    """How observations become data of a Gaussian process."""

    @property
    def prior(self) -> Prior:
        """Mean and covariance."""

    def encode_resources(self, resources: Sequence[int | None]) -> np.ndarray:
        """What follows the encoded configuration in n inputs: an n x 0 or n x 1 array."""

    def targets(self, losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
        """Targets of n losses that were observed at n resources."""

    def way_back(self, losses: np.ndarray, resources: np.ndarray) -> Standardisation | None:
        """How the losses at the last resource became targets; ``None`` where that cannot be said."""

    def select(self, observed: Observations, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        """Positions, in their order, of ``size`` of the first ``count`` observations."""


@attrs.frozen(eq=False)
class FinalLosses:
    """What trials end with, whatever their resource. Of many, the best quarter and a random choice of the rest is kept.

    Attributes:
        prior: Mean and covariance over configurations.
        constraint: Model of the constraint, where there is one: what is feasible is better than all else.
    """

    prior: Prior
    constraint: SideModel | None

    def encode_resources(self, resources: Sequence[int | None]) -> np.ndarray:
        return np.empty((len(resources), 0))

    def targets(self, losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
        return standardise(losses)

    def way_back(self, losses: np.ndarray, resources: np.ndarray) -> Standardisation | None:
        return standardised(losses)[1]

    def select(self, observed: Observations, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        losses = np.array(observed.losses[:count])
        if self.constraint is not None:
            losses = feasible_first(losses, self.constraint.values(range(count)))
        return select_best_and_random(losses, size, generator)


class LearningCurves:
    """Losses at resources. Of many, those of the trials that came furthest are kept.

    Args:
        space: The search space.
        max_resource: The last resource of a trial.
        kernel: ``"matern52"`` over configurations and the logarithm of the resource; ``"exp-decay-sum"``, where all
            curves decay in the same way; ``"independent"``, where resources say nothing of each other and the losses
            at each are standardised by themselves.

    Attributes:
        prior: Mean and covariance over configurations and resources.
        max_resource: As given.
    """

    def __init__(self, space: SearchSpace, max_resource: int, kernel: ResourceKernel) -> None:
        self.max_resource = max_resource
        self._kernel = kernel
        self.prior = _prior_of(kernel, space)

    def encode_resources(self, resources: Sequence[int | None]) -> np.ndarray:
        known = [self.max_resource if resource is None else resource for resource in resources]
        if self._kernel == "matern52":
            return np.log(known)[:, None] / np.log(max(self.max_resource, 2))
        # as the search space encodes the integers from 1 to max_resource
        return (np.array(known)[:, None] - 0.5) / self.max_resource

    def targets(self, losses: np.ndarray, resources: np.ndarray) -> np.ndarray:
        return standardise_each(losses, resources) if self._kernel == "independent" else standardise(losses)

    def way_back(self, losses: np.ndarray, resources: np.ndarray) -> Standardisation | None:
        if self._kernel == "independent":
            return standardised_at(self.max_resource, losses, resources)
        return standardised(losses)[1]

    def select(self, observed: Observations, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        trial_ids, resources = np.array(observed.trial_ids[:count]), np.array(observed.resources[:count])
        return select_highest_trials(trial_ids, resources, size, generator)


def _prior_of(kernel: ResourceKernel, space: SearchSpace) -> Prior:
    width, codes = space.width, space.code_columns
    if kernel == "matern52":
        return Matern52(width + 1, codes=codes)
    return ExpDecaySum(width, codes=codes) if kernel == "exp-decay-sum" else IndependentRungs(width, codes=codes)
