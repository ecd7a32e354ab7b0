"""What the end of a job tells of the run of a trial: whether it failed, why, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit_core import Cause, Status, TrialEnded, is_secret, mask_secrets
from tunekit_sagemaker.backend.connection import Connection
from tunekit_sagemaker.backend.endings import cause_of_end, reason_of_end
from tunekit_sagemaker.backend.trial_job import TrialJob


class TrialEnds:
    """Says what the ends of jobs mean, and knows what trials have cost.

    Args:
        aws: Asks AWS.
        environment: The variables of the program, some of which are secrets.

    Attributes:
        costs: Of the runs of each trial that are over, in dollars; ``None`` where that is not known.
    """

    def __init__(self, aws: Connection, environment: Mapping[str, str]) -> None:
        self._aws = aws
        self._secrets = [value for name, value in environment.items() if is_secret(name, value)]
        self.costs: dict[int, float | None] = {}

    def cost_so_far(self, job: TrialJob, metrics: Mapping[str, Any]) -> dict[str, float]:
        """The column of a report with what its trial has cost until then."""
        machines = self._aws.machines_of(job)
        before = self.costs.get(job.trial.id, 0.0)
        return self._aws.costs.so_far(metrics, machines.instance_type, machines.instance_count, before)

    def meaning(self, job: TrialJob) -> tuple[Cause | None, str]:
        """Why a run failed whose job is over, and that for people; no cause if it has not.

        Then the text says why nothing was heard of it, which is a failure where the trial has no report.
        """
        may_end = job.is_to_end or job.has_reached_target
        marker = self._aws.end_in_log(job)
        cause = cause_of_end(job.end, marker, may_end=may_end, is_cut_off=job.is_cut_off)
        # The toolkit tells all that a program wrote, with the secrets that it was given.
        reason = mask_secrets(reason_of_end(job.end, is_cut_off=job.is_cut_off), self._secrets)
        if cause is None:
            is_unheard = marker is not None and not may_end and job.trial.last_report is None
            return None, mask_secrets(marker.unheard, self._secrets) if marker is not None and is_unheard else ""
        return cause, reason

    def event(self, job: TrialJob, cause: Cause | None, reason: str, now: float) -> TrialEnded:
        """The end of a run, which is noted once its event can be told."""
        trial_id = job.trial.id
        has_checkpoint = self._aws.has_checkpoint(trial_id)  # first: it may fail, and is done again then
        before, of_run = self.costs.get(trial_id, 0.0), self._aws.costs.of_run(job.end)
        self.costs[trial_id] = None if before is None or of_run is None else before + of_run
        return TrialEnded(
            trial_id,
            job.number,
            Status.COMPLETED if cause is None else Status.FAILED,
            now,
            cause=cause or Cause.SCRIPT,
            reason=reason,
            cost=self.costs[trial_id],
            has_checkpoint=has_checkpoint,
        )
