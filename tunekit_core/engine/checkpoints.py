"""Which checkpoints are kept: those of trials that may be resumed, and no more than there may be."""

from __future__ import annotations

from collections.abc import Iterable

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.schedulers import RanksPausedTrials, Scheduler
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.gate import Gate

PAUSED = Status.PAUSED  # looking it up takes as long as a call in Python 3.11


class Checkpoints:
    """Tells a backend which checkpoints it may remove.

    Args:
        scheduler: Knows which trials can be resumed, and perhaps which will hardly be.
        backend: Keeps the checkpoints.
        gate: Checks what the scheduler says.
    """

    def __init__(self, scheduler: Scheduler, backend: Backend, gate: Gate) -> None:
        self._scheduler = scheduler
        self._ranks = scheduler if isinstance(scheduler, RanksPausedTrials) else None
        self._copies = "copy" in scheduler.needs
        self._backend = backend
        self._gate = gate
        self._paused: dict[int, None] = {}  # those with a checkpoint, in the order in which they paused

    def restore(self, paused: Iterable[int]) -> None:
        """These trials paused before this process began."""
        self._paused = dict.fromkeys(paused)

    def on_resume(self, trial_id: int) -> None:
        """A trial needs its checkpoint now, and will write others."""
        self._paused.pop(trial_id, None)

    def on_end(self, trial_id: int, status: Status) -> None:
        """A trial has paused or ended."""
        if status is PAUSED:
            self._paused[trial_id] = None
        else:
            self._paused.pop(trial_id, None)
        if self._copies:
            released = self._gate.released(self._scheduler.released())
        else:
            released = () if status is PAUSED else (trial_id,)
        if released:
            self._backend.release(released)
        limit = self._backend.max_checkpoints
        if limit is not None:
            self._drop_excess(limit)

    def _drop_excess(self, limit: int) -> None:
        while len(self._paused) > limit:
            dropped = None
            if self._ranks is not None:
                dropped = self._gate.least_promising(self._ranks.least_promising(self._paused), self._paused)
            if dropped is None:
                dropped = next(iter(self._paused))
            del self._paused[dropped]
            self._backend.drop_checkpoint(dropped)
