"""Problems that are not as the toy problem is: with two metrics, and without a known end of trials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import MakeScheduler, Setup, live
from tunekit_core.testing.toy import ToyBenchmark

TWO = Objective(("score", "seconds"), "min", "epoch")


def check_many_metrics(
    make: MakeScheduler, of: Callable[[Scheduler], Scheduler | Searcher], setup: Setup, folder: Path
) -> None:
    """See that an experiment with two metrics goes on to its end, if scheduler and searcher say that they take several.

    Args:
        make: Builds the scheduler from problem and streams.
        of: Which of the two is tested, and named if it breaks.
        setup: What is run.
        folder: Where the record goes.

    Raises:
        AssertionError: If it does not.
    """
    benchmark = ToyBenchmark()
    benchmark.objective = TWO
    changed = attrs.evolve(setup, benchmark=benchmark)
    scheduler = _made_or_skipped(make, changed, "a problem with two metrics is refused")
    if "one" in (scheduler.objectives, scheduler.searcher.objectives):
        pytest.skip(f"{of(scheduler).name} or what it is tested with takes one metric")
    _check_its_end(make, changed, folder, "Whoever says objectives = 'many' takes all metrics of a problem")


def check_no_known_end(make: MakeScheduler, setup: Setup, folder: Path) -> None:
    """See that an experiment whose ``max_resource`` is ``None`` goes on to its end, unless such a problem is refused.

    Args:
        make: As for :func:`check_many_metrics`.
        setup: As there.
        folder: As there.

    Raises:
        AssertionError: If it does not.
    """
    benchmark = ToyBenchmark()
    benchmark.max_resource = None
    changed = attrs.evolve(setup, benchmark=benchmark)
    _made_or_skipped(make, changed, "a problem whose trials have no known end is refused")
    _check_its_end(make, changed, folder, "Where trials have no known end, max_resource is None")


def _made_or_skipped(make: MakeScheduler, setup: Setup, why_not: str) -> Scheduler:
    try:
        return make(setup.problem(), Streams(setup.seed))
    except ConfigurationError:
        pytest.skip(why_not)


def _check_its_end(make: MakeScheduler, setup: Setup, folder: Path, rule: str) -> None:
    try:
        lived = live(make, setup, folder)
    except AssertionError as error:
        raise AssertionError(f"{rule}. {error}") from error
    assert lived.result.n_reports == setup.max_evaluations, f"{rule}: the experiment goes on to its end."
