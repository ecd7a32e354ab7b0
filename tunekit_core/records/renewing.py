"""The leases that this process holds are renewed by a thread, whatever else takes long meanwhile."""

from __future__ import annotations

import os
from threading import Event, Thread

from tunekit_core.records.lease import Lease

SHARE = 3  # of the time that a lease lasts: so many renewals in it

_kept: dict[float, dict[int, Lease]] = {}  # by how long they last; for each time there is a thread
os.register_at_fork(after_in_child=_kept.clear)  # where no thread is, and the leases are those of the parent


def keep(lease: Lease) -> None:
    """Renew a lease in time until it is dropped, or the process stands still or ends.

    The thread is started with the first one and stays, since a lease of a simulated run is given back long before it is
    due. What is done here each time is done at once, so that a signal may come in between.
    """
    kept = _kept.get(lease.seconds)
    if kept is None:
        kept = _kept[lease.seconds] = {}
        Thread(target=_renew, args=(kept, lease.seconds / SHARE), name="leases", daemon=True).start()
    kept[id(lease)] = lease


def drop(lease: Lease) -> None:
    """Renew it no more."""
    _kept.get(lease.seconds, {}).pop(id(lease), None)


def _renew(kept: dict[int, Lease], seconds: float) -> None:
    never = Event()
    while not never.wait(seconds):
        for lease in [*kept.values()]:
            lease.renew()
