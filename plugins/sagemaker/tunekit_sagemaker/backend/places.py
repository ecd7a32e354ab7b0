"""Where the files of an experiment lie in S3, and what tells it from others of the same name."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import attrs

from tunekit_core import RecordError, as_json, write_whole

IDENTITY = "sagemaker.json"  # in the folder of the experiment
TRIALS = "tunekit-trials"  # beside the results of remote experiments: what lies within each other would be fetched
NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_.+-]")
N_FOLDERS = 3  # of an experiment: tag, method, run
DIGITS = 12


@attrs.frozen
class Places:
    """Folders and keys of one experiment.

    Attributes:
        bucket: The bucket.
        root: Key of the folder of its trials, with a slash at its end.
        experiment: What tells the experiment from others; part of the names of its jobs.
    """

    bucket: str
    root: str
    experiment: str

    def uri(self, key: str) -> str:
        """The address of a key."""
        return f"s3://{self.bucket}/{key}"

    def checkpoints(self, trial_id: int) -> str:
        """Key of the folder that is copied to a job and back. Nothing else lies in it."""
        return f"{self.root}{trial_id}/checkpoints/"

    def output(self, trial_id: int) -> str:
        """Key of the folder that SageMaker writes its archives to."""
        return f"{self.root}{trial_id}/output/"

    def inputs(self, trial_id: int, run: int) -> str:
        """Key of the folder with what is too large for the request of a job."""
        return f"{self.root}{trial_id}/inputs/{run}/"

    @property
    def label(self) -> str:
        """What people know the experiment by: its method."""
        return self.root.split("/")[-3] if self.root.count("/") > 2 else ""

    @property
    def owner(self) -> str:
        """Key of what says which process tunes the experiment."""
        return f"{self.root}owner"

    def claim(self, trial_id: int, run: int) -> str:
        """Key of what says which job a run is."""
        return f"{self.claims}{trial_id}-{run}"

    @property
    def claims(self) -> str:
        """Key of the folder with all of these."""
        return f"{self.root}claims/"


def new_places(folder: Path, bucket: str, prefix: str) -> Places:
    """Places of a new experiment, which it has from now on.

    Args:
        folder: Of the experiment, which exists.
        bucket: The bucket.
        prefix: The folder in it; empty, or ending in a slash.
    """
    experiment = os.urandom(DIGITS // 2).hex()
    parts = [NOT_IN_KEYS.sub("_", part) for part in folder.resolve().parts[-N_FOLDERS:] if part != os.sep]
    places = Places(bucket, f"{prefix}{TRIALS}/{'/'.join(parts)}-{experiment}/", experiment)
    write_whole(folder / IDENTITY, as_json(attrs.asdict(places)) + "\n", sync=True)
    return places


def former_places(folder: Path) -> Places | None:
    """The places of the experiment that was in a folder before; ``None`` if it had none.

    Raises:
        RecordError: If what says where they are is damaged: with others, jobs would be started again that run.
    """
    path = folder / IDENTITY
    return _read(path) if os.path.lexists(path) else None


def _read(path: Path) -> Places:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        places = Places(**said)
        if not all(isinstance(each, str) and each for each in attrs.astuple(places)):
            raise TypeError("each entry is text")
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(
            f"{path} is damaged ({error}), which says where the jobs of this experiment are. Put it back as it was, or "
            "move the folder away and type the command again, to begin anew."
        ) from error
    return places
