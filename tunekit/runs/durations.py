"""How long runs take and how much they write, by those that are complete."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.json_text import as_json
from tunekit_core.records.files import EVENTS, METADATA, read_metadata

MOST_READ = 20  # of the newest
MOST_COUNTED = 3  # of these, whose files are counted: runs of programs have thousands
OF_SEEDS = ("seed", "random_seed", "observers")  # in which runs that take as long may differ
SAME_SETUP, SAME_PROBLEM = "the same setup", "the same method and benchmark"
SAME_METHOD = "the same method on other benchmarks"
OTHER_ENDS = "the same method with other ends"
ENDS = "stopping"  # runs that end elsewhere take another time


@attrs.frozen
class Usual:
    """What complete runs have taken in the mean.

    Attributes:
        seconds: Real time in which they ran, without what lay between an interruption and the moment they went on.
        n_files: Files in the folder of a run, and below it.
        n_bytes: Their size.
        like: What they have in common with the run that is asked about: one of the four texts above.
    """

    seconds: float
    n_files: float
    n_bytes: float
    like: str


Run = tuple[Path, float, Mapping[str, Any]]  # folder, seconds and configuration


@attrs.define
class EarlierRuns:
    """What there is below a folder of results, each part of it read once.

    Attributes:
        results_dir: The folder.
    """

    results_dir: Path
    _read: dict[tuple[str, str], list[Run]] = attrs.field(factory=dict, init=False)

    def usual(self, method: str, problem: str, config: Mapping[str, Any]) -> Usual | None:
        """What such runs take: those of the setup, else of the method on the problem with the same end, else on others.

        Where all have other ends, it is those of the method on the problem, or on others.

        Args:
            method: Name of the method.
            problem: Name of benchmark and dataset.
            config: What was asked for, as ``metadata.json`` has it.

        Returns:
            ``None`` if there is none.
        """
        config = json.loads(as_json(config))  # as it is read from a file
        alike, others = self._newest(method, f"{escape(problem)}-*"), self._newest(method, "*")
        of_setup = [run for run in alike if _setup(run[2]) == _setup(config)]
        alike_to_the_end, others_to_the_end = (
            [run for run in runs if run[2].get(ENDS) == config.get(ENDS)] for runs in (alike, others)
        )
        for runs, like in (
            (of_setup, SAME_SETUP),
            (alike_to_the_end, SAME_PROBLEM),
            (others_to_the_end, SAME_METHOD),
            (alike or others, OTHER_ENDS),
        ):
            if runs:
                return _mean(runs, like)
        return None

    def _newest(self, method: str, names: str) -> list[Run]:
        if (method, names) not in self._read:
            self._read[method, names] = list(_newest(self.results_dir, method, names))
        return self._read[method, names]


def usual_seconds(results_dir: Path, method: str, problem: str) -> float | None:
    """The mean of what complete runs of a method on a problem have taken, whatever their tag and options.

    Args:
        results_dir: Where results are.
        method: Name of the method.
        problem: Name of benchmark and dataset.

    Returns:
        Seconds of real time; ``None`` if there is none.
    """
    known = [seconds for _, seconds, _ in _newest(results_dir, method, f"{escape(problem)}-*")]
    return sum(known) / len(known) if known else None


def _newest(results_dir: Path, method: str, names: str) -> Iterator[Run]:
    """Folder, seconds and configuration of the newest runs that are complete."""
    files = results_dir.glob(f"*/{escape(method)}/{names}/{METADATA}")
    for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[:MOST_READ]:
        try:
            metadata = read_metadata(file.parent)
        except RecordError:
            continue
        seconds = _seconds(file.parent, metadata)
        if seconds is not None and metadata["status"] == ExperimentStatus.COMPLETED.value:
            yield file.parent, seconds, metadata.get("config", {})


def _setup(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in OF_SEEDS}


def _mean(runs: list[Run], like: str) -> Usual:
    sizes = [_sizes(folder) for folder, _, _ in runs[:MOST_COUNTED]]
    return Usual(
        seconds=sum(seconds for _, seconds, _ in runs) / len(runs),
        n_files=sum(map(len, sizes)) / len(sizes),
        n_bytes=sum(map(sum, sizes)) / len(sizes),
        like=like,
    )


def _sizes(folder: Path) -> list[int]:
    """Bytes of each file in a folder and below it."""
    return [os.lstat(os.path.join(path, name)).st_size for path, _, names in os.walk(folder) for name in names]


def _seconds(folder: Path, metadata: Mapping[str, Any]) -> float | None:
    try:
        if (folder / EVENTS).exists():  # it runs in real time, and its clock stands still while nothing runs it
            return float(metadata["time"])
        began, ended = (datetime.fromisoformat(metadata[name]) for name in ("started", "ended"))
    except (KeyError, TypeError, ValueError):
        return None
    return max(0.0, (ended - began).total_seconds())
