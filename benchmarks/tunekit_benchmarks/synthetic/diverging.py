"""Which configurations of ``synthetic`` diverge, and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.synthetic.landscape import Landscape

Floats = NDArray[np.float64]

FIRST, LAST = 2, 14  # epochs at which trainings diverge
MARGIN = 0.1  # least distance of the optimum from the edge, if there is an edge with it
N_DIRECTIONS = 16


class Diverging:
    """A region of the unit cube beyond a straight edge in the two hyperparameters that matter most.

    Of edges in some directions that cut off the share, it is the nearest to the optimum that leaves it a margin: good
    configurations adjoin it.

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
        clear = distances >= MARGIN
        # Less than half diverge, so some edge has the optimum on its good side, whatever the margin.
        best = int(np.argmin(np.where(clear, distances, np.inf))) if clear.any() else int(np.argmax(distances))
        self._direction = directions[best]
        self._edge = float(edges[best])
        self._deepest = float(depths[:, best].max())

    def first_epochs(self, positions: Floats) -> Floats:
        """The epoch at which each of n trainings diverges, infinity where it does not.

        Args:
            positions: An n x d array.
        """
        beyond = (positions[:, self._columns] @ self._direction - self._edge) / (self._deepest - self._edge)
        epochs = np.maximum(FIRST, np.ceil(LAST - (LAST - FIRST) * beyond))
        return np.where(beyond > 0.0, epochs, np.inf)
