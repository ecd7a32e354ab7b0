from types import SimpleNamespace

import pytest

from tunekit_core import Incumbent, InvalidOption, Report
from tunekit_core.testing import ToyBenchmark, toy_problem
from tunekit_plateau.plateau import Plateau, PlateauOptions

PROBLEM = toy_problem(ToyBenchmark())


def plateau(**options):
    return Plateau(PROBLEM, PlateauOptions(**options))


def view(now, loss=None, found=0.0):
    """An experiment at a time, with the loss of its incumbent and the time when that was found."""
    if loss is None:
        return SimpleNamespace(now=now, incumbent=None)
    incumbent = Incumbent(Report(0, 0, 1, {"score": loss}, (loss,), found), PROBLEM.space.default())
    return SimpleNamespace(now=now, incumbent=incumbent)


def test_it_ends_when_the_last_improvement_is_so_old():
    criterion = plateau(seconds=100)
    assert criterion(view(500.0)) is None
    assert criterion(view(510.0, 0.5, found=510.0)) is None
    assert criterion(view(609.0, 0.5, found=510.0)) is None
    assert criterion(view(610.0, 0.5, found=510.0)) == "score has not improved by more than 0 for 100 s"


def test_improvements_within_the_margin_do_not_count_however_many_they_are():
    criterion = plateau(seconds=100, margin=0.1)
    for now, loss in [(0.0, 0.5), (40.0, 0.47), (80.0, 0.44)]:
        assert criterion(view(now, loss, found=now)) is None
    assert criterion(view(100.0, 0.41, found=100.0)) is not None


def test_many_small_improvements_count_once_they_are_more_than_the_margin_together():
    criterion = plateau(seconds=100, margin=0.1)
    for now, loss in [(0.0, 0.5), (40.0, 0.44), (80.0, 0.38), (179.0, 0.37)]:
        assert criterion(view(now, loss, found=now)) is None


def test_when_the_trial_of_the_incumbent_fails_time_begins_anew():
    criterion = plateau(seconds=100)
    criterion(view(90.0, 0.1, found=90.0))
    assert criterion(view(150.0, 0.5, found=20.0)) is None
    assert criterion(view(249.0, 0.5, found=20.0)) is None
    assert criterion(view(250.0, 0.5, found=20.0)) is not None


def test_it_needs_a_time():
    with pytest.raises(InvalidOption, match="seconds=0 must be above 0"):
        PlateauOptions(seconds=0)
