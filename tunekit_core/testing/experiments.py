"""Run experiments on the toy problem and keep their events, for contract tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from tunekit_core.builtin.criteria import CountOptions, MaxNumEvaluations
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Resume, Start
from tunekit_core.engine.events import Decided, Recorded
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.engine.tuner import Tuner, TuningResult
from tunekit_core.randomness import Streams
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.load import read_events
from tunekit_core.testing.toy import ToyBackend, ToyBenchmark, toy_problem

MakeScheduler = Callable[[Problem, Streams], Scheduler]


def run_toy(
    make: MakeScheduler,
    folder: Path,
    *,
    benchmark: ToyBenchmark | None = None,
    seed: int = 0,
    n_workers: int = 3,
    max_evaluations: int = 80,
    fail_at: dict[int, int] | None = None,
) -> tuple[TuningResult, list[Recorded]]:
    """Run an experiment on the toy problem.

    Args:
        make: Builds the scheduler from problem and streams.
        folder: Where the record goes.
        benchmark: The toy benchmark; the smooth one unless given.
        seed: Effective seed.
        n_workers: Trials at the same time.
        max_evaluations: Reports after which the experiment ends.
        fail_at: As for :class:`ToyBackend`.

    Returns:
        The result and the recorded events, as read from disk.
    """
    benchmark = benchmark or ToyBenchmark()
    problem, streams = toy_problem(benchmark), Streams(seed)
    tuner = Tuner(
        scheduler=make(problem, streams),
        backend=ToyBackend(problem, benchmark, None, streams, fail_at=fail_at),
        stopping=[MaxNumEvaluations(problem, CountOptions(count=max_evaluations))],
        n_workers=n_workers,
        record=ExperimentRecord(folder, keep_events=True),
    )
    result = tuner.run()
    return result, read_events(folder)


@attrs.define
class Live:
    """A scheduler that lives through recorded events one by one and is asked for a suggestion after each.

    Attributes:
        state: The state of the experiment.
        suggestions: What it suggested before the first event and after each.
    """

    state: ExperimentState
    suggestions: list[Start | Resume | None]


def live_experiment(make: MakeScheduler, problem: Problem, seed: int, events: Sequence[Recorded]) -> Live:
    """Feed the events one by one; a suggestion is asked for wherever the loop could ask for one."""
    state = ExperimentState(problem, make(problem, Streams(seed)))
    live = Live(state, [state.scheduler.suggest(state.n_started)])
    for position, event in enumerate(events):
        if isinstance(event, Decided):
            continue  # folded with its report
        following = events[position + 1 : position + 2]
        fold([event, *(after for after in following if isinstance(after, Decided))], state)
        live.suggestions.append(state.scheduler.suggest(state.n_started))
    return live


def prefixes(events: Sequence[Recorded]) -> list[list[Recorded]]:
    """All prefixes of a record after which the loop could ask for a suggestion, the empty one first."""
    ends = range(1, len(events) + 1)
    cuts = [0, *(end for end in ends if end == len(events) or not isinstance(events[end], Decided))]
    return [list(events[:cut]) for cut in cuts]
