"""Which bucket has a study, as it is noted beside its results here, so that it can be asked for without options."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tunekit_core import ConfigurationError, RecordError, TunekitError, as_json, write_whole

ADDRESS = "remote.json"  # in the folder of the experiment tag


@attrs.frozen(kw_only=True)
class Address:
    """Where a study is.

    Attributes:
        bucket: The bucket.
        prefix: What all keys begin with; empty, or ending in a slash.
        region: In which its jobs run.
        command: What was typed to launch it, to be typed again.
    """

    bucket: str
    prefix: str
    region: str
    command: str

    def write(self, results_dir: Path, tag: str) -> None:
        """Note it in the folder of an experiment tag."""
        folder = results_dir / tag
        with writing_results(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / ADDRESS, as_json(attrs.asdict(self), indent=1) + "\n")


@contextmanager
def writing_results(folder: Path) -> Iterator[None]:
    """What cannot be written within it is an error that names the folder.

    Args:
        folder: Where results go.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, TunekitError):
            raise
        raise ConfigurationError(
            f"Results cannot be written to {folder}: {error.strerror or error}: {error.filename or folder}. Remove "
            "what is in the way, or choose another place for results."
        ) from error


def read_address(results_dir: Path, tag: str) -> Address | None:
    """Where a study is; ``None`` if nothing is noted.

    Raises:
        RecordError: If what is noted is damaged: with another bucket, runs would be begun again that run.
    """
    path = results_dir / tag / ADDRESS
    if not os.path.lexists(path):
        return None
    try:
        address = Address(**json.loads(path.read_text(encoding="utf-8")))
        if not all(isinstance(each, str) for each in attrs.astuple(address)):
            raise TypeError("each entry is text")
    except (OSError, ValueError, TypeError) as error:
        raise RecordError(
            f"{path} is damaged ({error}), which says where the jobs of this study are. Put it back as it was, or "
            "remove it and type the command with the options that it was launched with."
        ) from error
    return address


def noted_tags(results_dir: Path) -> list[str]:
    """The experiment tags of all studies that were launched from here."""
    return sorted(path.parent.name for path in results_dir.glob(f"*/{ADDRESS}"))
