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
from tunekit_core.contracts.trials import COST_ATTRIBUTE, Cause, Checkpoint, Status, Trial
from tunekit_core.errors import TunekitError
from tunekit_core.randomness import Streams


@attrs.frozen
class TrialPlaced:
    """A trial runs from now on; before, it was queued. A backend that never has trials wait need not say so.

    Attributes:
        trial_id: Which trial.
        run: Which run of it, from 0.
        place: Where it runs, for people: a machine, a device; may be empty.
        time: When, in seconds since the experiment began. What it may take and cost counts from here.
    """

    trial_id: int
    run: int
    place: str
    time: float


@attrs.define  # not frozen, for speed alone: there is one for every report
class TrialReported:
    """A trial reported.

    Attributes:
        trial_id: Which trial.
        run: Which run of it, from 0.
        metrics: Everything that it reported.
        time: When, in seconds since the experiment began.
    """

    trial_id: int
    run: int
    metrics: Mapping[str, Any]
    time: float


@attrs.define  # not frozen, for speed alone: there is one for every run
class TrialEnded:
    """A run of a trial is over and its worker is free. Follows every start and resume exactly once.

    Attributes:
        trial_id: Which trial.
        run: Which run of it, from 0.
        status: ``FAILED`` if the run ended with an error, before it was asked to end. ``COMPLETED`` otherwise: it ended
            by itself without one, also where it was sent to; or it was asked to end, whatever came of that. What
            becomes of the trial then, the tuner knows.
        time: When, in seconds since the experiment began.
        cause: Why, if it failed.
        reason: Why, for people: the exit code or signal and the end of what it wrote.
        metrics: What it told at its end beyond its reports; ``None`` if it has no such way.
        cost: What the trial has cost in all, in the unit of ``st_worker_cost``; ``None`` if that is not known.
        has_checkpoint: Whether there is something that a later run of the trial goes on from.
    """

    trial_id: int
    run: int
    status: Status
    time: float
    cause: Cause = Cause.SCRIPT
    reason: str = ""
    metrics: Mapping[str, Any] | None = None
    cost: float | None = None
    has_checkpoint: bool = False


BackendEvent: TypeAlias = TrialPlaced | TrialReported | TrialEnded


@attrs.frozen
class UnfinishedTrial:
    """A trial of an experiment that goes on after its process died.

    Attributes:
        trial: Running or paused, as the record has it. Its current run, the process may have died before it was begun.
        n_recorded: How many reports of its current or last run the record has, late and unusable ones included.
        is_ending: Whether its end was decided; a call of ``pause`` or ``stop`` follows.
    """

    trial: Trial
    n_recorded: int
    is_ending: bool


class StartFailed(TunekitError, RuntimeError):
    """A trial could not be started. It counts as failed; the experiment goes on."""


class Backend(abc.ABC):
    """Runs trials, relays what they report, and has the only clock.

    A trial that is sent to ``until`` runs until it reports that resource and ends; ``until=None`` runs it to the
    end. After ``pause`` or ``stop`` a trial may still report until it has ended; such reports are late.

    Each start, resume and new beginning of a trial is a run, ``trial.run``: 0, 1, 2, …. Every event says which run it
    comes from. Of a run that was superseded nothing is told any more.

    ``start`` and ``resume`` accept and return at once: a backend whose places are taken, or that is not reachable for
    the moment, has the trial wait, and says with :class:`TrialPlaced` when it runs. A request that can never be met is
    :class:`StartFailed`.

    Attributes:
        name: What a config calls it.
        stream_family: What its random streams belong to: components of one family draw the same numbers from streams
            of one name. Empty: its name.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
        runs: The ability that a benchmark needs for this backend to run it, such as
            :class:`~tunekit_core.Simulatable`.
        is_default: Whether a run takes it that names no backend; off where trials are paid for.
        capabilities: Of ``"pause"`` (a trial can be paused and resumed), ``"checkpoint"`` (and goes on where it
            was), ``"copy"`` (a trial can start from the checkpoint of another) and ``"restore"`` (an experiment
            whose process died goes on where it was).
        max_losses: How often a trial is begun again because its run was lost with what it ran on.
        max_retries: How often a trial is begun again because its run failed.
        max_checkpoints: How many paused trials may keep what they need to go on; ``None`` for all. Beyond that the
            tuner has those of the least promising ones dropped.
        cost_unit: In what ``st_worker_cost`` and the costs of ended trials are, such as ``"dollars"``: then a run and a
            comparison tell what they have cost. Empty where nobody knows, as where scripts may report it.
        cost_basis: How those costs are known, for people, such as ``"billable seconds; list prices of 2026-09-24"``.
    """

    name: ClassVar[str]
    stream_family: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1
    runs: ClassVar[type[Any]] = Benchmark
    is_default: ClassVar[bool] = True
    capabilities: frozenset[str] = frozenset()
    max_losses: int = 3
    max_retries: int = 0
    max_checkpoints: int | None = None
    cost_unit: ClassVar[str] = ""
    cost_basis: str = ""

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

    def check(self) -> None:
        """See that what it needs beyond this process is there, such as an account. Nothing is begun.

        Called before an experiment begins and anything of it is written, perhaps on another instance than the one that
        is opened, which cannot rely on it.

        Raises:
            ConfigurationError: If something is missing. It names the option, as it is typed.
        """

    def check_costs(self, option: str) -> None:
        """See that it will be known what trials cost, by ``st_worker_cost``: in reports unless the backend tells it.

        Called before an experiment begins that ends by its cost.

        Args:
            option: What ends it, as it is typed, for the message.

        Raises:
            ConfigurationError: If it will not.
        """
        self.problem.check_metric(COST_ATTRIBUTE, option=option)

    def open(self, n_workers: int) -> None:
        """Called once, before all that follows: an experiment begins in which so many trials run at the same time."""

    @abc.abstractmethod
    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        """Start a trial.

        Args:
            trial: Which.
            until: Where it is sent.
            checkpoint_of: A version of another trial's checkpoint, which is copied whole before the trial begins.

        Raises:
            StartFailed: If it can never be started, or there is no such checkpoint. No :class:`TrialEnded` follows.
        """

    @abc.abstractmethod
    def resume(self, trial: Trial, until: int | None) -> None:
        """Run a trial again: one that has paused, or whose last run was lost or failed and is begun again.

        It goes on from its checkpoint if it has one, and from its beginning otherwise.

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

        What the current run of a trial reported since is relayed by :meth:`wait`, and if it is over, that. A run that
        was never begun is begun now, under the same number, unless it is to end. One that was cut off has failed, for
        ``Cause.INFRASTRUCTURE``. A paused trial can be resumed.

        Args:
            trials: All that are not at their end.
            time: The experiment's clock goes on from here: it did not run while nobody watched.
        """
        raise NotImplementedError(f"The backend '{self.name}' lacks the capability 'restore'.")

    def release(self, trial_ids: tuple[int, ...]) -> None:
        """Trials that can never be resumed: their checkpoints may be removed.

        The best of the trials that have ended is not among them until another is better, by the first metric.
        """

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
