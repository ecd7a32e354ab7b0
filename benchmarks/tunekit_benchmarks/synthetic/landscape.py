"""Landscapes by formula on the unit cube, with one minimum that is known.

Symbols:

| symbol | meaning |
|---|---|
| d | number of hyperparameters |
| u, u* | a position in [0, 1]^d, and that of the optimum; z = u - u* |
| w | weights, 0.6 to the power of the rank of a hyperparameter |
| y | z, to which a part of the next hyperparameter by rank is added: it makes them depend on each other |

f(u) = (sum over j of w_j y_j^2 (1 + s_j tanh(3 y_j))) (1 + 0.6 mean over k of sin^2(v_k . z))

The first factor is a bowl that is steeper on one side, |s_j| <= 0.5, and the second adds ripples along two directions.
Both terms are least at z = 0: y is a triangular map of z, so y = 0 there alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tunekit_core import Streams

Floats = NDArray[np.float64]

DECAY = 0.6
SKEW = 0.5
COUPLING = 0.4
RIPPLE = 0.6
N_RIPPLES = 2
MARGIN = 0.1  # least distance of the optimum from the faces of the cube, and from its middle, which searches try first


class Landscape:
    """A smooth function of positions, at least 0, and 0 at one position alone.

    Args:
        streams: Random numbers of the instance.
        name: What they are for: landscapes of two names are independent.
        dimensions: Number of hyperparameters.
        snap: Gives the positions that configurations have, see :meth:`Positions.snap`.
        edge: Whether the first hyperparameter matters most, has its optimum at 0.5, and is independent of the others:
            the function falls on both sides towards 0.5.

    Attributes:
        optimum: Where it is 0, an array of d numbers.
        order: The hyperparameters, those that matter most first.
    """

    def __init__(
        self, streams: Streams, name: str, dimensions: int, snap: Callable[[Floats], Floats], *, edge: bool = False
    ) -> None:
        u = streams.uniforms(f"{name}/{dimensions}", 0, 4 + 2 * N_RIPPLES, dimensions)
        self.order = np.argsort(u[0], kind="stable")
        if edge:
            self.order = np.concatenate([[0], self.order[self.order != 0]])
        rank = np.argsort(self.order, kind="stable")
        off_middle = MARGIN + (1.0 - 4.0 * MARGIN) * u[1:2] + 2.0 * MARGIN * (u[1:2] >= 0.5)
        self.optimum: Floats = snap(off_middle)[0]
        self._weights = DECAY**rank
        self._skew = SKEW * (2.0 * u[2] - 1.0)
        # The next by rank; the last one has none, and what it has for one gets no weight.
        self._partners = np.append(self.order, self.order[-1])[rank + 1]
        self._coupling = np.where(rank + 1 < dimensions, COUPLING * np.sign(u[3] - 0.5), 0.0)
        # Along hyperparameters that hardly matter there are hardly any ripples.
        frequencies, signs = np.split(u[4:], 2)
        self._ripples = np.sqrt(self._weights) * np.pi * (1.0 + 2.0 * frequencies) * np.sign(signs - 0.5)
        if edge:
            self.optimum[0] = 0.5
            self._coupling[0] = 0.0
            self._ripples[:, 0] = 0.0

    def __call__(self, positions: Floats) -> Floats:
        """The function at n positions, an array of n numbers.

        Args:
            positions: An n x d array.
        """
        z = positions - self.optimum
        y = z + self._coupling * z[:, self._partners]
        bowl = (y * y * (1.0 + self._skew * np.tanh(3.0 * y))) @ self._weights
        waves = np.sin(z @ self._ripples.T)
        result: Floats = bowl * (1.0 + RIPPLE / N_RIPPLES * (waves * waves).sum(axis=1))
        return result
