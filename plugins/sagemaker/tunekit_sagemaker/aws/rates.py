"""How often AWS may be asked: its limits hold for an account, so asking slowly is better than being refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen
class Rate:
    """How many calls there may be.

    Attributes:
        per_second: In the long run.
        at_once: At most, after a pause.
    """

    per_second: float
    at_once: int


# By service and operation. AWS refuses more than 2 lists a second in an account, whoever asks, more than 10 reads of
# logs by its oldest quota, and bursts of new jobs. It allows 25 lists of streams.
RATES = {
    ("sagemaker", "ListTrainingJobs"): Rate(1.0, 2),
    ("sagemaker", "CreateTrainingJob"): Rate(2.0, 4),
    ("sagemaker", "StopTrainingJob"): Rate(4.0, 8),
    ("sagemaker", "DescribeTrainingJob"): Rate(5.0, 10),
    ("logs", "GetLogEvents"): Rate(10.0, 10),
    ("logs", "DescribeLogStreams"): Rate(10.0, 10),
}


class TokenBucket:
    """Has callers wait, so that they do not come more often than a rate allows.

    Args:
        rate: Of all threads together.
        now: A clock, in seconds.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self, rate: Rate, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = now() - rate.at_once / rate.per_second  # as if so long ago the bucket had been empty

    def take(self) -> None:
        """Wait for one's turn: who asks first comes first."""
        with self._lock:
            now = self._now()
            full = now - self._rate.at_once / self._rate.per_second
            self._free_at = max(self._free_at, full) + 1 / self._rate.per_second
            seconds = self._free_at - now
        if seconds > 0:
            self._sleep(seconds)


def limit_rates(client: Any, service: str) -> None:
    """Have a client keep :data:`RATES`, also when it repeats a call that was refused."""
    name = client.meta.service_model.service_id.hyphenize()
    for (of_service, operation), rate in RATES.items():
        if of_service == service:
            # Before it is signed: a signature holds for a few minutes.
            client.meta.events.register(f"before-sign.{name}.{operation}", _turn(TokenBucket(rate)))


def _turn(bucket: TokenBucket) -> Callable[..., None]:
    def wait(**_: Any) -> None:
        bucket.take()

    return wait
