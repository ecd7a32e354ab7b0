"""How often AWS may be asked: its limits hold for an account, so asking slowly is better than being refused.

Whoever starts several tuners at the same time says so in a variable, and each takes its share.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import attrs

from tunekit_core import parallel_runs


@attrs.frozen
class Rate:
    """How many calls there may be.

    Attributes:
        per_second: In the long run.
        at_once: At most, after a pause.
    """

    per_second: float
    at_once: int

    def shared_by(self, n: int) -> Rate:
        """The part of one of several that keep it together."""
        return Rate(self.per_second / n, max(1, self.at_once // n))


# By service and operation, of all tuners together. AWS refuses more than 2 lists a second in an account, whoever asks,
# more than 10 reads of logs by its oldest quota, and bursts of new jobs. It allows 25 lists of streams.
RATES = {
    ("sagemaker", "ListTrainingJobs"): Rate(1.0, 1),
    ("sagemaker", "CreateTrainingJob"): Rate(2.0, 4),
    ("sagemaker", "StopTrainingJob"): Rate(4.0, 8),
    ("sagemaker", "DescribeTrainingJob"): Rate(5.0, 10),
    ("logs", "GetLogEvents"): Rate(7.0, 3),
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

    def begin_at_random(self) -> None:
        """Have the first caller wait for up to the time between two, as if others had come before."""
        self._free_at = self._now() + random.uniform(-1.0, 0.0) / self._rate.per_second

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
    """Have a client keep its share of :data:`RATES`, also when it repeats a call that was refused."""
    share = parallel_runs()
    name = client.meta.service_model.service_id.hyphenize()
    for (of_service, operation), rate in RATES.items():
        if of_service == service:
            # Before it is signed: a signature holds for a few minutes.
            bucket = TokenBucket(rate.shared_by(share))
            if share > 1:
                bucket.begin_at_random()  # they were started together, and are not to ask together
            client.meta.events.register(f"before-sign.{name}.{operation}", _turn(bucket))


def _turn(bucket: TokenBucket) -> Callable[..., None]:
    def wait(**_: Any) -> None:
        bucket.take()

    return wait
