"""The contract of a launcher: what runs the runs of a sweep on other machines, and the values that cross it."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import attrs

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.contracts.options import NO_OPTIONS, NoOptions


@attrs.frozen(kw_only=True)
class LaunchedRun:
    """A run that is to be run elsewhere.

    Attributes:
        hash: Of the run; it was computed when the run was planned, and travels with it.
        folder: Where it is written, relative to the folder of results: ``TAG/METHOD/RUN``.
        method: Name of the method, for names and tables.
        problem: Name of benchmark and dataset, such as ``"fcnet-digits"``.
        dataset: Name of the data, or ``None`` if there is only one.
        seed: Seed of the run.
        n_workers: Trials at the same time.
        seconds: Its time limit, where it runs in real time and has one; ``None`` for one that is simulated.
        usual_seconds: What complete runs of the same method and problem have taken here, on average; ``None`` if there
            is none, or nobody has asked.
        is_expensive: Whether it deserves a machine of its own: it runs in real time, or its searcher needs long for a
            suggestion.
        backend: Name of the backend that runs its trials.
        hyperparameters: Names of what is tuned, for tables and metrics.
        spec: What ``python -m tunekit work`` reads to run it, in values of JSON: one line of its file.
    """

    hash: str
    folder: PurePosixPath
    method: str
    problem: str
    dataset: str | None
    seed: int
    n_workers: int
    seconds: float | None
    usual_seconds: float | None = None
    is_expensive: bool
    backend: str
    hyperparameters: tuple[str, ...] = ()
    spec: Mapping[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Launch:
    """What a launcher is given.

    Attributes:
        runs: Those that are not complete here, in the order in which they were asked for, all of one experiment tag.
        experiment_tag: That tag.
        results_dir: Where results go, an absolute path.
        distributions: Those that offer the components of the runs, that of tunekit first.
        scripts: The programs of the runs that lie in folders of their own, one for each folder, which is absolute. That
            of a benchmark whose script has no folder is a file of the distribution of the benchmark.
        inputs: Further files and folders that runs read, absolute.
        command: What was typed, to be typed again.
    """

    runs: tuple[LaunchedRun, ...]
    experiment_tag: str
    results_dir: Path
    distributions: tuple[str, ...]
    scripts: tuple[Script, ...]
    inputs: tuple[Path, ...]
    command: str


@attrs.frozen(kw_only=True)
class LaunchedJob:
    """What is begun elsewhere as one: a row of a plan.

    Attributes:
        name: What is in it, for people: ``"ASHA, seeds 0 to 19"``.
        runs: What it runs.
        place: Where, such as ``"1 x ml.c5.xlarge"``.
        hours: How long it may take; ``None`` if that is not known.
        dollars: What that costs; ``None`` if that is not known.
        is_estimate: Whether that is what such runs have taken before, rather than a limit.
        note: What else is to be known.
    """

    name: str
    runs: tuple[LaunchedRun, ...]
    place: str
    hours: float | None
    dollars: float | None
    is_estimate: bool = False
    note: str = ""


class Launcher(abc.ABC):
    """Runs the runs of a sweep elsewhere, each by ``python -m tunekit work``.

    It is chosen by ``hydra/launcher=NAME``, and its options are typed as ``hydra.launcher.OPTION=VALUE``. The same
    command brings home what is complete, begins what is missing, and nothing twice, however often it is typed and
    whenever it is killed. What runs give does not depend on where they are run: a launcher is no part of what a run is.

    Attributes:
        name: What a config calls it.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions

    def __init__(self, options: Any = NO_OPTIONS) -> None:
        """Options are an instance of ``Options``."""

    def check(self, launch: Launch) -> None:
        """See that what is left can be launched, before anything of it is begun.

        Raises:
            ConfigurationError: If it cannot be.
        """

    @abc.abstractmethod
    def plan(self, launch: Launch) -> list[LaunchedJob]:
        """What would be begun if nothing of it ran yet, each run in one of the jobs. Nobody is asked for it."""

    @abc.abstractmethod
    def collect(self, launch: Launch) -> None:
        """Bring home what is complete elsewhere, into the folders of the runs. It comes between check and launch."""

    @abc.abstractmethod
    def launch(self, launch: Launch, tell: Callable[[str], None]) -> bool:
        """Begin what is missing, and return without waiting for its end.

        Args:
            launch: What is left.
            tell: Prints a line: what was begun, and what to type to see how it goes.

        Returns:
            False if not all of it could be begun.
        """
