"""Which of several points are best by two or three losses, and how much they dominate."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MARGIN = 0.1  # of the range of the front, beyond its worst values


@attrs.frozen(eq=False)
class FrontChange:
    """The front from one point on, until the next change.

    Attributes:
        position: Of the point that changed it, among all.
        members: (f,) array: positions of the points that no other dominates.
    """

    position: int
    members: NDArray[np.int64]


def front_changes(losses: Floats) -> list[FrontChange]:
    """How the front changes while points come one after the other.

    Args:
        losses: (n, k) array, lower is better. Points with a loss that is not finite do not count. Of equal points the
            first is in the front.
    """
    changes: list[FrontChange] = []
    members = np.empty(0, np.int64)
    for position in np.flatnonzero(np.isfinite(losses).all(axis=1)):
        point, front = losses[position], losses[members]
        if (front <= point).all(axis=1).any():
            continue
        members = np.append(members[~(front >= point).all(axis=1)], position)
        changes.append(FrontChange(int(position), members))
    return changes


def reference_point(front: Floats) -> Floats:
    """What the hypervolume of an experiment is measured from: a point that is a little worse than the front at its end.

    In each loss it is the worst of the front, and a tenth of its range more; where all are equal, a tenth of their
    size. What is worse than that in any loss adds nothing.

    Args:
        front: (f, k) array of the losses at the end.

    Returns:
        A (k,) array.
    """
    worst, span = front.max(axis=0), np.ptp(front, axis=0)
    size = np.where(worst != 0, np.abs(worst), 1.0)
    return np.asarray(worst + MARGIN * np.where(span > 0, span, size))


def hypervolume(points: Floats, reference: Floats) -> float:
    """The volume that is dominated by at least one point and dominates the reference point.

    Args:
        points: (n, k) array of losses, for k of 2 or 3. Any points; those that others dominate change nothing.
        reference: (k,) array.

    Raises:
        ValueError: If there are fewer than two losses, or more than three.
    """
    k = len(reference)
    if k not in (2, 3):
        raise ValueError(f"The hypervolume of {k} losses is not computed: give two or three.")
    inside = points[(points < reference).all(axis=1)]
    return _area(inside, reference) if k == 2 else _volume(inside, reference)


def _area(points: Floats, reference: Floats) -> float:
    """Of points that are all better than the reference point."""
    if not len(points):
        return 0.0
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    heights = np.minimum.accumulate(ordered[:, 1])
    widths = np.diff(np.append(ordered[:, 0], reference[0]))
    return float(np.sum(widths * (reference[1] - heights)))


def _volume(points: Floats, reference: Floats) -> float:
    """Slices between one third loss and the next, each with the area of the points up to there."""
    ordered = points[np.argsort(points[:, 2], kind="stable")]
    depths = np.diff(np.append(ordered[:, 2], reference[2]))
    areas = [_area(ordered[: n + 1, :2], reference[:2]) if depth else 0.0 for n, depth in enumerate(depths)]
    return float(np.sum(depths * areas))
