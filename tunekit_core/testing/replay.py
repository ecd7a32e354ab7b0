"""Fold equals live: what a scheduler suggests follows from the recorded events, and from nothing else."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path

import attrs

from tunekit_core.engine.events import Decided, Recorded
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import MakeScheduler, Setup, as_text, live

EVERY_EVENT = range(1_000_000)


@attrs.frozen
class Compared:
    """What was compared.

    Attributes:
        n_events: Events of the experiment.
        n_folded: How often its record was folded.
    """

    n_events: int
    n_folded: int


def check_fold_equals_live(
    make: MakeScheduler, setup: Setup, folder: Path, *, at: Container[int] = EVERY_EVENT
) -> Compared:
    """Run an experiment, and fold its record as far as every event; see that the same is suggested there.

    It is run twice: as any other, and with the scheduler asked after all those events. Both have the same record, since
    to be asked changes nothing. What was suggested live, in both, is compared with what components that are made anew
    suggest after the fold of the events, as they are read from disk.

    Args:
        make: Builds the scheduler from problem and streams.
        setup: What is run.
        folder: For the records.
        at: The numbers of events up to which the record is folded.

    Raises:
        AssertionError: If not the same is suggested, or the records differ.
    """
    lived = live(make, setup, folder / "asked_when_free")
    asked = live(make, setup, folder / "asked_always", asked_at=at)
    is_same = lived.record == asked.record  # not in the assertion: pytest takes half a minute to show what differs
    assert is_same, (
        "suggest() changes nothing: an experiment whose scheduler is asked more often is the same. "
        f"{first_difference(lived.events, asked.events)}"
    )
    expected: dict[int, str] = {}
    for n_events, suggestion in (*lived.suggestions, *asked.suggestions):
        before = expected.setdefault(n_events, suggestion)
        assert suggestion == before, f"Asked twice after {n_events} events, suggest() answers twice the same."
    n_folded = 0
    for n_events, suggestion in expected.items():
        if n_events in at:
            folded = suggestion_after(make, setup, lived.events[:n_events])
            assert folded == suggestion, (
                f"The state is the fold of the events: after {n_events} of {len(lived.events)} events the fold "
                "suggests something else than was suggested live."
            )
            n_folded += 1
    return Compared(len(lived.events), n_folded)


def suggestion_after(make: MakeScheduler, setup: Setup, events: list[Recorded]) -> str:
    """What components that are made anew suggest after these events."""
    problem = setup.problem()
    state = ExperimentState(problem, make(problem, Streams(setup.seed)))
    fold(events, state)
    return as_text(state.scheduler.suggest(state.n_started))


def first_difference(one: list[Recorded], other: list[Recorded]) -> str:
    """Where two records differ first, for people; empty if they do not."""
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if repr(a) != repr(b):  # NaN equals itself there
            return f"Event {number} is {a} in one and {b} in the other."
    return "" if len(one) == len(other) else f"One has {len(one)} events and the other {len(other)}."


def prefixes(events: Sequence[Recorded]) -> list[list[Recorded]]:
    """All prefixes of a record after which the loop could ask for a suggestion, the empty one first."""
    ends = range(1, len(events) + 1)
    cuts = [0, *(end for end in ends if end == len(events) or not isinstance(events[end], Decided))]
    return [list(events[:cut]) for cut in cuts]
