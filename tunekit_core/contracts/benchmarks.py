"""The contract of a benchmark: a tuning problem, with the defaults that go with it."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import attrs

from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.trials import Scalar
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace


class Benchmark(abc.ABC):
    """A tuning problem.

    Attributes:
        name: What a config calls it.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
        space: Hyperparameters and constants.
        objective: What is optimised, and the resource that trials report.
        max_resource: The last resource of a trial, or ``None`` if it has no known end.
        max_resource_attr: The constant of the space through which a training script learns how far to run.
        n_workers: Trials that run at the same time unless the user says otherwise.
        max_wallclock_time: Seconds that an experiment runs unless the user says otherwise.
        dataset: Name of the data, for folders and tables; ``None`` if there is only one.
        metrics: Names of what reports carry, where known.
        rows: The only allowed configurations, or ``None``.
        points_to_evaluate: Configurations, possibly partial, to begin with; ``None`` is the default configuration.
        data_hash: What identifies the data; it enters the hash of every run.
        is_default: Whether a run that names no benchmark tunes this one.
        preferred_backend: Name of the backend that a run takes which names none, where several could run it.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1
    space: SearchSpace
    objective: Objective
    max_resource: int | None = None
    max_resource_attr: str | None = None
    n_workers: int = 4
    max_wallclock_time: float
    dataset: str | None = None
    metrics: frozenset[str] | None = None
    rows: ConfigurationTable | None = None
    points_to_evaluate: Sequence[Mapping[str, Any]] | None = None
    data_hash: str | None = None
    is_default: ClassVar[bool] = False
    preferred_backend: ClassVar[str | None] = None

    def __init__(self, options: Any = NO_OPTIONS) -> None:
        """Options are an instance of ``Options``."""

    @property
    def optimum(self) -> float | None:
        """The best value that the metric has anywhere; ``None`` where that is not known."""
        return None


@attrs.frozen
class Curve:
    """What one training run reports, and when.

    Attributes:
        resources: The n resources, increasing whole numbers from 1.
        elapsed: Seconds from the start of the run to each report, n of them, increasing.
        metrics: For each metric its n values, as Python numbers.
        constants: What every report carries with the same value.
        fails: Whether the run fails after the last of its reports. One that is paused or stopped before does not.
    """

    resources: Sequence[int]
    elapsed: Sequence[float]
    metrics: Mapping[str, Sequence[float]]
    constants: Mapping[str, Scalar] = {}
    fails: bool = False


@runtime_checkable
class Blackbox(Protocol):
    """Recorded or modelled training runs: metrics over configuration, seed and resource."""

    @property
    def n_seeds(self) -> int:
        """How often each configuration was run."""
        ...

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        """The run of a configuration with seed 0 to ``n_seeds - 1``, read when asked for."""
        ...


@runtime_checkable
class Simulatable(Protocol):
    """The ability of a benchmark to be simulated."""

    def blackbox(self) -> Blackbox:
        """The recorded runs; opened once."""
        ...


@attrs.frozen
class Script:
    """What runs a trial: a program that is given hyperparameters and reports metrics.

    Words of its command may hold placeholders, which become values of the configuration:

    ==================================== ===========================================================================
    ``{NAME}``                           the value of one entry; of a list a word for each element
    ``{arguments}``                      ``--NAME VALUE`` for each entry that no other placeholder takes. A command
                                         that passes no entry has it at its end
    ``{flags}``, ``{no_flags}``          what is true or false: ``--NAME`` or nothing, ``--NAME`` or ``--no-NAME``
    ``{overrides}``                      ``NAME=VALUE``, as Hydra reads it
    ``{json}``, ``{yaml}``               the path of a file with the entries; ``optim.lr`` lies in a mapping ``optim``
    ``{json:FILE}``, ``{yaml:FILE}``     the path of a copy of a file in which these are set
    ``{none}``                           nothing: the program reads the file that ``TUNEKIT_CONFIGURATION`` names
    ``{checkpoint}``, ``{seed}``         the folder of the trial's checkpoint; a number of its own, from 0 to 2**31 - 1
    ==================================== ===========================================================================

    Braces are written ``{{`` and ``}}``, see :func:`~tunekit_core.literal_word`. Beside all that, the variables
    ``TUNEKIT_CONFIGURATION``, ``TUNEKIT_CHECKPOINT_DIR`` and ``TUNEKIT_SEED`` say the same.

    It reports through :class:`tunekit.Reporter`, by appending lines of JSON to the file that the variable
    ``TUNEKIT_REPORTS`` names, or by what it prints: a line ``[tunekit-report] {"loss": 0.5}``, or anything in which
    regular expressions find the metrics.

    Attributes:
        command: The program and its arguments.
        folder: Its working directory; that of the tuner unless given.
        environment: Variables that it gets beside those of the tuner.
        sources: The files and folders that make it up, relative to its working directory: with another content it is
            another program. Unless given they are found: what the command names, and what that imports.
        is_portable: Whether it can run on another machine that has its working directory.
        templates: What the files hold that placeholders name: by ``FILE`` a mapping, as JSON has them.
        metrics: By metric a regular expression whose first group, or all that it matches, is the value in a line that
            the program prints. A report is made whenever the metrics of the objective and the resource have been found
            since the last one; with any, it has all of these.
    """

    command: tuple[str, ...]
    folder: Path | None = None
    environment: Mapping[str, str] = attrs.field(factory=dict)
    sources: tuple[Path, ...] | None = None
    is_portable: bool = True
    templates: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    metrics: Mapping[str, str] = attrs.field(factory=dict)


@runtime_checkable
class Executable(Protocol):
    """The ability of a benchmark to be run for real."""

    def script(self) -> Script:
        """The program that trains."""
        ...
