"""Which configurations of ``synthetic`` diverge, and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.synthetic.landscape import Landscape

Floats = NDArray[np.float64]

FIRST, LAST = 2, 9  # epochs at which trainings diverge
MARGIN = 0.1  # least distance of the optimum from the edge, if there is an edge with it
N_DIRECTIONS = 16


class Diverging:
    """A region of the unit cube beyond a straight edge in the two hyperparameters that matter most.

    Of edges in some directions that cut off the share, and leave the optimum a margin, it is the one beyond which most
    of the best tenth lie: good configurations adjoin it.

    Args:
        landscape: What is minimised.
        sample: Random positions, an n x d array.
        share: Share of them that lie in the region, below a half.
    """

    def __init__(self, landscape: Landscape, sample: Floats, share: float) -> None:
        self._columns = landscape.order[:2]
        angles = 2.0 * np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
        if len(self._columns) == 1:
            directions = np.array([[1.0], [-1.0]])
        else:
            directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        depths = sample[:, self._columns] @ directions.T
        edges = np.quantile(depths, 1.0 - share, axis=0)
        distances = edges - directions @ landscape.optimum[self._columns]
        good = np.argsort(landscape(sample), kind="stable")[: len(sample) // 10]
        n_good = (depths[good] > edges).sum(axis=0)
        clear = distances >= MARGIN
        # Less than half diverge, so some edge has the optimum on its good side, whatever the margin.
        best = int(np.argmax(np.where(clear, n_good, -1) if clear.any() else distances))
        self._direction = directions[best]
        self._edge = float(edges[best])
        self._inside = np.sort(depths[depths[:, best] > self._edge, best])

    def first_epochs(self, positions: Floats) -> Floats:
        """The epoch at which each of n trainings diverges, infinity where it does not.

        Args:
            positions: An n x d array.
        """
        depths = positions[:, self._columns] @ self._direction
        # By rank among those that diverge, from 1 at the edge to 0: of the square most is early.
        nearness = 1.0 - np.searchsorted(self._inside, depths, side="right") / len(self._inside)
        epochs = FIRST + np.minimum(np.floor((LAST - FIRST + 1) * nearness**2), LAST - FIRST)
        return np.where(depths > self._edge, epochs, np.inf)
