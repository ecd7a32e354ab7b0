"""What a job writes becomes events of its log, and values of its metrics."""

from __future__ import annotations

import contextlib
import math
import os
import re
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from tunekit_sagemaker.emulator.instances.clients import Clients
from tunekit_sagemaker.emulator.job import Job
from tunekit_sagemaker.emulator.settings import Settings

GROUP = "/aws/sagemaker/TrainingJobs"
NAMESPACE = "/aws/sagemaker/TrainingJobs"
SECONDS_BETWEEN_BATCHES, SECONDS_BETWEEN_TRIES = 0.05, 0.5
MOST_EVENTS, MOST_BYTES, BYTES_OF_AN_EVENT = 10_000, 1_000_000, 26  # of one call of PutLogEvents
MOST_VALUES = 1000  # of one call of PutMetricData
CHUNK = 65536
LONGEST_LINE = 1_000_000  # bytes; what has no end of a line until then is one


class LogStream(threading.Thread):
    """Reads what an instance writes until it has ended, and sends it on.

    Args:
        job: Whose it is.
        name: Of the stream.
        descriptor: Where it is read, until its end; is closed then.
        clients: For CloudWatch.
        settings: How late events come, and how long they are.
        closing: Set when the emulator ends: what was not sent yet is dropped.
        on_end: Called when nothing more will be written; events may still be sent after that.
    """

    def __init__(
        self,
        job: Job,
        name: str,
        descriptor: int,
        clients: Clients,
        settings: Settings,
        closing: threading.Event,
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(name=f"log of {name}", daemon=True)
        self._job = job
        self._stream = name
        self._descriptor = descriptor
        self._clients = clients
        self._settings = settings
        self._closing = closing
        self._on_end = on_end
        self._rest = b""
        self._events: deque[tuple[float, str]] = deque()
        self._values: list[tuple[str, float, float]] = []
        self._exists = False
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions", ())
        self._metrics = [(metric["Name"], re.compile(metric["Regex"])) for metric in definitions]

    def run(self) -> None:
        """Read, and send batches of what is due."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            while True:
                selector.select(self._seconds_until_due())
                due_at = time.monotonic() + SECONDS_BETWEEN_BATCHES
                if not self._read_until(selector, due_at):
                    break
                self._send_what_is_due()
        os.close(self._descriptor)
        self._on_end()
        while (self._events or self._values) and not self._closing.wait(self._seconds_until_due()):
            self._send_what_is_due()

    def _read_until(self, selector: selectors.BaseSelector, moment: float) -> bool:
        """Read for a while, so that a batch holds more than one line; false at the end."""
        while True:
            if selector.select(max(0.0, moment - time.monotonic())):
                data = os.read(self._descriptor, CHUNK)
                self._take(data)
                if not data:
                    return False
            if time.monotonic() >= moment:
                return True

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > LONGEST_LINE):
            lines, self._rest = [*lines, self._rest], b""
        now = time.time()
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            cut = max(1, self._settings.cut_events_at)
            self._events.extend((now, text[start : start + cut]) for start in range(0, len(text), cut))
            for name, value in self._found(text):
                self._job.observe(name, value, now)
                self._values.append((name, value, now))

    def _found(self, text: str) -> Iterator[tuple[str, float]]:
        """Values of metrics in a line: numbers alone."""
        for name, regex in self._metrics:
            match = regex.search(text)
            if match is not None and match.groups():
                with contextlib.suppress(ValueError, TypeError):
                    value = float(match.group(1))
                    if math.isfinite(value):
                        yield name, value

    def _seconds_until_due(self) -> float:
        if self._values:
            return 0.0
        if not self._events:
            return 3600.0
        return max(0.0, self._events[0][0] + self._settings.log_delay - time.time())

    def _send_what_is_due(self) -> None:
        if self._closing.is_set():
            return
        now, size = time.time(), 0
        batch: list[tuple[float, str]] = []
        while self._events and self._events[0][0] + self._settings.log_delay <= now and len(batch) < MOST_EVENTS:
            size += len(self._events[0][1].encode()) + BYTES_OF_AN_EVENT
            if size > MOST_BYTES and batch:
                break
            batch.append(self._events.popleft())
        values, self._values = self._values[:MOST_VALUES], self._values[MOST_VALUES:]
        try:
            if batch:
                self._put_events(batch)
                batch = []
            if values:
                self._put_values(values)
        except (BotoCoreError, ClientError, OSError):  # this machine is busy: the same is sent again
            self._events.extendleft(reversed(batch))
            self._values = values + self._values
            self._closing.wait(SECONDS_BETWEEN_TRIES)

    def _put_events(self, batch: list[tuple[float, str]]) -> None:
        logs = self._clients.get("logs", self._job.region)
        if not self._exists:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_group(logGroupName=GROUP)
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=GROUP, logStreamName=self._stream)
            self._exists = True
        events = [{"timestamp": int(moment * 1000), "message": message} for moment, message in batch]
        logs.put_log_events(logGroupName=GROUP, logStreamName=self._stream, logEvents=events)

    def _put_values(self, values: list[tuple[str, float, float]]) -> None:
        dimensions = [{"Name": "TrainingJobName", "Value": self._job.name}]
        self._clients.get("cloudwatch", self._job.region).put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {"MetricName": name, "Value": value, "Timestamp": moment, "Dimensions": dimensions}
                for name, value, moment in values
            ],
        )
