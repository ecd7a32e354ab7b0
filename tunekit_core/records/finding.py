"""The experiments below a folder, each by its ``metadata.json`` alone: thousands in a second."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.records.files import EVENTS, METADATA, checked_path, read_metadata
from tunekit_core.records.load import Experiment, load_experiment
from tunekit_core.records.metadata_fields import FORMERLY, HASH


@attrs.frozen
class ListedExperiment:
    """What ``metadata.json`` says of an experiment.

    What was killed, or still runs, has no best value here: :meth:`load` reads it from the record.

    Attributes:
        path: Its folder.
        metadata: ``metadata.json``; a status ``running`` without a live process reads ``interrupted``.
        last_active: When it ended; where that is not told, when it last wrote.
    """

    path: Path
    metadata: Mapping[str, Any] = attrs.field(repr=False)
    last_active: datetime

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def hash(self) -> str:
        """What tells the run from others; empty where the command line did not make it."""
        return self._text(HASH)

    @property
    def formerly(self) -> Sequence[str]:
        """The hashes that it had before it got another end, or before its program was edited."""
        found = self.metadata.get(FORMERLY)
        return [str(each) for each in found] if isinstance(found, list) else []

    @property
    def status(self) -> ExperimentStatus:
        """Where it stands. The results of one that says it is complete are not read through."""
        return ExperimentStatus(self.metadata["status"])

    @property
    def tag(self) -> str:
        """Its experiment tag; empty if it has none."""
        return self._text("experiment_tag")

    @property
    def method(self) -> str:
        """Name of the method; empty if it is not told."""
        return self._text("method")

    @property
    def benchmark(self) -> str:
        """Name of the benchmark; empty if it is not told."""
        return self._text("benchmark")

    @property
    def dataset(self) -> str:
        """Data of the benchmark; empty if there is only one."""
        return self._text("dataset")

    @property
    def problem(self) -> str:
        """Benchmark and dataset."""
        return "-".join(part for part in (self.benchmark, self.dataset) if part)

    @property
    def seed(self) -> int | None:
        """Its seed, if it has one."""
        seed = self.metadata.get("seed")
        return seed if isinstance(seed, int) else None

    @property
    def metric(self) -> str:
        """What it optimises; empty if it failed before it began."""
        return str(self.metadata["metric"][0]) if "metric" in self.metadata else ""

    @property
    def best_value(self) -> float | None:
        """The first metric of the incumbent at the end."""
        incumbent = self.metadata.get("incumbent")
        return None if incumbent is None else next(iter(incumbent["metrics"].values()))

    @property
    def best_loss(self) -> float | None:
        """The best value as it is compared: lower is better."""
        if self.best_value is None:
            return None
        return self.best_value if self.metadata["mode"][0] == "min" else -self.best_value

    @property
    def configuration(self) -> Mapping[str, Any] | None:
        """The configuration of the incumbent at the end."""
        incumbent = self.metadata.get("incumbent")
        return None if incumbent is None else dict(incumbent["configuration"])

    def load(self) -> Experiment:
        """The whole experiment, as :func:`load_experiment` reads it."""
        return load_experiment(self.path)

    def _text(self, name: str) -> str:
        value = self.metadata.get(name)
        return value if isinstance(value, str) else ""


@attrs.frozen
class FoundExperiments:
    """What lies below folders.

    Attributes:
        experiments: Those that can be read, the one that was active last first.
        unreadable: By folder why the others cannot, and why folders could not be looked into.
    """

    experiments: Sequence[ListedExperiment]
    unreadable: Mapping[Path, str]


def find_experiments(*folders: Path | str) -> FoundExperiments:
    """Find the experiments in folders and below them; links and hidden folders are not followed.

    Args:
        folders: Where to look; ``"results"`` unless given. What does not exist holds none.

    Raises:
        ConfigurationError: If a folder is no path.
    """
    found: dict[str, ListedExperiment] = {}
    unreadable: dict[Path, str] = {}
    for folder in folders or ("results",):
        top = str(checked_path(folder, "folder"))
        real_top = os.path.realpath(top)
        for path in _folders(top, unreadable):
            real = real_top + path.removeprefix(top)  # no link is followed below it
            try:
                if real not in found:
                    found[real] = list_experiment(Path(path))
            except RecordError as error:
                unreadable[Path(path)] = str(error)
    newest_first = sorted(found.values(), key=lambda each: (each.last_active, str(each.path)), reverse=True)
    return FoundExperiments(tuple(newest_first), unreadable)


def find_metadata(*folders: Path | str) -> list[tuple[str, os.stat_result]] | None:
    """The files that :func:`find_experiments` would read, each with its size and times: to tell whether any changed.

    Returns:
        Sorted by path; ``None`` where a folder cannot be looked into, or a file cannot be read.
    """
    unreadable: dict[Path, str] = {}
    tops = [str(checked_path(folder, "folder")) for folder in folders]
    paths = sorted({os.path.join(path, METADATA) for top in tops for path in _folders(top, unreadable)})
    try:
        return None if unreadable else [(path, os.stat(path)) for path in paths]
    except OSError:
        return None


def _folders(folder: str, unreadable: dict[Path, str]) -> Iterable[str]:
    """Folders with metadata. What lies in them is theirs, and is not looked into."""

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # it is gone by now
            unreadable[Path(error.filename or folder)] = f"{error.filename} cannot be read: {error.strerror}"

    for path, folders, files in os.walk(folder, onerror=note):
        if METADATA in files or METADATA in folders:
            folders.clear()
            yield path
        folders[:] = [name for name in folders if not name.startswith(".")]  # such as what is just coming home


def list_experiment(path: Path) -> ListedExperiment:
    """What the ``metadata.json`` in a folder says of an experiment.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    metadata = read_metadata(path)
    return ListedExperiment(path, metadata, _last_active(path, metadata))


def _last_active(path: Path, metadata: Mapping[str, Any]) -> datetime:
    try:
        ended = datetime.fromisoformat(metadata["ended"])
        return ended if ended.tzinfo is not None else ended.replace(tzinfo=timezone.utc)
    except (LookupError, TypeError, ValueError):
        return datetime.fromtimestamp(max(map(_written, (path / METADATA, path / EVENTS))), timezone.utc)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
