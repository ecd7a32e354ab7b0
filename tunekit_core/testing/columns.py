"""What schedulers and searchers tell about themselves is a row of a table, with the same names in every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.engine.gate.answers import SCALARS
from tunekit_core.engine.state import ExperimentState
from tunekit_core.randomness import Streams
from tunekit_core.testing.experiments import MakeScheduler, Setup, live
from tunekit_core.testing.watching import positions


def check_columns(
    make: MakeScheduler, of: Callable[[Scheduler], Scheduler | Searcher], setup: Setup, folder: Path
) -> None:
    """See that columns are scalars under the same names, before the first event of an experiment and after every one.

    Args:
        make: Builds the scheduler from problem and streams.
        of: Whose columns they are: the scheduler itself, or its searcher.
        setup: What is run.
        folder: Where the record goes.

    Raises:
        AssertionError: If they are not, or cannot be asked for.
    """
    problem = setup.problem()
    _columns(of(make(problem, Streams(setup.seed))), 0)  # before an experiment refuses them in its own words
    events = live(make, setup, folder).events
    state = ExperimentState(problem, make(problem, Streams(setup.seed)))
    component = of(state.scheduler)
    names: list[Any] | None = None
    for number in positions(state, events):
        columns = _columns(component, number)
        names = list(columns) if names is None else names
        assert list(columns) == names, (
            "columns() has the same names from the first call on, in the same order: "
            f"after {number} events they are {list(columns)}, before they were {names}."
        )


def _columns(component: Scheduler | Searcher, number: int) -> Mapping[str, Any]:
    try:
        columns = component.columns()
    except Exception as error:
        raise AssertionError(
            f"columns() can be asked for at any time: after {number} events it raised {error!r}."
        ) from error
    assert isinstance(columns, Mapping), f"columns() returns a mapping from names to values: it is {columns!r}."
    for name, value in columns.items():
        assert isinstance(name, str), f"A name in columns() is text: {name!r} is none."
        assert isinstance(value, SCALARS), (
            f"A value in columns() is a truth value, number, text or None, not an array or list: {name}={value!r}."
        )
    return columns
