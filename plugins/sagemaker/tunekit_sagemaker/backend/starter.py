"""Creates the jobs of runs, in their order, as soon as SageMaker takes them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tunekit_core import TunekitError
from tunekit_sagemaker.aws.errors import Busy
from tunekit_sagemaker.backend.claims import Claims
from tunekit_sagemaker.backend.trial_job import TrialJob
from tunekit_sagemaker.jobs.job_client import JobClient

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds until it is tried again
FIRST_CAPACITY_PAUSE, LONGEST_CAPACITY_PAUSE = 30.0, 600.0  # where there is no instance, for a while there is none
SECONDS_TO_WAIT = 3600.0  # for instances, while none of ours runs


class NoInstances(TunekitError, RuntimeError):
    """No job of the experiment runs, and for an hour none could get an instance."""


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
        self._without_since: float | None = None
        self.has_created = False

    @property
    def first(self) -> TrialJob | None:
        """The run whose job is created next; ``None`` if nothing waits."""
        return min(self._waiting, key=lambda job: job.not_before, default=None)

    @property
    def due(self) -> float:
        """When it is to be tried again, on the monotonic clock; infinity if nothing waits."""
        first = self.first
        return float("inf") if first is None else max(self._not_before, first.not_before)

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

    def has_instance(self) -> None:
        """A job has got an instance."""
        self._without_since = None

    def try_later(self, job: TrialJob, reason: str, *, any_runs: bool) -> None:
        """Have a run wait for whose job SageMaker had no instance: longer each time, and behind all others.

        Args:
            job: The run.
            reason: What SageMaker says.
            any_runs: Whether a job of the experiment has an instance.

        Raises:
            NoInstances: If none could get one for an hour.
        """
        self._wait_for_instances(reason, "or choose another backend.instance_type", any_runs=any_runs)
        pause = min(FIRST_CAPACITY_PAUSE * 2 ** (job.n_without_capacity - 1), LONGEST_CAPACITY_PAUSE)
        job.not_before = time.monotonic() + pause * random.uniform(0.5, 1.0)
        self._waiting.append(job)

    def start_waiting(self, *, any_runs: bool) -> TrialJob | None:
        """Create the first job that waits, if it is time to.

        Args:
            any_runs: Whether a job of the experiment runs: as long as one does, a quota is waited for.

        Returns:
            The run that has a job now; ``None`` if there is none, or it is not its time.

        Raises:
            NoInstances: If the account's quota was used up by others for an hour.
            NoAccess: If AWS refuses whoever asks.
            Refused: If AWS refuses this job; it does not wait any more.
            ClaimedByAnother: If another process tunes the same experiment.
        """
        job = self.first
        if job is None or time.monotonic() < self.due:
            return None
        try:
            if job.name is None:
                job.name = self._claims.make(job.trial.id, job.number)
            self._client.create(self._request_of(job))
        except Busy as busy:
            self._wait(busy, any_runs=any_runs)
            return None
        except BaseException:
            self._waiting.remove(job)
            raise
        self._waiting.remove(job)
        self._pause, self._not_before = FIRST_PAUSE, 0.0
        job.is_created = self.has_created = True
        return job

    def _wait(self, busy: Busy, *, any_runs: bool) -> None:
        if busy.is_quota:
            advice = "ask AWS for a larger quota, or choose another backend.instance_type"
            self._wait_for_instances(str(busy), advice, any_runs=any_runs)
        self._not_before = time.monotonic() + self._pause * random.uniform(0.5, 1.0)  # not together with other tuners
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _wait_for_instances(self, reason: str, advice: str, *, any_runs: bool) -> None:
        now = time.monotonic()
        if any_runs or self._without_since is None:
            self._without_since = None if any_runs else now
        elif now - self._without_since > SECONDS_TO_WAIT:
            raise NoInstances(
                f"No job of this experiment runs, and none has got an instance, for {SECONDS_TO_WAIT / 60:.0f} minutes "
                f"now: {reason.removesuffix('.')}. Type the same command again later, {advice}."
            )
