"""What a searcher says is still to gain."""

from __future__ import annotations

from tunekit_core.contracts.searchers import BoundsRegret, RegretBound, Searcher
from tunekit_core.engine.gate.culprits import broken_rule


def regret_bound_of(searcher: Searcher) -> RegretBound | None:
    """What a searcher says is still to gain; ``None`` if it cannot say.

    Raises:
        ComponentError: If it says something else.
    """
    if not isinstance(searcher, BoundsRegret):
        return None
    bound = searcher.regret_bound()
    if bound is not None and not isinstance(bound, RegretBound):
        raise broken_rule(searcher, "regret_bound", None, f"returned {bound!r}, which is no RegretBound or None")
    return bound
