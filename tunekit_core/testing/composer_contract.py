"""What every result composer must keep to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.engine.events import Recorded
from tunekit_core.engine.fold import Fold
from tunekit_core.engine.gate.answers import SCALARS
from tunekit_core.engine.state import ExperimentState, View
from tunekit_core.engine.state.reading import taken_columns
from tunekit_core.randomness import Streams
from tunekit_core.testing.components import PausesAndStops
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.toy import TOY_METRICS, ToyBenchmark, toy_problem
from tunekit_core.testing.watching import another_time

Make = Callable[[Problem], ResultComposer]


class ComposerContract:
    """Subclass it in a plugin's tests and override :meth:`make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Builds the composer under test from the problem."""
        raise NotImplementedError("override the fixture 'make'")

    def make_scheduler(self, problem: Problem, streams: Streams) -> Scheduler:
        """The scheduler of the experiment; override it where the composer needs columns of another."""
        return PausesAndStops(problem, streams, RandomSearch(problem, streams))

    @pytest.fixture
    def events(self, tmp_path: Path) -> list[Recorded]:
        """An experiment with everything that can happen to a trial, and metrics that are not finite."""
        setup = Setup(
            benchmark=ToyBenchmark(curves="broken"),
            max_evaluations=200,
            fail_at={2: 0, 5: 1, 9: 2},
            lose_at={(1, 0): 1, (7, 0): 0},
        )
        return live(self.make_scheduler, setup, tmp_path).events

    def test_it_adds_columns_of_its_own(self, make: Make, events: list[Recorded]) -> None:
        """And replaces none: neither a metric nor a column that every row has."""
        for row in self._rows(make, events):
            assert isinstance(row, Mapping), f"A composer returns a mapping from columns to values: it is {row!r}."
            for name in row:
                is_new = not taken_columns([name]) and name not in TOY_METRICS
                assert is_new, f"A composer adds columns, and replaces none: {name!r} exists, or is no text."

    def test_every_row_has_the_same_columns(self, make: Make, events: list[Recorded]) -> None:
        """From the first on, in the same order; where there is nothing to say the value is ``None``."""
        names = [tuple(row) for row in self._rows(make, events)]
        other = next((each for each in names if each != names[0]), names[0])
        assert other == names[0], "Every row has the same columns, from the first on."

    def test_every_value_is_a_scalar(self, make: Make, events: list[Recorded]) -> None:
        """A number, a text, a truth value or ``None``: a cell of a table."""
        for row in self._rows(make, events):
            for name, value in row.items():
                assert isinstance(value, SCALARS), (
                    f"A value is a truth value, number, text or None, not an array or list: {name}={value!r}."
                )

    def test_the_same_experiment_has_the_same_columns(self, make: Make, events: list[Recorded]) -> None:
        """An experiment that goes on after its process died writes its rows again."""
        assert repr(self._rows(make, events)) == repr(self._rows(make, events)), (
            "What a composer returns follows from the experiment: made anew it returns the same for the same rows."
        )

    def test_it_does_not_look_at_the_wall_clock(self, make: Make, events: list[Recorded]) -> None:
        """Time is that of the view, which is the backend's."""
        expected = repr(self._rows(make, events))
        with another_time(make(toy_problem(ToyBenchmark()))):
            later = repr(self._rows(make, events))
        assert later == expected, "Time is view.now, the backend's: the wall clock changes nothing."

    def test_it_changes_nothing(self, make: Make, events: list[Recorded]) -> None:
        """It reads what the view shows, trial and report."""
        try:
            self._rows(make, events)
        except (TypeError, AttributeError) as error:  # of what is read-only, or is not shown
            raise AssertionError(f"A composer reads what the view shows, and changes nothing. {error}") from error

    def _rows(self, make: Make, events: list[Recorded]) -> list[Any]:
        problem = toy_problem(ToyBenchmark())
        composer, rows = make(problem), []
        state = ExperimentState(problem, self.make_scheduler(problem, Streams(0)))
        view = View(state)

        def compose(trial: Trial, report: Report, decision: Decision) -> None:
            row: Any = composer(view, trial, report)
            rows.append(dict(row) if isinstance(row, Mapping) else row)  # a copy: it is written before the next

        folding = Fold(state, compose)
        for event in events:
            folding.add(event)
        return rows
