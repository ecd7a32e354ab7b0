"""The contract of a searcher: it proposes configurations."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import attrs

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Note, PausedTrial, Promotion, Proposal, Report, Scalar, Status, Trial
from tunekit_core.randomness import Streams


class Searcher(abc.ABC):
    """Proposes configurations. What it knows came in through its ``on_*`` methods.

    ``suggest`` changes nothing that can be observed, so the state of a searcher is the fold of the recorded
    events: resuming, replaying and testing are one mechanism. A cache may change speed, never values; what a
    fit found travels in the note of the proposal that it served and comes back in ``on_start`` or ``on_resume``.

    The scheduler that owns the searcher calls the ``on_*`` methods; each does nothing unless overridden.

    Attributes:
        name: What a config calls it.
        stream_family: What its random streams belong to: components of one family draw the same numbers from streams
            of one name. Empty: its name.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
        objectives: Whether it uses the first metric of the objective alone, ``"one"``, or all of them, ``"many"``. A
            problem with more metrics than are used is refused.
        is_expensive: Whether a suggestion takes so long that the runs of a sweep are better spread over machines.
    """

    name: ClassVar[str]
    stream_family: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1
    objectives: ClassVar[Literal["one", "many"]] = "one"
    is_expensive: ClassVar[bool] = False

    def __init__(self, problem: Problem, streams: Streams, options: Any = NO_OPTIONS) -> None:
        self.problem = problem
        self.streams = streams.within(self.stream_family or self.name)

    @abc.abstractmethod
    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """Propose a configuration for the trial that would be started next.

        Args:
            trial_id: The id that it would get.
            resource: The resource at which the trial is compared first; ``None`` if it runs to an unknown end.

        Returns:
            A configuration that no trial has had before, or ``None`` if there is none left.
        """

    def on_start(self, trial: Trial) -> None:
        """A trial was started, whether this searcher proposed it or not."""

    def on_resume(self, trial: Trial, note: Note) -> None:
        """A paused trial runs again; ``note`` is that of its :class:`~tunekit_core.Resume`."""

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """A trial is now pending at ``resource``: at its start, when resumed, and with each rung passed."""

    def on_report(self, trial: Trial, report: Report) -> None:
        """A trial reported, at a resource where the scheduler lets the searcher look."""

    def on_pause(self, trial: Trial) -> None:
        """A trial has paused: nothing is pending for it until it is resumed."""

    def on_end(self, trial: Trial, outcome: Status) -> None:
        """A trial has ended for good. ``outcome`` is ``COMPLETED``, ``STOPPED`` or ``FAILED``.

        What it told at its end beyond its reports is in ``trial.final_metrics``.
        """

    def columns(self) -> Mapping[str, Scalar]:
        """Facts about the searcher for result composers, always the same names. Constant time."""
        return {}


@runtime_checkable
class WeighsBrackets(Protocol):
    """A searcher that knows in which brackets trials teach the most.

    A scheduler with brackets looks once, when it is built, whether its searcher has this ability. The bracket of a
    trial travels in the note of its start, so weights, like proposals, are a function of recorded events and streams.
    """

    def bracket_weights(self, levels: Sequence[int]) -> Mapping[int, float]:
        """Weights of brackets, for the trial that would be started next.

        Args:
            levels: The resource at which each bracket begins, lowest first.

        Returns:
            Weights, from 0 upwards, by the level at which a bracket begins. The brackets named share the probability
            that they have by default in proportion to their weights; the others keep theirs. Empty: no opinion.
        """


@runtime_checkable
class ChoosesTrials(Protocol):
    """A searcher that chooses between trials that wait and a new one.

    A scheduler that leaves this choice to its searcher looks once, when it is built, whether the searcher has this
    ability, and refuses one without it.
    """

    def choose(self, trial_id: int, paused: Sequence[PausedTrial], *, resource: int) -> Proposal | Promotion | None:
        """Choose what a free worker should do. Like ``suggest``, it changes nothing that can be observed.

        Args:
            trial_id: The id that a new trial would get.
            paused: The trials that can be resumed, in the order in which they paused.
            resource: The resource at which a new trial would be compared first.

        Returns:
            A configuration that no trial has had before, or one of the paused trials; ``None`` only if none is paused
            and no configuration is left.
        """


@runtime_checkable
class Recommends(Protocol):
    """A searcher that knows which trial is best where reports are noisy.

    The best of many noisy reports is good by luck. A model sees what the reports of similar configurations were.
    """

    def recommended_trial(self) -> int | None:
        """The trial whose configuration is expected to be best at the last resource.

        Like ``suggest``, it changes nothing that can be observed, and is a function of the recorded events. It is asked
        once, when the experiment ends, and may be asked at any time.

        Returns:
            The id of a trial that was started and has not failed; ``None``: no opinion.
        """


@attrs.frozen
class RegretBound:
    """What is still to gain at most, in the unit of the first metric.

    Attributes:
        bound: By so much, from 0, the best configuration there is may be better than the best that was evaluated, as
            far as the model is right. Infinite where the model cannot exclude anything.
        noise_std: Standard deviation of the noise of a good report, from 0 and finite.

    Raises:
        ValueError: If one of them is out of range.
    """

    bound: float
    noise_std: float

    def __attrs_post_init__(self) -> None:
        if not (self.bound >= 0 and 0 <= self.noise_std < math.inf):
            raise ValueError(f"bound={self.bound!r} must be from 0 on, noise_std={self.noise_std!r} too, and finite.")


@runtime_checkable
class BoundsRegret(Protocol):
    """A searcher that knows how much is still to gain.

    An experiment may be ended by that. A criterion that does so is refused with a searcher without this ability.
    """

    def regret_bound(self) -> RegretBound | None:
        """What is still to gain at the last resource, over the best trial that was evaluated there.

        Like ``suggest``, it changes nothing that can be observed, and is a function of the recorded events. It may take
        as long as a suggestion where trials have come to an end since it was asked last, and is quick where none has.

        Returns:
            The bound; ``None``: nothing can be said yet.
        """
