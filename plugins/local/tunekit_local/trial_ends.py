"""What the tuner is told of the end of a run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from tunekit_core import Cause, Status, TrialEnded, TunekitWarning, changes_for_trials, is_secret
from tunekit_local.endings import cause_of_failure, failure_reason, lost_output, without_report
from tunekit_local.run_process import Ending
from tunekit_local.running_trial import RunningTrial
from tunekit_local.supervisor import changed


class TrialEnds:
    """Says how the runs of one experiment ended, and warns once if logs lack something.

    Args:
        home: The folder with the folders of trials.
        environment: What the benchmark sets for its script, which may hold secrets.
        now: The clock of the experiment.
    """

    def __init__(self, home: Path, environment: Mapping[str, str], now: Callable[[], float]) -> None:
        self._home = home
        self._environment = environment
        self._now = now
        self._has_warned = False

    def of(self, running: RunningTrial) -> TrialEnded:
        """How a run ended that is over; what may be left of one whose supervisor is gone is ended now."""
        process = running.process
        ending = None if process is None else process.ending()
        if process is not None and ending is None:
            process.end_by_force()
        cause = cause_of_failure(ending, may_end=running.is_to_end or running.has_reached_target)
        lost = lost_output(ending)
        if lost and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"Logs of trial {running.trial.id} lack something: {lost}. The experiment goes on. See that there is "
                f"room in {self._home}, and that logs can be written there.",
                TunekitWarning,
                stacklevel=2,
            )
        return self.event(running, cause, self._reason(ending, running, cause))

    def event(self, running: RunningTrial, cause: Cause | None, reason: str) -> TrialEnded:
        """The end of a run; without a cause it has not failed."""
        return TrialEnded(
            running.trial.id,
            running.number,
            Status.COMPLETED if cause is None else Status.FAILED,
            self._now(),
            cause=cause or Cause.SCRIPT,
            reason=reason,
            has_checkpoint=running.folder.checkpoints.exist(),
        )

    def _reason(self, ending: Ending | None, running: RunningTrial, cause: Cause | None) -> str:
        if cause is None and running.trial.last_report is not None:
            return lost_output(ending)
        variables = changed(os.environ, {**changes_for_trials(), **self._environment})
        secrets = [value for name, value in {**os.environ, **variables}.items() if is_secret(name, value)]
        if cause is None:
            return without_report(ending, secrets)
        return failure_reason(ending, running.folder, running.number, secrets)
