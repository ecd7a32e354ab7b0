from types import SimpleNamespace

import pytest

from tunekit_core import Incumbent, InvalidOption, Report
from tunekit_core.testing import CriterionContract, ToyBenchmark, toy_problem
from tunekit_plateau.plateau import Plateau, PlateauOptions

PROBLEM = toy_problem(ToyBenchmark())


def plateau(problem, seconds=20):
    return Plateau(problem, PlateauOptions(seconds=seconds))


class TestPlateau(CriterionContract):
    @pytest.fixture
    def make(self):
        return plateau


def view(now, found=None):
    """An experiment at a time, and when its incumbent was found."""
    if found is None:
        return SimpleNamespace(now=now, incumbent=None)
    incumbent = Incumbent(Report(0, 0, 1, {"score": 0.5}, (0.5,), found), PROBLEM.space.default())
    return SimpleNamespace(now=now, incumbent=incumbent)


def test_it_ends_when_the_best_value_is_so_old():
    criterion = plateau(PROBLEM, seconds=100)
    assert criterion(view(609.0, found=510.0)) is None
    assert criterion(view(610.0, found=510.0)) == "score has not improved for 100 s"


def test_it_does_not_end_before_there_is_a_value():
    assert plateau(PROBLEM, seconds=100)(view(500.0)) is None


def test_it_needs_a_time():
    with pytest.raises(InvalidOption, match="seconds=0 must be above 0"):
        PlateauOptions(seconds=0)
