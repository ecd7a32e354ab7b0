"""Which checkpoints are kept: those of trials that may be resumed, no more than there may be, and that of the best."""

from __future__ import annotations

from collections.abc import Iterable

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.schedulers import RanksPausedTrials, Scheduler
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.gate import Gate
from tunekit_core.engine.state import ExperimentState

PAUSED = Status.PAUSED  # looking it up takes as long as a call in Python 3.11


class Checkpoints:
    """Tells a backend which checkpoints it may remove.

    The best of the trials that have ended, by the first metric, is not released until another is better: somebody will
    want its model. Trials that run or are paused keep theirs anyway.

    Args:
        state: Knows which trial is the best.
        scheduler: Knows which trials can be resumed, and perhaps which will hardly be.
        backend: Keeps the checkpoints.
        gate: Checks what the scheduler says.
    """

    def __init__(self, state: ExperimentState, scheduler: Scheduler, backend: Backend, gate: Gate) -> None:
        self._state = state
        self._scheduler = scheduler
        self._ranks = scheduler if isinstance(scheduler, RanksPausedTrials) else None
        self._copies = "copy" in scheduler.needs
        self._backend = backend
        self._gate = gate
        self._paused: dict[int, None] = {}  # those with a checkpoint, in the order in which they paused
        self._unreleased: set[int] = set()  # the best of those that have ended, once it may be released

    def restore(self, paused: Iterable[int]) -> None:
        """These trials paused before this process began."""
        self._paused = dict.fromkeys(paused)
        best = self._state.best_of_ended
        if best is not None and not self._copies:  # a scheduler that others copy from says it once more
            self._unreleased = {best.report.trial_id}

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
        self._release(released)
        limit = self._backend.max_checkpoints
        if limit is not None:
            self._drop_excess(limit)

    def _release(self, trial_ids: Iterable[int]) -> None:
        best = self._state.best_of_ended
        best_id = None if best is None else best.report.trial_id
        candidates = self._unreleased.union(trial_ids)
        self._unreleased = candidates & {best_id}
        if released := sorted(candidates - self._unreleased):
            self._backend.release(tuple(released))

    def _drop_excess(self, limit: int) -> None:
        best = self._state.incumbent
        while len(self._paused) > limit:
            # that of the best goes last
            others = {each: None for each in self._paused if best is None or each != best.report.trial_id}
            among = others or self._paused
            dropped = None
            if self._ranks is not None:
                dropped = self._gate.least_promising(self._ranks.least_promising(among), among)
            if dropped is None:
                dropped = next(iter(among))
            del self._paused[dropped]
            self._backend.drop_checkpoint(dropped)
