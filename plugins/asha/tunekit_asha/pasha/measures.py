"""How much the orders of the same trials on two rungs differ."""

from __future__ import annotations

import numpy as np

from tunekit_asha.pasha.ranking import SharedRanking


def disagreement(ranking: SharedRanking) -> float:
    """How much a trial can differ, on the lower rung, from the one whose place it has on the upper rung.

    With any epsilon from this upwards, each trial on the upper rung is among those that its place had within epsilon on
    the lower one. 0: the order is the same. Infinity: one of the two losses was not finite.
    """
    had_this_place = ranking.lower[ranking.places]
    moved = ranking.lower != had_this_place
    with np.errstate(over="ignore"):
        apart = np.abs(ranking.lower[moved] - had_this_place[moved])
    return float(apart.max(initial=0.0))
