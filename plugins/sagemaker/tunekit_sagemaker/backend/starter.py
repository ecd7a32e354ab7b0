"""Creates the jobs of runs, in their order, as soon as SageMaker takes them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tunekit_sagemaker.aws.errors import Busy
from tunekit_sagemaker.backend.claims import Claims
from tunekit_sagemaker.backend.trial_job import TrialJob
from tunekit_sagemaker.jobs.job_client import JobClient

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds until it is tried again
SECONDS_FOR_QUOTA = 3600.0  # for which a quota is waited for that nothing of ours uses up


class NoQuota(Busy):
    """No job of the experiment runs, and none can be created, since others use up what the account may have."""


class Starter:
    """Creates jobs.

    Args:
        client: Creates them.
        claims: Say which job a run is.
        request_of: The request for the job of a run, once it has its name; uploads what the job needs.

    Attributes:
        has_created: Whether there was a job: if not, what is refused of one would be refused of all.
    """

    def __init__(self, client: JobClient, claims: Claims, request_of: Callable[[TrialJob], dict[str, Any]]) -> None:
        self._client = client
        self._claims = claims
        self._request_of = request_of
        self._waiting: list[TrialJob] = []
        self._not_before = 0.0
        self._pause = FIRST_PAUSE
        self._refused_since: float | None = None
        self.has_created = False

    @property
    def first(self) -> TrialJob | None:
        """The run whose job is created next; ``None`` if nothing waits."""
        return self._waiting[0] if self._waiting else None

    @property
    def due(self) -> float:
        """When it is to be tried again, on the monotonic clock; infinity if nothing waits."""
        return self._not_before if self._waiting else float("inf")

    def add(self, job: TrialJob) -> None:
        """Have a run wait for its job, behind those that wait already."""
        self._waiting.append(job)

    def remove(self, job: TrialJob) -> None:
        """A run needs no job any more, if it has none yet."""
        if job in self._waiting:
            self._waiting.remove(job)

    def hurry(self) -> None:
        """Instances are free again: what waits for some is tried at once."""
        self._pause, self._not_before = FIRST_PAUSE, 0.0

    def start_waiting(self, *, any_runs: bool) -> TrialJob | None:
        """Create the first job that waits, if it is time to.

        Args:
            any_runs: Whether a job of the experiment runs: as long as one does, a quota is waited for.

        Returns:
            The run that has a job now; ``None`` if there is none, or it is not its time.

        Raises:
            NoQuota: If the account's quota was used up by others for an hour.
            NoAccess: If AWS refuses whoever asks.
            Refused: If AWS refuses this job; it does not wait any more.
            ClaimedByAnother: If another process tunes the same experiment.
        """
        if time.monotonic() < self.due:
            return None
        job = self._waiting[0]
        try:
            if job.name is None:
                job.name = self._claims.make(job.trial.id, job.number)
            self._client.create(self._request_of(job))
        except Busy as busy:
            self._wait(busy, any_runs=any_runs)
            return None
        except BaseException:
            self._waiting.pop(0)
            raise
        self._waiting.pop(0)
        self._pause, self._not_before, self._refused_since = FIRST_PAUSE, 0.0, None
        job.is_created = self.has_created = True
        return job

    def _wait(self, busy: Busy, *, any_runs: bool) -> None:
        now = time.monotonic()
        if any_runs or not busy.is_quota:
            self._refused_since = None
        elif self._refused_since is None:
            self._refused_since = now
        elif now - self._refused_since > SECONDS_FOR_QUOTA:
            raise NoQuota(
                f"No job can be created, and none of this experiment runs, for {SECONDS_FOR_QUOTA / 60:.0f} minutes "
                f"now: {busy} Ask AWS for a larger quota, or choose another backend.instance_type."
            ) from busy
        self._not_before = now + self._pause * random.uniform(0.5, 1.0)  # several tuners are not to ask together
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
