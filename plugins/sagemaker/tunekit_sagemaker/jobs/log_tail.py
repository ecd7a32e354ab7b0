"""Reads what jobs print, as it comes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tunekit_sagemaker.aws.errors import code_of, passes
from tunekit_sagemaker.jobs.report_lines import Logged, LoggedEnd, ReportLines

GROUP = "/aws/sagemaker/TrainingJobs"
SECONDS_BETWEEN_LISTS = 30.0  # of the streams of a job, once one is known
PAGES_AT_ONCE = 10  # of a stream, so that a job that prints without an end holds up no other
NOT_YET = "ResourceNotFoundException"  # the group exists once an account has had a job, a stream once a job prints
EXPIRED = "InvalidParameterException"  # a token is 24 hours old
STREAM = re.compile(r"(.*)-(\d+)")  # of each machine of a job, and of each time that it was begun


class LogTail:
    """Reads the logs of jobs.

    A job has a stream for each of its machines, and one more whenever a machine is replaced. What was read is not read
    again, but where it has to be, and is not told again then.

    Args:
        logs: The client of the service.
        now: A clock, in seconds.
    """

    def __init__(self, logs: Any, now: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._now = now
        self._jobs: dict[str, _Job] = {}

    def read(self, job: str, *, thoroughly: bool = False) -> list[Logged]:
        """What a job has printed since the last call, in the order of each stream.

        There is nothing yet while it is queued; and nothing for now where AWS refuses because of too many calls, or
        cannot be reached.

        Args:
            job: Its name.
            thoroughly: Whether to look for streams that are new, and to read a stream again of which reports are
                missing at its end. This happens by itself every 30 seconds.

        Raises:
            ClientError: If AWS refuses for another reason, such as for want of permission.
        """
        found: list[Logged] = []
        followed = self._jobs.setdefault(job, _Job())
        try:
            if thoroughly or not followed.streams or self._now() >= followed.next_list:
                self._list(job, followed)
            behind = [
                self._read_stream(name, stream, found)
                for name, stream in followed.streams.items()
                if not stream.lines.is_complete()
            ]
            followed.is_behind = any(behind)
        except Exception as error:
            followed.is_behind = True
            if not found and not passes(error):  # it comes again in the next round, and what was found does not
                raise
        return found

    def is_behind(self, job: str) -> bool:
        """Whether the last call did not come to the end of what a job has printed: AWS refused, or it was too much."""
        return job in self._jobs and self._jobs[job].is_behind

    def end(self, job: str) -> LoggedEnd | None:
        """How the script of a job ended; ``None`` while it runs. Of several machines that counts which has failed."""
        ends = [stream.lines.end for stream in self._last_streams(job)]
        known = [end for end in ends if end is not None]
        return None if not ends or len(known) < len(ends) else max(known, key=lambda end: end.exit_code != 0)

    def is_complete(self, job: str) -> bool:
        """Whether the script of a job has ended on all machines that have printed, and all reports were told."""
        last = self._last_streams(job)
        return bool(last) and all(stream.lines.is_complete() for stream in last)

    def forget(self, job: str) -> None:
        """Read a job no longer."""
        self._jobs.pop(job, None)

    def state(self, job: str) -> dict[str, Any]:
        """How far a job was read, for `restore` in another process: a value that JSON keeps."""
        streams = self._jobs[job].streams if job in self._jobs else {}
        return {name: {"token": each.token, "lines": each.lines.state()} for name, each in streams.items()}

    def restore(self, job: str, state: Mapping[str, Any]) -> None:
        """Go on from where another process came to."""
        streams = {name: _Stream(each["token"], ReportLines.restored(each["lines"])) for name, each in state.items()}
        self._jobs[job] = _Job(streams)

    def _list(self, job: str, followed: _Job) -> None:
        request = {"logGroupName": GROUP, "logStreamNamePrefix": f"{job}/"}
        try:
            for page in self._logs.get_paginator("describe_log_streams").paginate(**request):
                for stream in page["logStreams"]:
                    followed.streams.setdefault(stream["logStreamName"], _Stream())
        except self._logs.exceptions.ClientError as error:
            if code_of(error) != NOT_YET:
                raise
        for stream in followed.streams.values():
            if stream.lines.end is not None and not stream.lines.is_complete():
                stream.begin_again()  # an event that came late may lie before the token
        followed.next_list = self._now() + SECONDS_BETWEEN_LISTS

    def _read_stream(self, name: str, stream: _Stream, found: list[Logged]) -> bool:
        """Read pages until a token comes again, as one without events need not be the last; whether some are left."""
        for _ in range(PAGES_AT_ONCE):
            token = {} if stream.token is None else {"nextToken": stream.token}
            try:
                page = self._logs.get_log_events(logGroupName=GROUP, logStreamName=name, startFromHead=True, **token)
            except self._logs.exceptions.ClientError as error:
                if token and code_of(error) == EXPIRED:
                    stream.begin_again()
                    continue
                if code_of(error) == NOT_YET:
                    return False
                raise
            for event in page["events"]:
                found += stream.lines.feed(event["message"])
            if page["nextForwardToken"] == stream.token:
                return False
            stream.token = page["nextForwardToken"]
        return True

    def _last_streams(self, job: str) -> list[_Stream]:
        """Those of the machines that the job has now, as far as they have printed."""
        last: dict[str, tuple[int, _Stream]] = {}
        for name, stream in self._jobs[job].streams.items() if job in self._jobs else ():
            match = STREAM.fullmatch(name)
            machine, began = (name, 0) if match is None else (match[1], int(match[2]))
            if machine not in last or began >= last[machine][0]:
                last[machine] = (began, stream)
        return [stream for _, stream in last.values()]


@attrs.define
class _Stream:
    """How far a stream was read."""

    token: str | None = None
    lines: ReportLines = attrs.field(factory=ReportLines)

    def begin_again(self) -> None:
        self.token = None
        self.lines.begin_again()


@attrs.define
class _Job:
    """The streams of a job, by their names."""

    streams: dict[str, _Stream] = attrs.field(factory=dict)
    next_list: float = float("-inf")
    is_behind: bool = False
