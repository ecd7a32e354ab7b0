"""What goes wrong on demand: calls of any service, and jobs."""

from __future__ import annotations

import re
import threading
from typing import Literal, get_args

import attrs

from tunekit_core import ConfigurationError

JobFaultKind = Literal["CapacityError", "InternalServerError", "SpotInterruption"]
LOST_ANSWER, TIMEOUT = "lost answer", "timeout"
STATUSES = {  # of an HTTP answer, where it is not 400
    "AccessDenied": 403,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServerException": 500,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "SlowDown": 503,
    LOST_ANSWER: 500,
}


@attrs.define(kw_only=True)
class _CallFault:
    operation: str
    code: str
    times: int
    after: int


@attrs.define(kw_only=True)
class JobFault:
    """What happens to a job.

    Attributes:
        kind: As AWS calls it.
        after: Seconds of training until then; 0 of a lack of capacity or an internal error: instead of the start.
    """

    pattern: re.Pattern[str]
    kind: JobFaultKind
    times: int
    after: float


class Faults:
    """Faults that are still to come. Each happens to the first calls or jobs that it fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[_CallFault] = []
        self._jobs: list[JobFault] = []

    def add_fault(self, operation: str, code: str, times: int = 1, after: int = 0) -> None:
        """Have calls of an operation fail.

        Args:
            operation: Such as ``"CreateTrainingJob"``, ``"GetLogEvents"`` or ``"PutObject"``.
            code: What the answer says, such as ``"ThrottlingException"``; ``"lost answer"``: the operation is carried
                out, and the answer is an internal error; ``"timeout"``: there is no answer.
            times: How many calls.
            after: How many calls before are let through.
        """
        with self._lock:
            self._calls.append(_CallFault(operation=operation, code=code, times=times, after=after))

    def add_job_fault(self, pattern: str, kind: JobFaultKind, times: int = 1, after: float = 0.0) -> None:
        """Have jobs fail for reasons that are not theirs.

        Args:
            pattern: Regular expression that is searched in the name of a job.
            kind: ``"CapacityError"``: there are no instances; ``"InternalServerError"``; ``"SpotInterruption"``: the
                instances are taken away, and the job begins again on others. Only jobs on spot instances have that.
            times: How often, for all jobs together.
            after: Seconds of training until then. There is no capacity from the beginning.
        """
        if kind not in get_args(JobFaultKind):
            text = f"kind={kind!r} of a fault has to be one of {', '.join(get_args(JobFaultKind))}."
            raise ConfigurationError(text, option="kind", value=kind)
        with self._lock:
            self._jobs.append(JobFault(pattern=re.compile(pattern), kind=kind, times=times, after=after))

    def of_call(self, operation: str) -> str | None:
        """The code that the next call of an operation is to fail with, if it is to fail."""
        with self._lock:
            for fault in self._calls:
                if fault.operation != operation:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times > 0:
                    fault.times -= 1
                    return fault.code
        return None

    def of_start(self, name: str) -> JobFaultKind | None:
        """What happens to a job instead of its start."""
        fault = self._take(name, ("CapacityError", "InternalServerError"), is_start=True)
        return None if fault is None else fault.kind

    def of_training(self, name: str, *, is_spot: bool) -> JobFault | None:
        """What happens to a job while it trains."""
        kinds = ("SpotInterruption", "InternalServerError") if is_spot else ("InternalServerError",)
        return self._take(name, kinds, is_start=False)

    def _take(self, name: str, kinds: tuple[str, ...], *, is_start: bool) -> JobFault | None:
        with self._lock:
            for fault in self._jobs:
                at_start = fault.kind == "CapacityError" or (fault.kind == "InternalServerError" and not fault.after)
                if fault.times > 0 and fault.kind in kinds and at_start == is_start and fault.pattern.search(name):
                    fault.times -= 1
                    return fault
        return None
