"""Hands the processor cores of this machine to trials."""

from __future__ import annotations

import os

from tunekit_core import InvalidOption
from tunekit_local.core_leases import CoreLeases


def cpus_of(n_workers: int, slot: int) -> tuple[tuple[int, ...] | None, int]:
    """The share of one worker in the cores that this process may use.

    Shares are disjoint and contiguous, and differ in size by at most one core, earlier ones being larger.

    Args:
        n_workers: Number of shares.
        slot: Which one, from 0.

    Returns:
        The cores, and how many threads fit. No cores if there are fewer than workers, or if the system cannot pin.
    """
    cores = _cores()
    if cores is None:
        return None, max(1, _n_cores() // n_workers)
    size, larger = divmod(len(cores), n_workers)
    if size == 0:
        return None, 1
    first = slot * size + min(slot, larger)
    share = tuple(cores[first : first + size + (slot < larger)])
    return share, len(share)


class Cores:
    """The cores that trials of an experiment are pinned to, none of them to those of another trial.

    A trial gets its share of the machine, or other cores of that number if some of these are held. If too few are left
    by the trials of this experiment and of others, it is not pinned, rather than to have it wait or to have it stay on
    a core that is used already: the system puts it wherever there is room.

    Args:
        per_trial: How many cores each trial gets; ``None`` divides them among the workers.
        leases: What other experiments hold.

    Raises:
        InvalidOption: If there are fewer cores than a trial is to get.
    """

    def __init__(self, per_trial: int | None, leases: CoreLeases) -> None:
        if per_trial is not None and per_trial > (n := _n_cores()):
            raise InvalidOption(
                "num_cpus_per_trial",
                per_trial,
                f"is more than a trial can get: there are {n} cores that this process may use. Type "
                f"backend.num_cpus_per_trial={n}",
            )
        self._per_trial = per_trial
        self._leases = leases
        self._all: tuple[int, ...] = ()
        self._shares: list[tuple[int, ...]] = []
        self._n_threads = 1
        self._limit: int | None = None  # of trials at a time
        self._held: dict[int, tuple[int, ...]] = {}

    def split(self, n_workers: int) -> None:
        """Divide the cores among so many trials that run at once; before anything is taken."""
        cores, per_trial = _cores(), self._per_trial
        if per_trial is None:
            shares, threads = zip(*(cpus_of(n_workers, slot) for slot in range(n_workers)), strict=True)
            self._shares = [share for share in shares if share is not None]
            self._n_threads = threads[-1]
            self._limit = n_workers if self._shares else None
        else:
            self._limit = _n_cores() // per_trial
            firsts = [slot * per_trial for slot in range(self._limit)]
            self._shares = [] if cores is None else [cores[first : first + per_trial] for first in firsts]
            self._n_threads = per_trial
        self._all = cores or ()

    def take(self, trial_id: int) -> tuple[tuple[int, ...] | None, int] | None:
        """Give a trial its cores, until they are released.

        Returns:
            The cores, ``None`` where it is not pinned, and how many threads it is to use; or ``None``, and nothing has
            changed, if it has to wait for another trial of this experiment.
        """
        if self._limit is not None and len(self._held) >= self._limit:
            return None
        cores = self._find()
        self._held[trial_id] = cores or ()
        return cores, len(cores) if cores else self._n_threads

    def claim(self, trial_id: int, cores: tuple[int, ...] | None) -> None:
        """Let a trial hold what it has."""
        self._held[trial_id] = cores or ()
        for core in cores or ():
            self._leases.take([core], 1)

    def release(self, trial_id: int) -> None:
        """Free what a trial holds, if it holds something."""
        self._leases.free(self._held.pop(trial_id, ()))

    def close(self) -> None:
        """Free everything."""
        self._leases.close()

    def _find(self) -> tuple[int, ...] | None:
        taken = {core for held in self._held.values() for core in held}
        for share in self._shares:
            if taken.isdisjoint(share) and self._leases.take(share, len(share)):
                return share
        if not self._shares:
            return None
        return self._leases.take([core for core in self._all if core not in taken], self._n_threads)


def _cores() -> tuple[int, ...] | None:
    """The cores that this process may use; ``None`` on macOS and Windows, which cannot pin."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else None


def _n_cores() -> int:
    cores = _cores()
    return (os.cpu_count() or 1) if cores is None else len(cores)
