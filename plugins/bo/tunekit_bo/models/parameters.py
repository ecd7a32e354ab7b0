"""Hyperparameters of a Gaussian process: where a fit starts, their box, and their prior.

A positive parameter is optimised as its logarithm; ``theta`` is the vector of all parameters in that
form, in the order of the list that describes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np

STEEP, FLAT, STEEPER = 100.0, 0.5, 3.0

Penalty = Callable[[float], tuple[float, float]]
"""The negative log prior density of a value, up to a constant, and its derivative."""


def uniform(value: float) -> tuple[float, float]:
    """Flat prior."""
    return 0.0, 0.0


def standard_normal(value: float) -> tuple[float, float]:
    """Normal prior with mean 0 and standard deviation 1."""
    return 0.5 * value**2, value


def standard_log_normal(value: float) -> tuple[float, float]:
    """Prior of a positive value whose logarithm is standard normal."""
    logarithm = np.log(value)
    return 0.5 * logarithm**2 + logarithm, (logarithm + 1) / value


def vague_gamma(value: float) -> tuple[float, float]:
    """Gamma prior with shape 0.1 and mean 0.1: most of its mass lies close to 0."""
    shape, rate = 0.1, 1.0
    return (1 - shape) * np.log(value) + rate * value, (1 - shape) / value + rate


def rarely_large(value: float) -> tuple[float, float]:
    """Log-normal prior around 1, three times as wide below: a positive value may well be tiny and is seldom large."""
    logarithm = np.log(value)
    width = 1.0 if logarithm > 0 else 3.0
    return 0.5 * (logarithm / width) ** 2, logarithm / width**2 / value


def steep_or_flat(value: float) -> tuple[float, float]:
    """Prior of a positive value: its logarithm is normal with deviation 1 around one of two centres.

    :data:`STEEP` is likelier than :data:`FLAT` by :data:`STEEPER` nats.
    """
    logarithm = np.log(value)
    from_steep, from_flat = logarithm - np.log(STEEP), logarithm - np.log(FLAT)
    steep, flat = -0.5 * from_steep**2, -0.5 * from_flat**2 - STEEPER
    total = np.logaddexp(steep, flat)
    return -total, (np.exp(steep - total) * from_steep + np.exp(flat - total) * from_flat) / value


@attrs.frozen
class Parameter:
    """One hyperparameter of a Gaussian process.

    Attributes:
        name: Unique within one model, such as ``"noise_variance"``.
        initial: Where a first fit starts.
        lower: Least value, or ``-inf``.
        upper: Largest value, or ``inf``.
        penalty: Prior of the value.
        positive: Whether the parameter is optimised as its logarithm.
    """

    name: str
    initial: float
    lower: float = -np.inf
    upper: float = np.inf
    penalty: Penalty = uniform
    positive: bool = True

    def encode(self, value: float) -> float:
        """The entry of ``theta`` for a value."""
        return float(np.log(value)) if self.positive else value


def initial_theta(parameters: Sequence[Parameter]) -> np.ndarray:
    """Where a first fit starts."""
    return np.array([p.encode(p.initial) for p in parameters])


def bounds(parameters: Sequence[Parameter]) -> list[tuple[float, float]]:
    """The box that ``theta`` is kept in."""
    return [(p.encode(p.lower), p.encode(p.upper)) for p in parameters]


def values(parameters: Sequence[Parameter], theta: np.ndarray) -> dict[str, float]:
    """The value of each parameter by name."""
    return {
        p.name: float(np.exp(entry)) if p.positive else float(entry) for p, entry in zip(parameters, theta, strict=True)
    }


def penalty(parameters: Sequence[Parameter], theta: np.ndarray) -> tuple[float, np.ndarray]:
    """The sum of all penalties, and its gradient with respect to ``theta``."""
    total, gradient = 0.0, np.zeros(len(theta))
    for i, (p, entry) in enumerate(zip(parameters, theta, strict=True)):
        value = np.exp(entry) if p.positive else entry
        cost, derivative = p.penalty(value)
        total += cost
        gradient[i] = derivative * value if p.positive else derivative
    return total, gradient
