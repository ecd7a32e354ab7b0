"""What every observer must keep to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Decision, Report, Status, Trial
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.errors import ComponentError
from tunekit_core.randomness import Streams
from tunekit_core.testing.components import PausesAndStops
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.leaks import nothing_is_left
from tunekit_core.testing.replay import first_difference
from tunekit_core.testing.toy import ToyBenchmark

Make = Callable[[Problem, Path], Observer]
TROUBLE: dict[str, Any] = {
    "fail_at": {0: 0, 5: 1, 9: 2},
    "lose_at": {(1, 0): 1, (7, 0): 0},
    "lag": 2.0,
    "max_evaluations": 120,
}


class ObserverContract:
    """Subclass it in a plugin's tests and override :meth:`make`."""

    @pytest.fixture
    def make(self) -> Make:
        """Builds the observer under test from problem and the folder of the experiment."""
        raise NotImplementedError("override the fixture 'make'")

    def test_it_changes_nothing(self, make: Make, tmp_path: Path) -> None:
        """An experiment is the same with it and without."""
        setup = Setup(**TROUBLE)
        without = live(_scheduler, setup, tmp_path / "without")
        watched = live(_scheduler, setup, tmp_path / "with", observer=_guarded(make))
        difference = first_difference(without.events, watched.events)
        assert not difference, f"An observer changes nothing: with it the experiment is another. {difference}"

    @pytest.mark.parametrize("curves", ["constant", "broken"])
    def test_it_raises_nothing_whatever_happens(self, make: Make, curves: Any, tmp_path: Path) -> None:
        """Trials that cannot start, fail, pause, are resumed, stopped, and metrics that are not finite."""
        live(_scheduler, Setup(benchmark=ToyBenchmark(curves=curves), **TROUBLE), tmp_path, observer=_guarded(make))

    def test_it_watches_an_experiment_that_goes_on(self, make: Make, tmp_path: Path) -> None:
        """There are trials before it begins, some run, and some are paused."""
        setup = Setup(**TROUBLE, dies_after=(40, 100), n_workers=(3, 4, 2))
        live(_scheduler, setup, tmp_path, observer=_guarded(make))

    def test_it_watches_an_experiment_in_which_nothing_happens(self, make: Make, tmp_path: Path) -> None:
        """The first trial fails at its start, and no other begins."""
        live(_scheduler, Setup(max_trials=1, fail_at={0: 0}), tmp_path, observer=_guarded(make))

    def test_nothing_is_left_after_the_experiment(self, make: Make, tmp_path: Path) -> None:
        """Threads, open files and processes end with it."""
        setup = Setup(max_evaluations=20)
        live(_scheduler, setup, tmp_path / "once", observer=make)  # what is loaded once in a process stays
        with nothing_is_left("on_experiment_end() frees what is held"):
            live(_scheduler, setup, tmp_path / "again", observer=make)


def _scheduler(problem: Problem, streams: Streams) -> PausesAndStops:
    return PausesAndStops(problem, streams, RandomSearch(problem, streams))


def _guarded(make: Make) -> Make:
    return lambda problem, folder: _Guard(make(problem, folder))


class _Guard(Observer):
    """Names the method of the observer under test that raises an error."""

    name = "guard"

    def __init__(self, observer: Observer) -> None:
        super().__init__(observer.problem, observer.folder)
        self._observer = observer

    def on_experiment_start(self, view: ExperimentView, metadata: Mapping[str, Any]) -> None:
        self._call("on_experiment_start", view, metadata)

    def on_trial_start(self, view: ExperimentView, trial: Trial) -> None:
        self._call("on_trial_start", view, trial)

    def on_trial_resume(self, view: ExperimentView, trial: Trial) -> None:
        self._call("on_trial_resume", view, trial)

    def on_report(self, view: ExperimentView, trial: Trial, report: Report, decision: Decision) -> None:
        self._call("on_report", view, trial, report, decision)

    def on_trial_end(self, view: ExperimentView, trial: Trial, status: Status) -> None:
        self._call("on_trial_end", view, trial, status)

    def on_experiment_end(self, view: ExperimentView, reason: str) -> None:
        self._call("on_experiment_end", view, reason)

    def _call(self, method: str, *arguments: Any) -> None:
        try:
            getattr(self._observer, method)(*arguments)
        except Exception as error:
            name = type(self._observer).__name__
            raise ComponentError(  # as the engine raises it, but of the observer under test rather than of this one
                f"An observer raises nothing: {name}.{method} raised {error!r}",
                kind="observer",
                name=name,
                origin=type(self._observer).__module__,
                method=method,
            ) from error
