"""Messages to a tracker are delivered by a thread of their own: an experiment never waits for a tracker."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue

from tunekit_trackers.messages import Busy, Ending, Facts, Message, Opening, Point, Tracker

MAX_WAITING = 10_000  # messages, a few MB; more are dropped, the newest first
PAUSE = 1.0  # seconds until a tracker that is busy is told again
MAX_AT_ONCE = 500  # messages: as many are lost at most where a tracker fails once


class Delivery:
    """Delivers messages in their order, points of a run together, and drops those that a tracker does not take.

    The thread dies with the process: a tracker that never answers keeps nothing from ending.

    Args:
        tracker: Used by the thread alone.
        name: Of the tracker, for the thread.
        max_waiting: How many messages may wait; those beyond are dropped.

    Attributes:
        trouble: What was the first to go wrong, if anything.
    """

    def __init__(self, tracker: Tracker, name: str, max_waiting: int = MAX_WAITING) -> None:
        self.trouble = ""
        self._tracker = tracker
        self._max_waiting = max_waiting
        self._waiting: SimpleQueue[Message | None] = SimpleQueue()  # None: nothing more comes
        self._is_last = False
        self._is_abandoned = threading.Event()
        self._n_told = self._n_delivered = 0
        self._open: set[str] = set()  # keys of runs
        self._thread = threading.Thread(target=self._work, name=f"tunekit-{name}", daemon=True)
        self._thread.start()

    def tell(self, message: Message, *, is_needed: bool = False) -> None:
        """Hand over a message, which takes no time.

        Args:
            message: What to deliver.
            is_needed: Whether it waits even where too many wait already; for a few messages.
        """
        self._n_told += 1
        if is_needed or self._waiting.qsize() < self._max_waiting:
            self._waiting.put(message)
        else:
            self._complain("it is slower than reports come")

    def close(self, seconds: float) -> tuple[int, int]:
        """Wait until all is delivered, but not for ever. Nothing can be told afterwards.

        Args:
            seconds: How long to wait at most.

        Returns:
            How many messages are missing, and how many there were.
        """
        self._waiting.put(None)
        self._thread.join(seconds)
        self._is_abandoned.set()
        return self._n_told - self._n_delivered, self._n_told

    def _work(self) -> None:
        while not self._is_last:
            for parcel in _parcels(self._next()):
                while not self._is_abandoned.is_set() and not self._is_done_with(parcel):
                    self._is_abandoned.wait(PAUSE)

    def _is_done_with(self, parcel: Sequence[Message]) -> bool:
        """Deliver messages that belong together; false if they are to be tried again."""
        try:
            self._deliver(parcel)
        except Exception as error:  # whatever is wrong with a tracker, a network, a server
            self._complain(f"{type(error).__name__}: {error}".splitlines()[0])
            return not isinstance(error, Busy)
        self._n_delivered += len(parcel)
        return True

    def _next(self) -> Sequence[Message]:
        """What waits, once something does."""
        messages: list[Message] = []
        while not messages or (len(messages) < MAX_AT_ONCE and not self._waiting.empty()):
            message = self._waiting.get()
            if message is None:
                self._is_last = True
                break
            messages.append(message)
        return messages

    def _deliver(self, parcel: Sequence[Message]) -> None:
        message = parcel[0]
        run = message.run
        if run.key not in self._open:
            self._tracker.open(run)
            self._open.add(run.key)
        if isinstance(message, Facts):
            self._tracker.state(run, message.values)
        elif isinstance(message, Ending):
            self._open.discard(run.key)
            self._tracker.end(run, message.outcome)
        elif not isinstance(message, Opening):
            self._tracker.plot(run, [point for point in parcel if isinstance(point, Point)])

    def _complain(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble


def _parcels(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Points of the same run together, as far as nothing else lies between them; all else alone."""
    points: dict[str, list[Message]] = {}
    for message in messages:
        if isinstance(message, Point):
            points.setdefault(message.run.key, []).append(message)
        else:
            yield from points.values()
            points = {}
            yield [message]
    yield from points.values()
