"""Constrained search: improvement counts as far as a constraint is likely to hold.

A constraint c is a reported metric that must be at most 0. With mean mu and standard deviation sigma of its model
and u = -mu / sigma, it holds with the probability Phi(u).

References:
    Gardner, Kusner, Xu, Weinberger, Cunningham, Bayesian Optimization with Inequality Constraints, ICML 2014.
"""

from __future__ import annotations

from typing import Protocol

import attrs
import numpy as np
import scipy

from tunekit_bo.acquisition.improvement import LogExpectedImprovement
from tunekit_bo.acquisition.search import Acquisition
from tunekit_bo.acquisition.sums import Sum
from tunekit_bo.models.data import FAR, MIN_STD, with_size_1, without_diverged
from tunekit_bo.models.gp import MomentsPullback, Posterior, Surrogate
from tunekit_bo.surrogates.side_model import SideModel
from tunekit_core import Note


def constraint_targets(values: np.ndarray) -> np.ndarray:
    """Targets in units of their root mean square; 0 remains 0, where feasibility ends.

    Values far from 0 are moved to three times the median distance, so that the others remain visible beside them.

    Args:
        values: n values, feasible at or below 0. NaN counts as far above, and so does what is huge, as
            `without_diverged` has it.
    """
    finite = np.isfinite(values) & ((values <= 0) | np.isfinite(without_diverged(np.abs(values))))
    scaled = values[finite] / (np.abs(values[finite]).max(initial=0.0) or 1.0)  # or squares of huge values overflow
    far = (FAR * np.median(np.abs(scaled)) if len(scaled) else 0.0) or 1.0
    y = np.full(len(values), far)
    y[finite] = np.clip(scaled, -far, far)
    y = with_size_1(y) if len(y) else y
    return y / max(np.sqrt((y**2).sum() / max(len(y), 1)), MIN_STD)


class Moments(Protocol):
    """A model of one function: at m inputs an m x 1 array of means, and m variances."""

    def mean_and_variance(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At the m rows of ``X``."""

    def with_pullback(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray, MomentsPullback]:
        """The same, and what their derivatives by ``X`` are computed with."""


@attrs.frozen(eq=False)
class LogFeasibility:
    """Logarithm of the probability that a constraint holds.

    Attributes:
        constraint: Model of the constraint.
    """

    constraint: Moments

    def __call__(self, X: np.ndarray) -> np.ndarray:
        mean, variance = self.constraint.mean_and_variance(X)
        return scipy.special.log_ndtr(-mean[:, 0] / np.sqrt(variance))

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, variance, pull_back = self.constraint.with_pullback(X)
        std = np.sqrt(variance)
        u = -mean[:, 0] / std
        return scipy.special.log_ndtr(u), pull_back(-(_hazard(u) / std)[:, None], -_hazard(u) * u / (2 * variance))


def constrained_improvement(
    model: SideModel, losses: Surrogate, positions: np.ndarray, *, refit: bool
) -> tuple[Acquisition, Note]:
    """Expected improvement over the best feasible loss, times the probability of feasibility, as a logarithm.

    As long as nothing feasible was observed, the probability alone. What is pending is then expected to be
    infeasible: if it is not, the search for something feasible is over.

    Args:
        model: Model of the constraint.
        losses: Posterior of the losses, with fantasies of what is pending.
        positions: Positions of the observations behind the first inputs of ``losses``; the other inputs are pending.
        refit: Whether the hyperparameters of the constraint are fitted anew.

    Returns:
        The acquisition, and what to note of the fit.
    """
    values = model.values(positions)
    X, pending = np.split(losses.X, [len(values)])
    y = constraint_targets(values)
    theta, note = model.hyperparameters(X, y, anew=refit)
    constraint = Posterior.of(model.prior, theta, X, y)
    feasible = values <= 0
    if feasible.any():
        expected = constraint.mean(pending)[:, 0] <= 0
        best = losses.mean(losses.X[np.append(feasible, expected)]).min(axis=0)
        return Sum((LogExpectedImprovement(losses, best), LogFeasibility(constraint))), note
    if len(pending):
        mean, variance = constraint.mean_and_variance(pending)
        std = np.sqrt(variance)
        expected_above_0 = mean[:, 0] + std * _hazard(mean[:, 0] / std)
        constraint = Posterior.of(model.prior, theta, losses.X, np.append(y, expected_above_0))
    return LogFeasibility(constraint), note


def _hazard(u: np.ndarray) -> np.ndarray:
    """``phi(u) / Phi(u)``, accurate where both underflow."""
    return np.sqrt(2 / np.pi) / scipy.special.erfcx(-u / np.sqrt(2))
