import threading

import pytest

from tunekit_trackers.delivery import Delivery
from tunekit_trackers.messages import Ending, Facts, Opening, Outcome, Point, Run


class Held:
    """A tracker that answers when it is released, and knows what it was told."""

    def __init__(self):
        self.is_called, self.is_released = threading.Event(), threading.Event()
        self.told = []

    def _take(self, *what):
        self.is_called.set()
        assert self.is_released.wait(60)
        self.told.append(what)

    def open(self, run):
        self._take("open", run.key)

    def plot(self, run, points):
        self._take("plot", run.key, [point.step for point in points])

    def state(self, run, values):
        self._take("state", run.key, dict(values))

    def end(self, run, outcome):
        self._take("end", run.key, outcome)


def run(key="a"):
    return Run(key=key, name=key, group="g", step="reports", config={})


def point(step, key="a"):
    return Point(run(key), step, 0.0, lambda: {"x": 1.0})


@pytest.fixture
def tracker():
    return Held()


def told_at_once(tracker, messages, **limits):
    """What a tracker is told that answers when all these have been handed over."""
    delivery = Delivery(tracker, "held", **limits)
    delivery.tell(Opening(run("first")))
    assert tracker.is_called.wait(60)
    for message in messages:
        delivery.tell(message, is_needed=isinstance(message, Ending))
    tracker.is_released.set()
    return delivery, delivery.close(60)


def test_points_of_a_run_are_told_together(tracker):
    _, missing = told_at_once(tracker, [point(step, key) for step in (1, 2, 3) for key in "ab"])
    expected = [("open", "first"), ("open", "a"), ("plot", "a", [1, 2, 3]), ("open", "b"), ("plot", "b", [1, 2, 3])]
    assert tracker.told == expected
    assert missing == (0, 7)


def test_nothing_overtakes_what_is_no_point(tracker):
    told_at_once(tracker, [point(1), Facts(run(), {"best": 1}), point(2), Ending(run(), Outcome.FINISHED), point(3)])
    assert tracker.told[1:] == [
        ("open", "a"),
        ("plot", "a", [1]),
        ("state", "a", {"best": 1}),
        ("plot", "a", [2]),
        ("end", "a", Outcome.FINISHED),
        ("open", "a"),  # a trial that was paused goes on
        ("plot", "a", [3]),
    ]


def test_where_too_many_wait_points_are_dropped_and_counted_but_not_the_end(tracker):
    messages = [*map(point, range(5)), Ending(run(), Outcome.FINISHED)]
    delivery, missing = told_at_once(tracker, messages, max_waiting=3)
    assert tracker.told[2:] == [("plot", "a", [0, 1, 2]), ("end", "a", Outcome.FINISHED)]
    assert missing == (2, 7)
    assert delivery.trouble == "it is slower than reports come"


def test_what_a_tracker_does_not_take_costs_that_alone(tracker):
    tracker.state = lambda run, values: 1 / 0
    delivery, missing = told_at_once(tracker, [point(1), Facts(run(), {"best": 1}), point(2)])
    assert tracker.told[1:] == [("open", "a"), ("plot", "a", [1]), ("plot", "a", [2])]
    assert missing == (1, 4)
    assert delivery.trouble == "ZeroDivisionError: division by zero"


def test_a_tracker_that_never_answers_keeps_no_process_from_ending(tracker):
    delivery = Delivery(tracker, "held")
    delivery.tell(Opening(run()))
    assert tracker.is_called.wait(60)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "tunekit-held"]
    assert thread.daemon
    assert delivery.close(0) == (1, 1)
    tracker.is_released.set()
    thread.join(60)
