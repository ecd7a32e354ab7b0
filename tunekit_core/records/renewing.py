"""The leases that this process holds are renewed by a thread, whatever else takes long meanwhile."""

from __future__ import annotations

import os
from threading import Event, Thread
from typing import TypeAlias
from weakref import WeakValueDictionary

from tunekit_core.records.lease import Lease

SHARE = 3  # of the time that a lease lasts: so many renewals in it

Kept: TypeAlias = "WeakValueDictionary[int, Lease]"  # what nobody has any more is nobody's, as with files

_kept: dict[float, Kept] = {}  # by how long they last; for each time there is a thread
os.register_at_fork(after_in_child=_kept.clear)  # where no thread is, and the leases are those of the parent


def keep(lease: Lease) -> None:
    """Renew a lease in time until it is dropped, or the process stands still or ends.

    The thread is started with the first one and stays, since a lease of a simulated run is given back long before it is
    due. What is done here each time is done at once, so that a signal may come in between.
    """
    kept = _kept.get(lease.seconds)
    if kept is None:
        kept = _kept[lease.seconds] = WeakValueDictionary()
        Thread(target=_renew, args=(kept, lease.seconds / SHARE), name="leases", daemon=True).start()
    kept[id(lease)] = lease


def drop(lease: Lease) -> None:
    """Renew it no more."""
    kept = _kept.get(lease.seconds)
    if kept is not None:
        kept.pop(id(lease), None)


def _renew(kept: Kept, seconds: float) -> None:
    never = Event()
    while not never.wait(seconds):
        _renew_each(kept)


def _renew_each(kept: Kept) -> None:
    for reference in kept.valuerefs():  # a list, which is made in one step
        lease = reference()
        if lease is not None:
            lease.renew()
