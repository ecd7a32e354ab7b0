"""What becomes of the trials that ran when the process that tuned them died."""

from __future__ import annotations

from tunekit_core import UnfinishedTrial
from tunekit_local.devices import Assignment, Devices
from tunekit_local.endings import was_cut_off
from tunekit_local.reports import ReportFile
from tunekit_local.running_trial import RunningTrial
from tunekit_local.supervised_run import SupervisedRun
from tunekit_local.trial_folder import TrialFolder


def restore_trial(
    unfinished: UnfinishedTrial, folder: TrialFolder, reports: ReportFile, devices: Devices
) -> RunningTrial:
    """A trial that ran when the tuner died, with its last run if that was begun.

    A run that still goes on keeps its devices.

    Args:
        unfinished: The trial, as the record has it.
        folder: Its files.
        reports: What it reports, from the first report that the record does not have.
        devices: Those of this machine.
    """
    trial = unfinished.trial
    running = RunningTrial(trial, unfinished.n_begun, trial.until, folder, reports)
    running.is_asked_to_end = unfinished.is_ending
    if trial.until is not None and trial.last_report is not None:
        running.has_reached_target = trial.last_report.resource >= trial.until
    last = folder.last_run()
    if last is None or last[1]["segment"] != running.segment:  # the tuner died before it started this one
        return running
    run_folder, spec = last
    run = SupervisedRun.find(run_folder)
    if not run.is_running():
        running.run = run
    elif spec["stdout"] == str(folder.stdout):
        running.run, running.is_restored = run, True
        devices.claim(trial.id, Assignment(**spec["devices"]))
    else:  # the experiment was moved: what it writes would not be found, so it is started again
        run.end_by_force()
    return running


def has_come_to_its_end(running: RunningTrial, *, is_ending: bool) -> bool:
    """Whether a restored trial that does not run, and whose reports are read, needs no further run.

    Args:
        running: The trial.
        is_ending: Whether its end was decided before the tuner died.
    """
    ending = running.ending()
    return is_ending or running.has_reached_target or (ending is not None and not was_cut_off(ending))
