"""What becomes of the trials that ran when the process that tuned them died."""

from __future__ import annotations

from tunekit_local.devices import Assignment, Devices
from tunekit_local.run_process import RunProcesses
from tunekit_local.running_trial import RunningTrial


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
