"""What every stopping criterion must keep to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.engine.events import Recorded
from tunekit_core.engine.state import ExperimentState, View
from tunekit_core.randomness import Streams
from tunekit_core.testing.components import PausesAndStops
from tunekit_core.testing.experiments import Setup, live
from tunekit_core.testing.feeding import FedScheduler
from tunekit_core.testing.growth import check_growth, count_steps, shortest_time
from tunekit_core.testing.toy import ToyBenchmark, toy_problem
from tunekit_core.testing.watching import another_time, positions

Make = Callable[[Problem], StoppingCriterion]
SIZES = (1000, 2000, 4000, 8000)
SEVERAL = 50
FAILURES = 600


class CriterionContract:
    """Subclass it in a plugin's tests and override :meth:`make`.

    The options are such that it ends an experiment of some hundred seconds, 80 trials, 300 reports and a few failures.
    What counts anew when a process goes on where another died is in ``view.failures``.
    """

    @pytest.fixture
    def make(self) -> Make:
        """Builds the criterion under test from the problem."""
        raise NotImplementedError("override the fixture 'make'")

    def make_benchmark(self) -> ToyBenchmark:
        """What is tuned; override it where the criterion needs a metric that the toy benchmark does not report."""
        return ToyBenchmark()

    def make_searcher(self, problem: Problem, streams: Streams) -> Searcher:
        """Proposes the trials; override it where the criterion needs a searcher that knows more."""
        return RandomSearch(problem, streams)

    @pytest.fixture
    def events(self, tmp_path: Path) -> list[Recorded]:
        """An experiment with everything that can happen to a trial."""

        def scheduler(problem: Problem, streams: Streams) -> PausesAndStops:
            return PausesAndStops(problem, streams, self.make_searcher(problem, streams))

        setup = Setup(
            benchmark=self.make_benchmark(),
            max_evaluations=300,
            fail_at={2: 0, 5: 1, 9: 2, 14: 1},
            lose_at={(1, 0): 1, (7, 0): 0},
        )
        return live(scheduler, setup, tmp_path).events

    def test_it_ends_an_experiment_with_a_reason_in_words(self, make: Make, events: list[Recorded]) -> None:
        """Text that stands in the metadata and in what is printed; before that, ``None``."""
        answers = [answer for _, answer in self._lived(make, events)]
        assert answers[-1] is not None, (
            "It ends the experiment of this test: give it options with which it does (some hundred seconds, 80 trials, "
            "300 reports, a few failures)."
        )
        assert isinstance(answers[-1], str), f"The reason is text, or None where there is none: it is {answers[-1]!r}."
        assert answers[-1].strip(), "The reason is text for people, and not empty."

    def test_the_same_experiment_ends_at_the_same_point(self, make: Make, events: list[Recorded]) -> None:
        """For the same reason."""
        one, other = self._lived(make, events), self._lived(make, events)
        assert list(one) == list(other), (
            "What a criterion answers follows from the view alone: asked anew it is the same."
        )

    def test_it_does_not_look_at_the_wall_clock(self, make: Make, events: list[Recorded]) -> None:
        """Time is that of the view, which is the backend's."""
        expected = list(self._lived(make, events))
        with another_time(make(self._problem())):
            later = list(self._lived(make, events))
        assert later == expected, "Time is view.now, the backend's: the wall clock changes nothing."

    def test_what_it_answers_follows_from_where_the_experiment_stands(self, make: Make, events: list[Recorded]) -> None:
        """A process that goes on where another died makes it anew, and asks it from then on."""
        state = self._state()
        view, criterion = View(state), make(self._problem())
        for number in positions(state, events):
            answer, anew = criterion(view), make(self._problem())(view)
            assert anew == answer, (
                f"What it answers follows from the view: after {number} events the criterion that was asked all the "
                f"time answers {answer!r}, and one that was made there {anew!r}. It is not to count by itself."
            )
            if answer is not None:
                return

    def test_it_changes_nothing(self, make: Make, events: list[Recorded]) -> None:
        """It reads what the view shows."""
        state = self._state()
        view, criterion = View(state), make(self._problem())
        for _ in positions(state, events):
            try:
                criterion(view)
            except (TypeError, AttributeError) as error:  # of what is read-only, or is not shown
                raise AssertionError(f"A criterion reads what the view shows, and changes nothing. {error}") from error

    def test_its_deadline_is_a_number_of_seconds_or_none(self, make: Make) -> None:
        """The same whenever it is asked."""
        criterion = make(self._problem())
        deadline = criterion.deadline()
        if deadline is not None:
            assert isinstance(deadline, int | float), "deadline() is a number of seconds, or None."
            assert not math.isnan(deadline), "deadline() is a number of seconds, or None."
        assert criterion.deadline() == deadline, "deadline() is asked once: it does not change."
        if deadline is not None and math.isfinite(deadline):
            state = self._state()
            state.now = max(deadline, 0.0)
            assert criterion(View(state)) is not None, (
                f"At its deadline a criterion ends the experiment: asked when {deadline:g} s are over it has no reason."
            )

    def test_one_that_is_certain_ends_an_experiment_in_which_every_trial_fails(
        self, make: Make, tmp_path: Path
    ) -> None:
        """Each after its first report: no trial is ever complete."""
        if not make(self._problem()).is_certain:
            pytest.skip("is_certain is False")

        def scheduler(problem: Problem, streams: Streams) -> PausesAndStops:
            return PausesAndStops(problem, streams, self.make_searcher(problem, streams))

        fails = dict.fromkeys(range(FAILURES), 1)
        setup = Setup(benchmark=self.make_benchmark(), max_evaluations=FAILURES, fail_at=fails)
        answers = [answer for _, answer in self._lived(make, live(scheduler, setup, tmp_path).events)]
        assert answers[-1] is not None, (
            f"A criterion that is certain ends every experiment: {FAILURES} trials failed, and it has no reason. "
            "Declare is_certain = True for limits on time, and on what trials that fail have, too."
        )

    def test_it_takes_constant_time(self, make: Make) -> None:
        """It is asked after every event."""
        rule = "A criterion takes constant time: it is asked after every event"
        for cost in (count_steps, shortest_time):
            asked = _AskedAfterEveryTrial(make(self._problem()), self.make_searcher)
            check_growth(asked, asked.ask_often, cost, sizes=SIZES, power=0.5, rule=rule)

    def _problem(self) -> Problem:
        return toy_problem(self.make_benchmark())

    def _state(self) -> ExperimentState:
        problem, streams = self._problem(), Streams(0)
        return ExperimentState(problem, PausesAndStops(problem, streams, self.make_searcher(problem, streams)))

    def _lived(self, make: Make, events: list[Recorded]) -> Iterator[tuple[int, object]]:
        state, criterion = self._state(), make(self._problem())
        view = View(state)
        for number in positions(state, events):
            answer = criterion(view)
            yield number, answer
            if answer is not None:
                return


class _AskedAfterEveryTrial:
    """An experiment, and a criterion that is asked as it goes on."""

    def __init__(self, criterion: StoppingCriterion, searcher: Callable[[Problem, Streams], Searcher]) -> None:
        self._fed = FedScheduler(lambda problem, streams: Fifo(problem, streams, searcher(problem, streams)))
        self._view: ExperimentView = View(self._fed.state)
        self._criterion = criterion

    def grow(self, n_reports: int) -> None:
        """Go on until there are so many reports."""
        while self._fed.state.n_reports < n_reports:
            self._fed.do_next()
            self._criterion(self._view)

    def ask_often(self) -> None:
        """What is measured."""
        for _ in range(SEVERAL):
            self._criterion(self._view)
