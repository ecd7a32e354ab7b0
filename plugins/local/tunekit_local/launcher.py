"""Begins the runs of trials: with which command, environment and limits."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit_core import PORTABLE_MODULES, Script, StartFailed, as_json, render_command, trial_seed
from tunekit_local import begin_from
from tunekit_local.devices import Assignment
from tunekit_local.options import LocalOptions, bytes_in
from tunekit_local.run_process import RunProcess, RunProcesses
from tunekit_local.running_trial import RunningTrial
from tunekit_local.trial_folder import RunFolder, TrialFolder

REPORTS, NOTICES, VERSIONS = "TUNEKIT_REPORTS", "TUNEKIT_NOTICES", "TUNEKIT_CHECKPOINTS"  # read by the Reporter
CONFIGURATION, CHECKPOINT, SEED = "TUNEKIT_CONFIGURATION", "TUNEKIT_CHECKPOINT_DIR", "TUNEKIT_SEED"
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


@attrs.frozen
class Launcher:
    """Begins the runs of one experiment.

    Attributes:
        processes: What runs them.
        script: The program that trains.
        max_resource_attr: The entry through which it is told how far to go, if it has one.
        needed: The metrics without which there is no report: those that are optimised, and the resource.
        resource: The resource, if one is named.
        seed: Effective seed of the experiment.
        environment: Changes to the environment of this process that make it that of the user.
        notices: Path of the socket on which scripts and supervisors send notices.
        options: Those of the backend.
    """

    processes: RunProcesses

    script: Script
    max_resource_attr: str | None
    needed: tuple[str, ...]
    resource: str | None
    seed: int
    environment: Mapping[str, str | None]
    notices: Path
    options: LocalOptions

    def launch(self, running: RunningTrial, devices: Assignment) -> RunProcess:
        """Begin the run of a trial.

        Raises:
            OSError: If its files cannot be written, or the system cannot start one more process.
        """
        folder = running.folder
        run = folder.run(running.number)
        configuration = dict(running.trial.configuration)
        if self.max_resource_attr is not None and running.until is not None:
            configuration[self.max_resource_attr] = running.until
        seed = trial_seed(self.seed, running.trial.id)
        command = render_command(
            self.script.command,
            json.loads(as_json(configuration)),
            templates=self.script.templates,
            folder=str(run.path),
            checkpoint=str(folder.checkpoints.working),
            seed=seed,
        )
        folder.write_configuration(configuration)
        folder.make_room(running.number, self.processes)
        folder.checkpoints.prepare(running.trial.reached)
        spec = {
            "command": self._with_checkpoint(command.words, folder),
            "folder": None if self.script.folder is None else str(self.script.folder),
            "environment": {**self._environment(devices, folder, run), SEED: str(seed)},
            "stdout": str(folder.stdout),
            "stderr": str(folder.stderr),
            "log_bytes": self.options.log_bytes,
            "grace_period": self.options.grace_period,
            "timeout": self.options.trial_timeout,
            "memory": self._memory_limit(),
            "cpus": devices.cpus,
            "notices": str(self.notices),
            "printed": {
                "modules": str(PORTABLE_MODULES),
                "patterns": dict(self.script.metrics),
                "needed": self.needed,
                "resource": self.resource,
                "file": str(run.reports),
            },
            "devices": attrs.asdict(devices),  # for a later process of the tuner
        }
        run.create(spec, command.files)
        return self.processes.launch(run.path)

    def _memory_limit(self) -> dict[str, Any] | None:
        said = self.options.memory_per_trial
        return None if said is None else {"bytes": bytes_in(said), "option": f"backend.memory_per_trial={said}"}

    def _with_checkpoint(self, command: list[str], folder: TrialFolder) -> list[str]:
        """The command, after which puts a published checkpoint into its place, if there is one to go on from."""
        version = folder.checkpoints.version_to_take()
        if version is None:
            return command
        working = str(folder.checkpoints.working)
        return [sys.executable, "-I", "-S", begin_from.__file__, str(version), working, *command]

    def _environment(self, devices: Assignment, folder: TrialFolder, run: RunFolder) -> dict[str, str | None]:
        """Changes to the environment: the user's, the benchmark's, and where the script finds files and reports."""
        return {
            **self.environment,
            **devices.environment,
            **self.script.environment,
            REPORTS: str(run.reports),
            NOTICES: str(self.notices),
            CONFIGURATION: str(folder.configuration),
            CHECKPOINT: str(folder.checkpoints.working),
            VERSIONS: str(folder.checkpoints.versions),
        }


@contextlib.contextmanager
def failures_to_start(what: str) -> Iterator[None]:
    """Raise errors of the system as failures to start one trial, and so what Python cannot do with its files.

    A full disk is none: all other trials would fail like this one, so the experiment ends and can be restored later.

    Args:
        what: What could not be done, as the beginning of the message.

    Raises:
        StartFailed: If the block raises an OSError, or a RecursionError over folders in folders by the thousand.
        OSError: If the disk is full.
    """
    try:
        yield
    except (OSError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno in DISK_IS_FULL:
            raise
        raise StartFailed(f"{what}: {error}") from error
