"""What is typed of a study, in the same way for ``report`` and ``plot``: folders, filters, and what is compared."""

from __future__ import annotations

import os

import attrs

from tunekit.cli.verbs.ls import check_folders, print_unreadable
from tunekit.cli.verbs.words import Words
from tunekit.results.counts import counted
from tunekit.results.selection import Selection, nothing_selected, read_filters, results_folder
from tunekit.studies.benchmark_runs import BenchmarkRuns
from tunekit.studies.collection import Study, load_experiments
from tunekit.studies.comparison import Comparison, compare, runs_of
from tunekit.studies.pairs import ERROR
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.finding import find_experiments

SETUPS, BENCHMARKS = "setups", "benchmarks"
COMPARED_BY = (SETUPS, BENCHMARKS)
COMPARED_BY_HELP = """\
  setups=KEY,KEY      what tells setups from each other: keys of metadata.json, or as typed: setups=method,n_workers
  benchmarks=KEY,KEY  what tells benchmarks from each other; benchmark,dataset unless given"""
NEXT = "To see which, type: python -m tunekit ls"


@attrs.frozen
class AskedStudy:
    """The experiments that are meant, and how they are grouped.

    Attributes:
        folders: Where they are, each once; the folder of results unless given.
        selection: Filters that they pass.
        setups: Keys that tell setups from each other; none for the usual ones.
        benchmarks: Keys that tell benchmarks from each other, likewise.
        usage: What to type, as the end of a message.
    """

    folders: tuple[str, ...]
    selection: Selection
    setups: tuple[str, ...]
    benchmarks: tuple[str, ...]
    usage: str

    def load(self) -> Study:
        """The experiments; what cannot be read is printed.

        Raises:
            ConfigurationError: If there is none.
        """
        study = load_experiments(*self.folders, where=self.selection)
        print_unreadable(study.unreadable)
        if not study.experiments:
            raise ConfigurationError(self._why_nothing())
        return study

    def compare(self, study: Study, *, against: str | None = None, error: float = ERROR) -> Comparison:
        """What follows from the experiments.

        Args:
            study: The experiments.
            against: The setup that the others are compared with, if it is one.
            error: What is allowed.

        Raises:
            ConfigurationError: If none is complete, one of the keys is in none, or there is no setup ``against``.
        """
        comparison = compare(study, against=against, setups=self.setups, benchmarks=self.benchmarks, error=error)
        if not comparison.benchmarks:
            raise ConfigurationError(f"None of them is complete: {counted(study.experiments)} {NEXT}")
        return comparison

    def runs(self, study: Study) -> list[BenchmarkRuns]:
        """The runs of a comparison of these experiments."""
        return runs_of(study, setups=self.setups, benchmarks=self.benchmarks)

    def _why_nothing(self) -> str:
        found = find_experiments(*self.folders).experiments
        if found:
            return nothing_selected(self.selection, found)
        return f"There are no experiments in {', '.join(self.folders)}. {self.usage}"


def read_study(words: Words, usage: str) -> AskedStudy:
    """Read what was typed of a study.

    Args:
        words: Its names are folders.
        usage: What to type, as the end of a message.

    Raises:
        ConfigurationError: If a folder does not exist, there is no such filter, or a value does not fit.
    """
    selection = read_filters(words.filters, usage)
    keys = {name: _keys(name, words.options[name]) for name in COMPARED_BY if name in words.options}
    check_folders(words.names, usage)
    folders = {os.path.realpath(os.path.expanduser(name)): name for name in reversed(words.names)}
    named = tuple(reversed(folders.values())) or (results_folder(),)
    return AskedStudy(named, selection, keys.get(SETUPS, ()), keys.get(BENCHMARKS, ()), usage)


def _keys(option: str, value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    if not all(keys):
        raise ConfigurationError(
            f"{option}={value} lacks a key. Type {option}=A, or {option}=A,B", option=option, value=value
        )
    return keys
