"""What becomes of the trials that ran when the process that tuned them died."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from tunekit_core import Trial, TunekitWarning
from tunekit_local.devices import Assignment, Devices
from tunekit_local.run_process import RunProcesses
from tunekit_local.running_trial import RunningTrial
from tunekit_local.trial_files import is_folder
from tunekit_local.trial_folder import TrialFolder


def find_run(running: RunningTrial, processes: RunProcesses, devices: Devices) -> None:
    """Find the run of a trial that ran when the tuner died; one that was never begun is left without a process.

    What has a ``spec.json``, or has reported, was begun, even if its supervisor was too slow to claim it before it was
    found here. A run that goes on keeps its devices. One of an experiment whose folder was moved does not go on: what
    it writes would not be found. Nor does one whose ``spec.json`` says what was never written there.

    Args:
        running: The trial, as the record has it.
        processes: What runs it.
        devices: Those of this machine.
    """
    folder = running.folder.run(running.number)
    spec = folder.spec()
    if spec is None and running.n_recorded == 0:
        return
    running.process = processes.find(folder.path)
    if running.process.is_over():
        return
    is_here = spec is not None and spec.get("stdout") == str(running.folder.stdout)
    assignment = Assignment.of(spec.get("devices")) if spec is not None and is_here else None
    if assignment is None:
        running.process.end_by_force()
    else:
        devices.claim(running.trial.id, assignment)


def tell_of_lost_folders(home: Path, trials: Sequence[Trial]) -> None:
    """Warn of folders that are gone, as on another machine: without what is in them trials go on from nothing.

    Args:
        home: The folder with the folders of trials.
        trials: Those that are not at their end.
    """
    reported = [trial for trial in trials if trial.last_report is not None]
    lost = [trial for trial in reported if not is_folder(home / str(trial.id))]
    if lost:
        warnings.warn(
            f"Trials that are not at their end have lost their folders in {home}: {len(lost)} of them, trial "
            f"{lost[0].id} first. Those that go on begin anew; reports that they repeat do not count.",
            TunekitWarning,
            stacklevel=2,
        )


def end_unknown_runs(home: Path, known: Mapping[int, int], processes: RunProcesses) -> None:
    """End what runs in the folder of an experiment though the record does not know of it: its end was lost.

    Args:
        home: The folder with the folders of trials.
        known: The run that each trial is in which the record has, and which has not ended.
        processes: What runs them.
    """
    for path in home.iterdir():
        if path.name.isdecimal():
            TrialFolder(path).end_runs_after(known.get(int(path.name), -1), processes)
