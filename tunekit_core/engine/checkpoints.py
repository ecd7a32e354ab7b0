"""Which checkpoints are kept: those of trials that may be resumed, and no more than there may be."""

from __future__ import annotations

from collections.abc import Iterable

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.schedulers import RanksPausedTrials, Scheduler
from tunekit_core.contracts.trials import Status


class Checkpoints:
    """Tells a backend which checkpoints it may remove.

    Args:
        scheduler: Knows which trials can be resumed, and perhaps which will hardly be.
        backend: Keeps the checkpoints.
    """

    def __init__(self, scheduler: Scheduler, backend: Backend) -> None:
        self._scheduler = scheduler
        self._backend = backend
        self._paused: dict[int, None] = {}  # those with a checkpoint, in the order in which they paused

    def restore(self, paused: Iterable[int]) -> None:
        """These trials paused before this process began."""
        self._paused = dict.fromkeys(paused)

    def on_resume(self, trial_id: int) -> None:
        """A trial needs its checkpoint now, and will write others."""
        self._paused.pop(trial_id, None)

    def on_end(self, trial_id: int, status: Status) -> None:
        """A trial has paused or ended."""
        released = tuple(self._scheduler.released())
        if status.final and "copy" not in self._scheduler.needs:  # what others may copy is released by the scheduler
            released = tuple(dict.fromkeys((*released, trial_id)))
        if released:
            self._backend.release(released)
        for given_back in released:
            self._paused.pop(given_back, None)
        if status is Status.PAUSED:
            self._paused[trial_id] = None
        self._drop_excess()

    def _drop_excess(self) -> None:
        limit = self._backend.max_checkpoints
        while limit is not None and len(self._paused) > limit:
            ranked = self._scheduler.least_promising() if isinstance(self._scheduler, RanksPausedTrials) else ()
            oldest = next(iter(self._paused))
            dropped = next((trial_id for trial_id in ranked if trial_id in self._paused), oldest)
            del self._paused[dropped]
            self._backend.drop_checkpoint(dropped)
