from types import SimpleNamespace

import pytest

from tunekit_core import Incumbent, Report
from tunekit_core.testing import ComposerContract, ToyBenchmark, toy_problem
from tunekit_regret.regret import Regret, RegretOptions


class TestRegret(ComposerContract):
    @pytest.fixture
    def make(self):
        return lambda problem: Regret(problem, RegretOptions(best=0.0))


def columns(mode, best, *, loss, found=20.0, now=30.0):
    problem = toy_problem(ToyBenchmark(mode=mode))
    report = Report(0, 0, 1, {}, (loss,), found)
    view = SimpleNamespace(now=now, incumbent=Incumbent(report, problem.space.default()))
    return Regret(problem, RegretOptions(best=best))(view, None, report)


def test_the_regret_is_what_is_left_to_gain():
    assert columns("min", 0.25, loss=0.75) == {"regret": 0.5, "incumbent_age": 10.0}


def test_a_metric_to_maximise_is_compared_the_other_way_round():
    assert columns("max", 0.75, loss=-0.25)["regret"] == 0.5


def test_a_value_better_than_the_best_possible_shows_as_a_negative_regret():
    assert columns("min", 0.25, loss=0.125)["regret"] == -0.125


def test_before_there_is_an_incumbent_the_columns_are_empty():
    problem = toy_problem(ToyBenchmark())
    view = SimpleNamespace(now=30.0, incumbent=None)
    composed = Regret(problem, RegretOptions(best=0.0))(view, None, None)
    assert composed == {"regret": None, "incumbent_age": None}
