"""What is told to a tracker, whichever it is, and what each of them has to be able to do."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import attrs


class Outcome(enum.Enum):
    """How a run of a tracker ended."""

    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@attrs.frozen
class Run:
    """A run of a tracker: an experiment, or a trial of one.

    Attributes:
        key: No other run has it. Whoever goes on with an experiment finds the run again by it.
        name: For people.
        group: What runs that belong together share.
        step: What its points are counted by, such as ``"reports"``.
        config: How it was set up, as nested mappings of JSON.
        tags: What it is found by.
        parent: The experiment, where it is a trial.
    """

    key: str
    name: str = attrs.field(eq=False)
    group: str = attrs.field(eq=False)
    step: str = attrs.field(eq=False)
    config: Mapping[str, Any] = attrs.field(eq=False, repr=False)
    tags: Mapping[str, str] = attrs.field(factory=dict, eq=False)
    parent: Run | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Opening:
    """A run begins, or goes on. Whatever is told of a run opens it, but this is there without anything else."""

    run: Run


class Point(NamedTuple):  # rather than an attrs class, for speed alone: there is one for every report
    """Numbers to plot.

    Attributes:
        run: Of which run.
        step: Where on the axis of the run.
        time: Unix seconds.
        values: Puts together the numbers by their names, in which ``/`` groups them. Called by the thread that tells
            them, so that the loop does not spend its time on that.
    """

    run: Run
    step: int
    time: float
    values: Callable[[], Mapping[str, float]]


@attrs.frozen
class Facts:
    """What holds of a run now, as nested mappings of JSON; it replaces what was told under the same names."""

    run: Run
    values: Mapping[str, Any]


@attrs.frozen
class Ending:
    """A run is over, though it may go on some day."""

    run: Run
    outcome: Outcome


Message: TypeAlias = "Opening | Point | Facts | Ending"


class Busy(Exception):
    """A tracker takes nothing for a while, such as while another program has locked its database: it is told again."""


class Tracker(Protocol):
    """A tracker, of which one thread alone makes use. Whatever it raises costs what was to be told, and no more.

    After :class:`Busy` it is told the same again, though it may have taken the beginning of it.
    """

    def open(self, run: Run) -> None:
        """Find a run, or begin it. Called before anything else of the run, and after it had ended."""

    def plot(self, run: Run, points: Sequence[Point]) -> None:
        """Add points."""

    def state(self, run: Run, values: Mapping[str, Any]) -> None:
        """Say what holds of the run now."""

    def end(self, run: Run, outcome: Outcome) -> None:
        """A run is over."""


def flat(values: Mapping[str, Any], separator: str = ".") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            result.update({f"{name}{separator}{inner}": part for inner, part in flat(value, separator).items()})
        else:
            result[str(name)] = value
    return result
