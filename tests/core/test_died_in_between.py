"""A process may die after any event; the experiment goes on, however often that happens."""

import pytest

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialReported
from tunekit_core.engine.events import Decided, TunerStarted
from tunekit_core.testing import Setup, live


def scheduler(problem, streams):
    return Fifo(problem, streams, RandomSearch(problem, streams))


@pytest.mark.parametrize("first", [*range(4, 14)])
def test_an_experiment_goes_on_twice_after_any_event(first, tmp_path):
    setup = Setup(max_evaluations=20, n_workers=(2, 2, 2), dies_after=(first, first + 9))
    lived = live(scheduler, setup, tmp_path)
    assert lived.result.reason == "20 evaluations were made"
    assert sum(isinstance(event, TunerStarted) for event in lived.events) == 3


def test_a_decision_follows_its_report_though_the_process_died_in_between(tmp_path):
    events = live(scheduler, Setup(max_evaluations=20), tmp_path / "whole").events
    report = next(number for number, event in enumerate(events, 1) if isinstance(event, TrialReported))
    setup = Setup(max_evaluations=20, n_workers=(3, 3), dies_after=(report,))
    after = live(scheduler, setup, tmp_path / "died").events[report : report + 2]
    assert [type(event) for event in after] == [Decided, TunerStarted]
