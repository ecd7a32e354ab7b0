"""The reports of an experiment that no other dominates by several metrics, of trials that have not failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from tunekit_core.contracts.trials import Report, Status


@attrs.frozen(eq=False)
class Point:
    """A report as a point in the space of losses.

    Attributes:
        losses: One per metric.
        number: Its place in the order in which reports were made.
        report: The report.
    """

    losses: tuple[float, ...]
    number: int
    report: Report

    def dominates(self, other: Point) -> bool:
        """Whether it is nowhere worse and somewhere better. Of two that are equal, the earlier dominates the later."""
        nowhere_worse = all(mine <= theirs for mine, theirs in zip(self.losses, other.losses, strict=True))
        return nowhere_worse and (self.losses != other.losses or self.number < other.number)


class Front:
    """The reports that no other dominates, from which those of a trial go when it fails; what they dominated is back.

    A report takes time in proportion to the size of the front. A trial that may still fail keeps the reports of its
    own that none of its own and none of a trial that has completed or was stopped dominates.

    """

    def __init__(self) -> None:
        self._n_reports = 0
        self._front: list[Point] = []
        self._settled: list[Point] = []  # of trials that have completed or were stopped
        self._by_trial: dict[int, list[Point]] = {}  # of those that run or are paused

    @property
    def reports(self) -> Collection[Report]:
        """The front, in the order in which the reports were made."""
        return [point.report for point in self._front]

    def report(self, report: Report) -> None:
        """A trial has made a report that meets the constraint, with finite losses."""
        self._n_reports += 1
        point = Point(report.losses, self._n_reports, report)
        own = self._by_trial.setdefault(report.trial_id, [])
        if any(other.dominates(point) for other in (*self._settled, *own)):
            return
        own[:] = _with(point, own)
        if not any(other.dominates(point) for other in self._front):
            self._front = _with(point, self._front)

    def end(self, trial_id: int, status: Status) -> None:
        """A trial has ended for good."""
        own = self._by_trial.pop(trial_id, [])
        if status is not Status.FAILED:
            for point in own:
                if not any(other.dominates(point) for other in self._settled):
                    self._settled = _with(point, self._settled)
        elif any(point in self._front for point in own):
            everything = (*self._settled, *(point for points in self._by_trial.values() for point in points))
            self._front = _front_of(sorted(everything, key=lambda point: point.number))


def _with(point: Point, points: Iterable[Point]) -> list[Point]:
    """Points and one more that none of them dominates, without those that it dominates."""
    return [*(other for other in points if not point.dominates(other)), point]


def _front_of(points: Iterable[Point]) -> list[Point]:
    front: list[Point] = []
    for point in points:
        if not any(other.dominates(point) for other in front):
            front = _with(point, front)
    return front
