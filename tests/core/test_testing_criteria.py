"""The contract of stopping criteria catches what breaks it, by the test that is meant for it."""

import datetime
import math
import random
import time
from time import monotonic

import pytest

from tests.core.caught import call, check_caught
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.testing import CriterionContract

WORDS = "test_it_ends_an_experiment_with_a_reason_in_words"
SAME = "test_the_same_experiment_ends_at_the_same_point"
CLOCK = "test_it_does_not_look_at_the_wall_clock"
STANDS = "test_what_it_answers_follows_from_where_the_experiment_stands"
CHANGES = "test_it_changes_nothing"
DEADLINE = "test_its_deadline_is_a_number_of_seconds_or_none"
CERTAIN = "test_one_that_is_certain_ends_an_experiment_in_which_every_trial_fails"
CONSTANT = "test_it_takes_constant_time"
REASON = "it is enough"


class Enough(StoppingCriterion):
    """Ends with 250 reports."""

    name = "enough"
    is_certain = True

    def __call__(self, view):
        return REASON if view.n_reports >= 250 else None


class NeverEnds(Enough):
    def __call__(self, view):
        return None


class AnswersYes(Enough):
    def __call__(self, view):
        return view.n_reports >= 250 or None


class SaysNothing(Enough):
    def __call__(self, view):
        return "" if view.n_reports >= 250 else None


class Draws(Enough):
    def __call__(self, view):
        return f"{REASON} at {random.random()}" if view.n_reports >= 100 and random.random() < 0.1 else None


class LooksAtTheClock(Enough):
    def __init__(self, problem):
        super().__init__(problem)
        self.began = time.time()

    def __call__(self, view):
        return REASON if time.time() - self.began > 3600 or view.n_reports >= 250 else None


class LooksAtAClockOfItsOwn(Enough):
    def __call__(self, view):
        return REASON if monotonic() > 1e6 + self.began or view.n_reports >= 250 else None

    began = monotonic() - 1e3


class LooksAtTheDate(Enough):
    began = datetime.datetime.now()

    def __call__(self, view):
        late = datetime.datetime.now() - self.began > datetime.timedelta(days=1)
        return REASON if late or view.n_reports >= 250 else None


class CountsWhatItIsAsked(Enough):
    n_asked = 0

    def __call__(self, view):
        self.n_asked += 1
        return REASON if self.n_asked > 300 else None


class RemembersTheWorst(Enough):
    worst = -math.inf

    def __call__(self, view):
        if view.latest_report is not None:
            self.worst = max(self.worst, view.latest_report.losses[0])
        return REASON if self.worst > 1.5 and view.n_reports > 50 else None


class ChangesTheView(Enough):
    def __call__(self, view):
        view.n_failed = 0
        return super().__call__(view)


class DeadlineOfNothing(Enough):
    def deadline(self):
        return math.nan


class DeadlineInWords(Enough):
    def deadline(self):
        return "1 h"


class DeadlineThatMoves(Enough):
    def deadline(self):
        self.moved = getattr(self, "moved", 0.0) + 1.0
        return self.moved


class DeadlineWithoutAReason(Enough):
    def deadline(self):
        return 20.0


class IsCertainOfWhatMayNeverBe(Enough):
    def __call__(self, view):
        return REASON if view.n_completed >= 5 else None


class LooksBehindTheView(Enough):
    def __call__(self, view):
        return REASON if len(view.trials) >= 50 else None


class GoesThroughAllItHasSeen(Enough):
    def __init__(self, problem):
        super().__init__(problem)
        self.seen = []

    def __call__(self, view):
        self.seen.append(view.n_reports)
        return REASON if sum(n >= 250 for n in self.seen) else None


class SortsAllItHasSeen(GoesThroughAllItHasSeen):
    def __call__(self, view):
        self.seen = sorted([*self.seen, view.now])
        return super().__call__(view)


BROKEN = [
    (NeverEnds, WORDS, "It ends the experiment of this test"),
    (AnswersYes, WORDS, "The reason is text"),
    (SaysNothing, WORDS, "The reason is text for people, and not empty"),
    (Draws, SAME, "follows from the view alone"),
    (LooksAtTheClock, CLOCK, "the wall clock changes nothing"),
    (LooksAtAClockOfItsOwn, CLOCK, "the wall clock changes nothing"),
    (LooksAtTheDate, CLOCK, "the wall clock changes nothing"),
    (CountsWhatItIsAsked, STANDS, "What it answers follows from the view"),
    (RemembersTheWorst, STANDS, "What it answers follows from the view"),
    (
        ChangesTheView,
        CHANGES,
        "A criterion reads what the view shows, and changes nothing. view.n_failed cannot be set",
    ),
    (LooksBehindTheView, CHANGES, "A criterion reads what the view shows"),
    (DeadlineOfNothing, DEADLINE, "deadline() is a number of seconds, or None"),
    (DeadlineInWords, DEADLINE, "deadline() is a number of seconds, or None"),
    (DeadlineThatMoves, DEADLINE, "deadline() is asked once"),
    (DeadlineWithoutAReason, DEADLINE, "At its deadline a criterion ends the experiment"),
    (IsCertainOfWhatMayNeverBe, CERTAIN, "A criterion that is certain ends every experiment"),
    (GoesThroughAllItHasSeen, CONSTANT, "A criterion takes constant time"),
    (SortsAllItHasSeen, CONSTANT, "A criterion takes constant time"),
]


@pytest.mark.parametrize(("broken", "test", "rule"), BROKEN)
def test_a_broken_criterion_is_caught_by_the_test_that_is_meant_for_it(broken, test, rule, tmp_path):
    check_caught(CriterionContract(), test, broken, tmp_path, rule)


@pytest.mark.parametrize("test", [WORDS, SAME, CLOCK, STANDS, CHANGES, DEADLINE, CERTAIN, CONSTANT])
def test_a_good_criterion_passes(test, tmp_path):
    call(CriterionContract(), test, Enough, tmp_path)
