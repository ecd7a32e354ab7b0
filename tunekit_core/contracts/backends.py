"""The contract of a backend: it runs trials and has the only clock."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

import attrs

from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Status, Trial
from tunekit_core.errors import TunekitError
from tunekit_core.randomness import Streams


@attrs.define
class TrialReported:
    """A trial reported.

    Attributes:
        trial_id: Which trial.
        metrics: Everything that it reported.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    metrics: Mapping[str, Any]
    time: float


@attrs.define
class TrialEnded:
    """A trial runs no longer and its worker is free. Follows every start and resume exactly once.

    Attributes:
        trial_id: Which trial.
        status: ``COMPLETED`` if it ended by itself without an error, also when it was sent to ``until`` and got
            there; ``FAILED`` otherwise. After a pause or a stop the tuner knows better and does not look.
        time: When, in seconds since the experiment began.
        reason: Why it failed, for people: the exit code or signal and the end of what it wrote.
    """

    trial_id: int
    status: Status
    time: float
    reason: str = ""


BackendEvent: TypeAlias = TrialReported | TrialEnded


@attrs.frozen
class UnfinishedTrial:
    """A trial of an experiment that goes on after its process died.

    Attributes:
        trial: Running or paused, as the record has it.
        n_begun: How often it was to be started or resumed. The last time, the process may have died before it was.
        n_recorded: How many of its reports the record has, late and unusable ones included.
        is_ending: Whether its end was decided; a call of ``pause`` or ``stop`` follows.
    """

    trial: Trial
    n_begun: int
    n_recorded: int
    is_ending: bool


class StartFailed(TunekitError, RuntimeError):
    """A trial could not be started. It counts as failed; the experiment goes on."""


class Backend(abc.ABC):
    """Runs trials, relays what they report, and has the only clock.

    A trial that is sent to ``until`` runs until it reports that resource and ends; ``until=None`` runs it to the
    end. After ``pause`` or ``stop`` a trial may still report until it has ended; such reports are late.

    Attributes:
        name: What a config calls it; unique among installed backends.
        stream_family: What its random streams belong to: components of one family draw the same numbers from streams
            of one name. Empty: its name.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        runs: The ability that a benchmark needs for this backend to run it, such as
            :class:`~tunekit_core.Simulatable`.
        capabilities: Of ``"pause"`` (a trial can be paused and resumed), ``"checkpoint"`` (and goes on where it
            was), ``"copy"`` (a trial can start from the checkpoint of another) and ``"restore"`` (an experiment
            whose process died goes on where it was).
        max_checkpoints: How many paused trials may keep what they need to go on; ``None`` for all. Beyond that the
            tuner has those of the least promising ones dropped.
    """

    name: ClassVar[str]
    stream_family: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = NoOptions
    runs: ClassVar[type[Any]] = Benchmark
    capabilities: frozenset[str] = frozenset()
    max_checkpoints: int | None = None

    def __init__(
        self,
        problem: Problem,
        benchmark: Benchmark,
        folder: Path | None,
        streams: Streams,
        options: Any = NO_OPTIONS,
    ) -> None:
        self.problem = problem
        self.benchmark = benchmark
        self.folder = folder
        self.streams = streams.within(self.stream_family or self.name)

    def open(self, n_workers: int) -> None:
        """Called once, before everything else: an experiment begins in which so many trials run at the same time."""

    @abc.abstractmethod
    def start(self, trial: Trial, until: int | None, checkpoint_of: int | None) -> None:
        """Start a trial.

        Raises:
            StartFailed: If it could not be started. No :class:`TrialEnded` follows then.
        """

    @abc.abstractmethod
    def resume(self, trial: Trial, until: int | None) -> None:
        """Resume a trial that has paused.

        Raises:
            StartFailed: As for ``start``.
        """

    @abc.abstractmethod
    def pause(self, trial: Trial) -> None:
        """Ask a running trial to end so that it can be resumed. Returns at once."""

    @abc.abstractmethod
    def stop(self, trial: Trial) -> None:
        """Ask a running trial to end. Returns at once."""

    @abc.abstractmethod
    def wait(self, deadline: float | None) -> list[BackendEvent]:
        """Block until something happened, or until ``deadline`` in seconds since the experiment began.

        Returns:
            What happened, in order; nothing if the deadline came first. A simulator returns one event at a
            time, since the decision on it may change the next.
        """

    @abc.abstractmethod
    def now(self) -> float:
        """Seconds since the experiment began."""

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        """Take up the trials of an experiment whose process died; called once, right after :meth:`open`.

        What a running trial reported since is relayed by :meth:`wait`, and if it has ended, that. One that was never
        started or was cut off is started again, unless it is to end. A paused trial can be resumed.

        Args:
            trials: All that are not at their end.
            time: The experiment's clock goes on from here: it did not run while nobody watched.
        """
        raise NotImplementedError(f"The backend '{self.name}' lacks the capability 'restore'.")

    def release(self, trial_ids: tuple[int, ...]) -> None:
        """Trials that can never be resumed: their checkpoints may be removed."""

    def drop_checkpoint(self, trial_id: int) -> None:
        """Remove the checkpoint of a paused trial. If it is resumed after all, it starts over."""

    def close(self) -> None:
        """End what still runs and free what is held. Called once, also after an error."""


@runtime_checkable
class ShowsDevices(Protocol):
    """The ability of a backend to tell where trials run."""

    def devices_of(self, trial_id: int) -> str:
        """The devices of a trial for people, such as ``"GPU 0, 1"``; empty if it has none now.

        Constant time. Asked for trials that run, have just ended or wait for devices, from any thread: whoever draws
        them does not hold up the tuner.
        """
        ...
