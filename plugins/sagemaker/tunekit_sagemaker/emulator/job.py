"""A training job: what was asked for, what state it is in, and how it got there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

ACCOUNT = "123456789012"  # moto's
TERMINAL = ("Completed", "Failed", "Stopped")
LONGEST_REASON = 1024  # characters
DEFAULT_MAX_RUNTIME = 86_400  # seconds


@attrs.define(kw_only=True)
class Transition:
    """A secondary status, from when to when, in seconds since the epoch."""

    status: str
    start: float
    end: float | None = None
    message: str = ""


@attrs.define(kw_only=True)
class WarmPool:
    """Instances that outlive a job.

    Attributes:
        keep_alive: Seconds from the end of the job.
        available_since: When the job ended; ``None`` while it runs.
        ended: When they were given back or went to another job.
        reused_by: That job.
    """

    keep_alive: float
    available_since: float | None = None
    ended: float | None = None
    reused_by: str | None = None

    def status(self, now: float) -> str:
        """As AWS calls it."""
        if self.reused_by is not None:
            return "Reused"
        if self.available_since is None:
            return "InUse" if self.ended is None else "Terminated"
        return "Available" if self.ended is None and now < self.available_since + self.keep_alive else "Terminated"

    def retained_seconds(self, now: float) -> int:
        """How long the instances were kept without a job."""
        if self.available_since is None:
            return 0
        end = min(now, self.available_since + self.keep_alive) if self.ended is None else self.ended
        return max(0, round(end - self.available_since))


@attrs.define(kw_only=True, eq=False)
class Job:
    """A training job. Whoever reads or changes more than one attribute holds ``changed``.

    Attributes:
        region: Where it was created.
        request: What ``CreateTrainingJob`` was given.
        on_change: Called with the job whenever its secondary status has changed.
        tags: The values by their keys.
        status: As AWS calls it.
        transitions: All its secondary statuses.
        failure_reason: Why it failed.
        segments: From when to when it had instances: several, if it was interrupted.
        final_metrics: For each metric its last value, and when.
        instance_type: Of the instances that it has, or asks for.
        instance_count: How many.
        warm_pool: What is left of the instances at the end, if that was asked for.
        reuses_warm_pool: Whether it has its instances from another job.
        stop_cause: The secondary status that it will end with, once it was asked to stop.
        changed: Notified of every change, and of all that the runner has to act on.
    """

    region: str
    request: Mapping[str, Any]
    on_change: Callable[[Job], None]
    instance_type: str
    instance_count: int
    tags: dict[str, str] = attrs.field(factory=dict)
    created: float = attrs.field(factory=time.time)
    last_modified: float = attrs.field(factory=time.time)
    status: str = "InProgress"
    transitions: list[Transition] = attrs.field(init=False)
    failure_reason: str | None = None
    segments: list[tuple[float, float | None]] = attrs.field(factory=list)
    final_metrics: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    warm_pool: WarmPool | None = None
    reuses_warm_pool: bool = False
    stop_cause: str | None = None
    changed: threading.Condition = attrs.field(factory=threading.Condition)

    def __attrs_post_init__(self) -> None:
        self.transitions = [Transition(status="Starting", start=self.created, message="Starting the training job")]

    @property
    def name(self) -> str:
        """Its name, which is unique in its region."""
        return str(self.request["TrainingJobName"])

    @property
    def arn(self) -> str:
        """Its name in all of AWS."""
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:training-job/{self.name}"

    @property
    def secondary_status(self) -> str:
        """The last one."""
        return self.transitions[-1].status

    @property
    def is_spot(self) -> bool:
        """Whether it may be interrupted."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def max_runtime(self) -> float:
        """Seconds on instances, interruptions not counted."""
        return float(self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME))

    @property
    def wait_until(self) -> float | None:
        """When a job on spot instances ends at the latest."""
        wait = self.request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds")
        return None if wait is None else self.created + wait

    def seconds_on_instances(self, now: float) -> float:
        """Sum of the segments, the one that goes on included."""
        return sum((now if end is None else end) - start for start, end in self.segments)

    def move(self, secondary: str, message: str = "", *, status: str = "InProgress") -> None:
        """Give it another secondary status, unless it has that one, or was asked to stop and this is no end."""
        with self.changed:
            if self.status == "Stopping" and status == "InProgress":
                return
            if self.secondary_status == secondary:
                return
            now = time.time()
            self.transitions[-1].end = now
            self.transitions.append(Transition(status=secondary, start=now, message=message))
            self.status, self.last_modified = status, now
            self.changed.notify_all()
        self.on_change(self)

    def end(self, status: str, secondary: str, reason: str | None = None) -> None:
        """It has ended, and gives its instances back or leaves them to the next."""
        with self.changed:
            now = time.time()
            self.end_segment(now)
            self.failure_reason = reason[:LONGEST_REASON] if reason else None
            if self.warm_pool is not None:
                if status == "Failed":
                    self.warm_pool.ended = now
                else:
                    self.warm_pool.available_since = now
        self.move(secondary, status=status)
        with self.changed:
            self.transitions[-1].end = self.transitions[-1].start

    def begin_segment(self) -> None:
        """It has instances from now on."""
        with self.changed:
            self.segments.append((time.time(), None))

    def end_segment(self, now: float) -> None:
        """It has none any more."""
        with self.changed:
            if self.segments and self.segments[-1][1] is None:
                self.segments[-1] = (self.segments[-1][0], now)

    def ask_to_stop(self, cause: str) -> bool:
        """Have it end with this secondary status; the first cause counts.

        Returns:
            Whether it will: false if it has ended.
        """
        with self.changed:
            if self.status in TERMINAL:
                return False
            self.stop_cause = self.stop_cause or cause
        self.move("Stopping", "Stopping the training job", status="Stopping")
        return True

    def observe(self, name: str, value: float, now: float) -> None:
        """A value of a metric has been found in its log."""
        with self.changed:
            self.final_metrics[name] = (value, now)
