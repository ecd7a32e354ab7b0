"""Bayesian optimisation of what trials end with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tunekit_bo._gaussian_process import GaussianProcessSearcher
from tunekit_bo.data import select_best_and_random
from tunekit_bo.kernels import Matern52
from tunekit_core.problem import Problem
from tunekit_core.randomness import Streams


class BayesianOptimisation(GaussianProcessSearcher):
    """Gaussian process with a Matern-5/2 kernel, expected improvement averaged over fantasies of what is pending.

    A trial is observed once, by its last loss, when it ends or pauses; one that fails is left out. With more
    observations than the model takes, it keeps the best quarter and a random choice of the rest.

    Args:
        problem: What is solved.
        streams: Random numbers.
        num_init_random: Number of first trials that are random (or points to evaluate).
        num_init_candidates: Random configurations that are scored for each proposal. More cost time.
        max_size_data_for_model: Most observations in the model. Time grows with the cube, memory with the square.
        num_fantasy_samples: Sampled outcomes of what is pending. More make the proposal depend less on chance.

    References:
        Snoek, Larochelle, Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012.
    """

    name: ClassVar[str] = "bo"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        num_init_random: int = 3,
        num_init_candidates: int = 250,
        max_size_data_for_model: int = 500,
        num_fantasy_samples: int = 20,
    ) -> None:
        super().__init__(
            problem,
            streams,
            prior=Matern52(problem.space.width),
            num_init_random=num_init_random,
            num_init_candidates=num_init_candidates,
            max_size_data_for_model=max_size_data_for_model,
            num_fantasy_samples=num_fantasy_samples,
        )

    def _columns(self, resources: Sequence[int | None]) -> np.ndarray:
        return np.empty((len(resources), 0))

    def _acquisition_resource(self, resource: int | None) -> int | None:
        return resource

    def _select(self, count: int, size: int, generator: np.random.Generator) -> np.ndarray:
        return select_best_and_random(np.array(self._observations.losses[:count]), size, generator)
