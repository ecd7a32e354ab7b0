"""Which checkpoints may be removed while an experiment runs: not those of its best trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tunekit_core import Objective


class BestTrial:
    """Knows the best trial, by the first metric.

    It knows what was reported since this process began. So of an experiment that went on after its process died, a
    trial that was the best before keeps its checkpoints as well.

    Args:
        objective: What is optimised.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._best: tuple[float, int] | None = None
        self._released: set[int] = set()

    def see(self, trial_id: int, metrics: Mapping[str, Any]) -> None:
        """A trial has reported something, perhaps nothing that can be used."""
        try:
            loss = self._objective.losses(metrics)[0]
        except (KeyError, TypeError):
            return
        if self._best is None or loss < self._best[0]:
            self._best = (loss, trial_id)

    def release(self, trial_ids: Iterable[int]) -> list[int]:
        """These trials cannot be resumed any more.

        Returns:
            Those among them, and among earlier ones, whose checkpoints nobody needs from now on.
        """
        self._released.update(trial_ids)
        dropped = sorted(self._released - {-1 if self._best is None else self._best[1]})
        self._released.difference_update(dropped)
        return dropped
