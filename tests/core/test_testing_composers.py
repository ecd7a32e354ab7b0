"""The contract of composers catches what breaks it, by the test that is meant for it."""

import random
import time

import numpy as np
import pytest

from tests.core.caught import call, check_caught
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.testing import ComposerContract

OWN = "test_it_adds_columns_of_its_own"
EVERY = "test_every_row_has_the_same_columns"
SCALAR = "test_every_value_is_a_scalar"
SAME = "test_the_same_experiment_has_the_same_columns"
CLOCK = "test_it_does_not_look_at_the_wall_clock"
CHANGES = "test_it_changes_nothing"


def composing(compose):
    """A composer that does that."""

    class Composer(ResultComposer):
        name = "composer"

        def __call__(self, view, trial, report):
            return compose(self, view, trial, report)

    return Composer


def change_the_view(composer, view, trial, report):
    view.n_failed = 0
    return {}


def change_the_trial(composer, view, trial, report):
    trial.n_reports = 0
    return {}


class AddsToOneDict(ResultComposer):
    """Returns the same dict every time, with a column more from the 50th report on."""

    name = "adds"

    def __init__(self, problem):
        super().__init__(problem)
        self.row = {}

    def __call__(self, view, trial, report):
        self.row["n" if view.n_reports < 50 else "late"] = view.n_reports
        return self.row


def change_the_report(composer, view, trial, report):
    report.metrics["score"] = 0.0
    return {}


GOOD = composing(lambda composer, view, trial, report: {"share": view.n_running / view.n_workers, "best": None})
BROKEN = {
    "returns the metric": (
        lambda c, v, t, r: {"score": 1.0},
        OWN,
        "A composer adds columns, and replaces none: 'score'",
    ),
    "returns a column of every row": (lambda c, v, t, r: {"trial_id": 1}, OWN, "replaces none: 'trial_id'"),
    "returns the configuration": (lambda c, v, t, r: {"config_x": 1}, OWN, "replaces none: 'config_x'"),
    "names columns by numbers": (lambda c, v, t, r: {1: 1}, OWN, "or is no text"),
    "returns no mapping": (lambda c, v, t, r: 1.0, OWN, "A composer returns a mapping"),
    "adds a column later": (
        lambda c, v, t, r: {"a": 1} if v.n_reports < 50 else {"a": 1, "b": 2},
        EVERY,
        "Every row has",
    ),
    "changes the order": (
        lambda c, v, t, r: {"a": 1, "b": 2} if v.n_reports % 2 else {"b": 2, "a": 1},
        EVERY,
        "Every row has the same columns",
    ),
    "returns an array": (lambda c, v, t, r: {"a": np.zeros(2)}, SCALAR, "not an array or list: a="),
    "returns a list": (lambda c, v, t, r: {"a": [1, 2]}, SCALAR, "not an array or list: a="),
    "draws": (lambda c, v, t, r: {"a": random.random()}, SAME, "made anew it returns the same"),
    "tells the time": (lambda c, v, t, r: {"a": time.time() // 1e5}, CLOCK, "the wall clock changes nothing"),
    "changes the view": (change_the_view, CHANGES, "changes nothing. view.n_failed cannot be set"),
    "changes the trial": (change_the_trial, CHANGES, "A composer reads what the view shows, and changes nothing"),
    "changes the report": (change_the_report, CHANGES, "A composer reads what the view shows, and changes nothing"),
    "looks behind the view": (lambda c, v, t, r: {"n": len(v.trials)}, CHANGES, "A composer reads what the view shows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_composer_is_caught_by_the_test_that_is_meant_for_it(name, tmp_path):
    compose, test, rule = BROKEN[name]
    check_caught(ComposerContract(), test, composing(compose), tmp_path, rule)


def test_a_composer_that_adds_a_column_to_the_dict_of_before_is_caught(tmp_path):
    check_caught(ComposerContract(), EVERY, AddsToOneDict, tmp_path, "Every row has the same columns")


@pytest.mark.parametrize("test", [OWN, EVERY, SCALAR, SAME, CLOCK, CHANGES])
def test_a_good_composer_passes(test, tmp_path):
    call(ComposerContract(), test, GOOD, tmp_path)
