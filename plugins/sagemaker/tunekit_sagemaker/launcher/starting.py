"""Creates the jobs of a launch in their order, as fast as SageMaker takes them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from tunekit_sagemaker.aws.errors import SECONDS_OF_PATIENCE, Busy
from tunekit_sagemaker.jobs.job_client import JobClient

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds until it is tried again
SECONDS_BETWEEN_LINES = 5.0


def create_all(
    jobs: JobClient, requests: Sequence[dict[str, Any]], seconds_for_quota: float, tell: Callable[[str], None]
) -> bool:
    """Create jobs.

    Args:
        jobs: Creates them.
        requests: What is asked for, in this order.
        seconds_for_quota: For which a quota is waited for, since a job was created last.
        tell: Prints a line.

    Returns:
        Whether all are created; false if SageMaker takes no more of them now, which is told.

    Raises:
        NoAccess, Refused: If AWS refuses one.
    """
    next_line = time.monotonic() + SECONDS_BETWEEN_LINES
    for number, request in enumerate(requests):
        if time.monotonic() >= next_line:
            tell(f"{number} of {len(requests)} jobs are begun.")
            next_line = time.monotonic() + SECONDS_BETWEEN_LINES
        busy = _create(jobs, request, seconds_for_quota, tell)
        if busy is not None:
            tell(f"{number} of {len(requests)} jobs were begun. SageMaker takes no more now: {busy}")
            return False
    return True


def _create(
    jobs: JobClient, request: dict[str, Any], seconds_for_quota: float, tell: Callable[[str], None]
) -> Busy | None:
    began, pause, is_told = time.monotonic(), FIRST_PAUSE, False
    while True:
        try:
            jobs.create(request)
            return None
        except Busy as busy:
            limit = began + (seconds_for_quota if busy.is_quota else max(seconds_for_quota, SECONDS_OF_PATIENCE))
            if time.monotonic() >= limit:
                return busy
            if not is_told:
                is_told = True
                tell(f"Waiting, {limit - time.monotonic():.0f} seconds at most, since SageMaker says: {busy}")
        time.sleep(max(0.0, min(pause * random.uniform(0.5, 1.0), limit - time.monotonic())))
        pause = min(2 * pause, LONGEST_PAUSE)
