"""Where the trials of an experiment keep their files, and which folder holds the checkpoint of one.

The folder of a trial has its id as its name. Checkpoints that its script published are in ``checkpoints/<resource>/``;
``checkpoint/`` is what its next run finds, and where a script that publishes nothing writes itself.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.records.files import why_not_writable
from tunekit_core.records.foreign_files import content_of

TRIALS = "TUNEKIT_TRIALS"  # a variable: below which folder those of trials lie, rather than in that of the experiment
N_FOLDERS = 3  # of an experiment, below the folder with all results
WORKING, PUBLISHED, TAKEN = "checkpoint", "checkpoints", "taken.json"
PAGE = "docs/how-to/keep-checkpoints.md"


def trials_folder(experiment: Path) -> Path:
    """The folder in which the folders of trials are: that of the experiment, or one below ``TUNEKIT_TRIALS``.

    Args:
        experiment: The folder of the experiment.
    """
    elsewhere = os.environ.get(TRIALS)
    return Path(elsewhere, *experiment.resolve().parts[-N_FOLDERS:]) if elsewhere else experiment


def check_trials_folder() -> None:
    """See that trials can write where their folders will be, if ``TUNEKIT_TRIALS`` says where.

    Raises:
        ConfigurationError: If they cannot.
    """
    elsewhere = os.environ.get(TRIALS)
    problem = why_not_writable(Path(elsewhere)) if elsewhere else ""
    if problem:
        raise ConfigurationError(
            f"{TRIALS}={elsewhere}: trials cannot write there: {problem}. Set the environment variable to another "
            "folder, or unset it: then the folders of trials are in that of the experiment.",
            option=TRIALS,
            value=elsewhere,
        )


def checkpoint_of(experiment: Path, metadata: dict[str, Any], trial_id: int, resource: int) -> Path:
    """The folder with the checkpoint of a trial.

    Args:
        experiment: The folder of the experiment.
        metadata: What its ``metadata.json`` says.
        trial_id: Which trial.
        resource: Which of its checkpoints, if it was published and is there still; else it is the newest.

    Raises:
        RecordError: If there is none.
    """
    trial = trials_folder(experiment) / str(trial_id)
    published = _published(trial)
    working = trial / WORKING
    if resource in published:
        return published[resource]
    newest = max(published, default=None)
    if newest is not None and _taken(trial) != newest:
        return published[newest]
    if _is_folder(working) and any(working.iterdir()):  # made from the newest that was published, or newer
        return working
    if newest is not None:
        return published[newest]
    raise RecordError(
        f"{experiment}: there is no checkpoint of its best trial, which is {trial_id}. " + _why(trial, metadata)
    )


def _why(trial: Path, metadata: dict[str, Any]) -> str:
    backend = metadata.get("config", {}).get("backend", {}).get("name", "local")
    if backend.rpartition("/")[2] != "local":
        return f"Trials of backend={backend} have no folders on this machine; those of backend=local have."
    if not _is_folder(trial):
        return (
            f"The folder of the trial, {trial}, does not exist. If folders of trials were kept elsewhere, set {TRIALS} "
            "as it was set when they ran."
        )
    return (
        f"Neither {PUBLISHED}/ nor {WORKING}/ in {trial} has one: its script has written none, or it was removed for "
        "backend.max_checkpoints or by somebody. A script writes one with `with report.checkpoint(epoch) as folder:`; "
        f"see {PAGE}."
    )


def _published(trial: Path) -> dict[int, Path]:
    folder = trial / PUBLISHED
    if not (_is_folder(trial) and _is_folder(folder)):
        return {}
    return {int(each.name): each for each in folder.iterdir() if each.name.isdecimal() and _is_folder(each)}


def _taken(trial: Path) -> Any:
    """The resource of the checkpoint that ``checkpoint/`` was made from last."""
    try:
        taken = json.loads(content_of(trial / PUBLISHED / TAKEN))
    except (OSError, ValueError):
        return None
    return taken.get("resource") if isinstance(taken, dict) else None


def _is_folder(path: Path) -> bool:
    """Links do not count: a script may have made one to anywhere."""
    return path.is_dir() and not path.is_symlink()
