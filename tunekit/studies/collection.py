"""Experiments are collected from folders: what their metadata say, and their best values over time."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from pathlib import Path
from typing import TypeAlias

import attrs

from tunekit.results.best_so_far import BestSoFar, best_so_far_of
from tunekit.results.selection import Selection, read_filters, results_folder
from tunekit.studies.fixed_comparisons import FixedComparison, fixed_beside
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, RecordError, shown
from tunekit_core.number_text import natural_order
from tunekit_core.records.files import checked_path
from tunekit_core.records.finding import ListedExperiment, find_experiments, list_experiment

Filters: TypeAlias = Mapping[str, "str | int | float | Iterable[str | int]"]
USAGE = "In Python: where={'method': 'ASHA', 'seed': range(5)}."


@attrs.frozen
class CollectedExperiment(ListedExperiment):
    """What ``metadata.json`` says of an experiment, and its best value over time.

    Attributes:
        best: The best value over time; ``None`` where the experiment was killed, still runs or never began.
    """

    best: BestSoFar | None = attrs.field(repr=False, eq=False)


@attrs.frozen
class Study:
    """Experiments from any number of folders, each once.

    Attributes:
        experiments: Those that can be read, in the order of their paths.
        unreadable: By folder why the others cannot, and why folders could not be looked into.
        copies: Folders that were left out since another holds the same run, each with that other.
        fixed: Comparisons of them that were fixed beforehand.
        asked_for: By hash of a run the seeds, as :func:`~tunekit.studies.grouping.seed_of` has them, that were asked
            for of its setup; ``None`` where nobody says which runs there should be.
    """

    experiments: tuple[CollectedExperiment, ...]
    unreadable: Mapping[Path, str]
    copies: Mapping[Path, Path]
    fixed: Sequence[FixedComparison] = ()
    asked_for: Mapping[str, frozenset[int]] | None = None


def load_experiments(*folders: Path | str, where: Filters | Selection | None = None) -> Study:
    """Collect the experiments in folders and below them, by their ``metadata.json`` alone.

    It takes a second for 10,000 experiments. Of those that were recorded before metadata told the best value over time
    the results are read, which takes another half millisecond for each 200 reports.

    An experiment counts once, however many of the folders it lies in. Of copies of a run, which have the same hash, or
    without one the same metadata, a complete one is kept, of several the one that was active last.

    Example:
        >>> from tunekit import load_experiments
        >>> study = load_experiments("results", where={"method": ["ASHA", "MOBSTER"], "seed": range(20)})
        >>> for experiment in study.experiments:
        ...     print(experiment.method, experiment.problem, experiment.seed, experiment.best.values[-1])

    Args:
        folders: Where to look; unless given, the folder of results that the command line has too.
        where: What experiments must be to be collected: by the names of the filters that ``python -m tunekit ls``
            takes, a value or several of which one has to fit. Without it all are.

    Raises:
        ConfigurationError: If a folder does not exist, or there is no such filter, or it does not take its value.
    """
    selection = where if isinstance(where, Selection) else read_filters(_words({} if where is None else where), USAGE)
    checked = _checked(folders or (results_folder(),))
    with _nothing_is_garbage():
        found = find_experiments(*checked)
        chosen, copies = _without_copies(selection.select(found.experiments))
        experiments: list[CollectedExperiment] = []
        unreadable = dict(found.unreadable)
        for listed in chosen:
            try:
                experiments.append(_collected(listed))
            except RecordError as error:
                unreadable[listed.path] = str(error)
    fixed, damaged = fixed_beside(_holding_the_runs_of(experiments, found.experiments))
    return Study(tuple(experiments), unreadable | damaged, copies, fixed)


def collect(folder: Path) -> CollectedExperiment:
    """The experiment in a folder.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    return _collected(list_experiment(folder))


def _collected(listed: ListedExperiment) -> CollectedExperiment:
    best = best_so_far_of(listed.path, listed.metadata)
    return CollectedExperiment(listed.path, listed.metadata, listed.last_active, best)


@contextmanager
def _nothing_is_garbage() -> Iterator[None]:
    """Python looks for no garbage meanwhile: among millions of objects that stay, that takes as long as the rest."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _holding_the_runs_of(experiments: Sequence[ListedExperiment], found: Sequence[ListedExperiment]) -> list[Path]:
    """Folders of experiments, and of all others that hold the same runs: copies, and what filters leave out.

    A rule lies beside the runs that it looked at first, and counts wherever these are.
    """
    runs = {each.hash for each in experiments if each.hash}
    return [each.path for each in (*experiments, *(other for other in found if other.hash in runs))]


def _checked(folders: Iterable[Path | str]) -> list[Path]:
    paths = [checked_path(folder, "folder") for folder in folders]
    for path in paths:
        if not path.is_dir():
            raise ConfigurationError(f"{path} is no folder, so that no experiment can be in it.", value=str(path))
    return paths


def _words(where: Filters) -> list[str]:
    """Filters as they are typed, such as ``seed=0,1``."""
    if not isinstance(where, Mapping):
        raise ConfigurationError(f"where={shown(where)} is no mapping from filters to values. {USAGE}", option="where")
    words = []
    for key, value in where.items():
        values = [value] if isinstance(value, str | Real) else value
        texts = [*values] if isinstance(values, Iterable) and not isinstance(values, bytes | Mapping) else [None]
        if not all(isinstance(text, str | Real) for text in texts):
            raise ConfigurationError(f"where: {key} cannot be {shown(value)}. {USAGE}", option=str(key), value=value)
        words.append(f"{key}={','.join(map(str, texts))}")
    return words


def _without_copies(experiments: Iterable[ListedExperiment]) -> tuple[list[ListedExperiment], dict[Path, Path]]:
    """One experiment for each run, by path, and of others by the path of which each is a copy."""

    def preference(each: ListedExperiment) -> tuple[bool, float, str]:
        return each.status is not ExperimentStatus.COMPLETED, -each.last_active.timestamp(), str(each.path)

    kept: dict[str, ListedExperiment] = {}
    copies: dict[Path, Path] = {}
    for each in sorted(experiments, key=preference):
        first = kept.setdefault(each.hash or _what_began_once(each), each)
        if first is not each:
            copies[each.path] = first.path
    return sorted(kept.values(), key=lambda each: natural_order(str(each.path))), copies


def _what_began_once(experiment: ListedExperiment) -> str:
    """What copies of an experiment without a hash share: all that is recorded, with the moment at which it began."""
    if "started" not in experiment.metadata:
        return str(experiment.path)
    return json.dumps(experiment.metadata, sort_keys=True, default=str)
