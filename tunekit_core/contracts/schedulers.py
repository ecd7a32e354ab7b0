"""The contract of a scheduler: it decides on trials."""

from __future__ import annotations

import abc
from collections.abc import Container, Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import attrs

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import Decision, Note, Report, Scalar, Status, Suggestion, Trial
from tunekit_core.randomness import Streams


class Scheduler(abc.ABC):
    """Decides which trials start, go on, pause and stop; owns a searcher.

    As with a searcher, ``suggest`` changes nothing that can be observed: the state is the fold of the events.
    A scheduler passes to its searcher what the searcher should see: it calls the searcher's ``on_start``,
    ``on_resume``, ``on_target``, ``on_report``, ``on_pause`` and ``on_end``.

    Attributes:
        name: What a config calls it.
        stream_family: What its random streams belong to: components of one family draw the same numbers from streams
            of one name. Empty: its name.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
        needs: What it needs of a backend: ``"pause"`` if it pauses and resumes trials, ``"copy"`` if it starts trials
            from the checkpoints of others. An action that needs what is not declared here is refused.
        objectives: Whether it uses the first metric of the objective alone, ``"one"``, or all of them, ``"many"``. A
            problem with more metrics than are used is refused.
    """

    name: ClassVar[str]
    stream_family: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1
    needs: ClassVar[frozenset[str]] = frozenset()
    objectives: ClassVar[Literal["one", "many"]] = "one"

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: Any = NO_OPTIONS) -> None:
        self.problem = problem
        self.streams = streams.within(self.stream_family or self.name)
        self.searcher = searcher

    @abc.abstractmethod
    def suggest(self, trial_id: int) -> Suggestion | None:
        """What a free worker should do.

        Args:
            trial_id: The id that a new trial would get.

        Returns:
            A trial to start or to resume, or one to end for good, after which it is asked again. ``None``: nothing
            until the next event.
        """

    def on_workers(self, n_workers: int) -> None:
        """So many trials may run at the same time.

        Called before the first :meth:`suggest`, and again whenever it has changed.
        """

    @abc.abstractmethod
    def on_start(self, trial: Trial) -> None:
        """A trial was started: as it was suggested, or, with an empty note, since somebody asked for it."""

    def on_resume(self, trial: Trial, note: Note) -> None:
        """A paused trial runs again. Never called unless ``suggest`` returns a :class:`Resume`, whose note this is."""

    @abc.abstractmethod
    def on_report(self, trial: Trial, report: Report) -> Decision:
        """Decide on a running trial that has just reported. ``report`` is ``trial.last_report``.

        At the problem's ``max_resource`` the decision is ``CONTINUE``: the trial then ends by itself, or is ended when
        it reports more.
        """

    def on_pause(self, trial: Trial) -> None:
        """A trial has paused and can be resumed from now on."""

    @abc.abstractmethod
    def on_end(self, trial: Trial, outcome: Status) -> None:
        """A trial has ended for good. ``outcome`` is ``COMPLETED``, ``STOPPED`` or ``FAILED``.

        What it told at its end beyond its reports is in ``trial.final_metrics``.
        """

    def released(self) -> Iterable[int]:
        """Trials that have ended and that no other will start from, by what has happened since the last call.

        Their checkpoints may be removed. Asked of schedulers that need ``"copy"``; with others, the checkpoint of a
        trial goes when the trial ends. A paused trial that will never be resumed is ended by a
        :class:`~tunekit_core.Stop`.
        """
        return ()

    def columns(self) -> Mapping[str, Scalar]:
        """Facts about the scheduler for result composers, such as rung sizes, always the same names. Constant time."""
        return {}


@runtime_checkable
class RanksPausedTrials(Protocol):
    """The ability of a scheduler to say which paused trial will hardly be resumed."""

    def least_promising(self, among: Container[int]) -> int | None:
        """The paused trial that is least likely to be resumed.

        Logarithmic time: a trial that is not among them now will not be until it is resumed and pauses again, and need
        not be looked at before.

        Args:
            among: Those that come into question: they still have a checkpoint.

        Returns:
            One of them; ``None`` if it has no opinion.
        """
        ...


@attrs.frozen
class Standing:
    """Where a trial stands among those that it was last compared with, to go on or not.

    Attributes:
        trial_id: The trial.
        level: The resource at which they are compared.
        ranked: The id and the loss there of each, best first, the trial among them.
        n_pass: How many of them may go on, from the best.
        cutoff: The highest loss with which one may; lower is better.
        passes: Whether the trial is among those that may.
        rule: How it is decided who may, for people, as a clause: ``the best third goes on``.
    """

    trial_id: int
    level: int
    ranked: tuple[tuple[int, float], ...]
    n_pass: int
    cutoff: float
    passes: bool
    rule: str

    @property
    def place(self) -> int:
        """Its place, from 1."""
        return 1 + [trial_id for trial_id, _ in self.ranked].index(self.trial_id)

    @property
    def loss(self) -> float:
        """Its loss at this level."""
        return dict(self.ranked)[self.trial_id]


@runtime_checkable
class ExplainsDecisions(Protocol):
    """The ability of a scheduler to say what it has decided on a trial by."""

    def standing(self, trial_id: int) -> Standing | None:
        """Where a trial stands now among those that it was last compared with. It changes nothing.

        It is asked right after a decision, and at the end of an experiment; any time will do.

        Args:
            trial_id: A trial that runs or is paused.

        Returns:
            ``None`` if it has not been compared yet.
        """
        ...
