"""Lead criteria and composers through a recorded experiment, and see that they look at nothing else."""

from __future__ import annotations

import datetime
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tunekit_core.engine.events import Decided, Recorded
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.state import ExperimentState

CLOCKS = ("time", "monotonic", "perf_counter", "process_time")
DAYS = 1_000_000.0  # seconds; so many pass with every look at a clock


def positions(state: ExperimentState, events: Sequence[Recorded]) -> Iterator[int]:
    """Apply events one by one; yields their numbers, where the tuner asks its criteria.

    Args:
        state: A fresh state.
        events: A record.
    """
    folding = Fold(state)
    yield 0
    for number, event in enumerate(events, start=1):
        folding.add(event)
        if number == len(events) or not isinstance(events[number], Decided):
            yield number


@contextmanager
def another_time(component: object) -> Iterator[None]:
    """Let days pass with every look at a clock, of the modules ``time`` and ``datetime`` and of that of a component.

    Args:
        component: Its module may hold the functions under names of its own.
    """
    module = sys.modules[type(component).__module__]
    replaced: list[tuple[Any, str, Any]] = []

    def replace(owner: Any, name: str, value: Any) -> None:
        replaced.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    looks = itertools.count(1)

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Later:
            return super().now(tz) + datetime.timedelta(seconds=DAYS * next(looks))

    def later_than(clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: clock() + DAYS * next(looks)

    later = {getattr(time, name): later_than(getattr(time, name)) for name in CLOCKS}
    for name, value in list(vars(module).items()):
        if value is datetime.datetime:
            replace(module, name, Later)
        elif callable(value) and any(value is clock for clock in later):
            replace(module, name, later[value])
    for name in CLOCKS:
        replace(time, name, later[getattr(time, name)])
    replace(datetime, "datetime", Later)
    try:
        yield
    finally:
        for owner, name, value in reversed(replaced):
            setattr(owner, name, value)
