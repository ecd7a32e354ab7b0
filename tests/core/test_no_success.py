"""An experiment in which trials fail and none succeeds ends as failed."""

import math

import pytest

from tunekit_core import Cause, Decision, Status, TrialEnded, create
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.records.load import load_experiment

ALIKE = "the first {} trials failed in the same way, before any report (stopping.no_success=null goes on regardless)"
NONE = "{} trials failed and none has succeeded (stopping.no_success=null goes on regardless)"


def no_success(**options):
    return lambda problem: create("stopping", "no_success", problem, **options)


def at_most(count):
    return lambda problem: create("stopping", "max_num_trials_started", problem, count=count)


def failed(reason):
    return TrialEnded(0, 0, Status.FAILED, 0.0, Cause.SCRIPT, reason)


@pytest.mark.parametrize(("n_workers", "expected"), [(1, 5), (3, 5), (4, 6), (8, 10)])
def test_where_the_first_trials_fail_in_the_same_way_few_are_enough(play, n_workers, expected):
    script = lambda trial, run: [
        failed(f"it ended with exit status 1. The end of {trial}/stderr.log:\nline {trial}\nKeyError: {trial / 7}")
    ]
    played = play(script, stopping=[no_success()], n_workers=n_workers)
    assert played.result.failed
    assert played.result.reason == ALIKE.format(expected)
    assert (played.metadata["status"], played.metadata["n_failed"]) == ("failed", expected)
    assert played.metadata["first_failure"]["trial_id"] == 0


@pytest.mark.parametrize("last", ["nan", "0.5", "done, in /tmp/x", "best of {trial} is none"])
def test_those_that_end_without_a_report_end_in_the_same_way_whatever_they_printed(play, last):
    def script(trial, run):
        words = [last, "other words"][trial % 2]
        return [failed(f"it ended without a report: no line that it printed matched it.\nThe last one: '{words}'")]

    assert play(script, stopping=[no_success()], n_workers=1).result.reason == ALIKE.format(5)


def test_those_that_differ_before_what_the_runtime_adds_at_the_end_fail_in_other_ways(play):
    errors = "it ended with exit status 1. The end of 0/stderr.log:\nError: no {letter}\nCalls: f\nExecution halted"
    script = lambda trial, run: [failed(errors.format(letter=chr(97 + trial)))]
    assert play(script, stopping=[no_success(count=8)]).result.reason == NONE.format(8)


@pytest.mark.parametrize(
    "reason",
    [
        "it ended with exit status {n}. It wrote no errors.",
        "it ended with exit status 1. The end of 0/stderr.log:\nKeyError: {letter}",
    ],
)
def test_those_that_fail_in_other_ways_are_20(play, reason):
    script = lambda trial, run: [failed(reason.format(n=trial, letter=chr(97 + trial)))]
    assert play(script, stopping=[no_success()]).result.reason == NONE.format(20)
    assert play(script, stopping=[no_success(count=8)], folder="other").result.reason == NONE.format(8)


def test_those_that_fail_after_a_report_are_20(play):
    played = play(lambda trial, run: [0.5, Status.FAILED], stopping=[no_success()], n_workers=4)
    assert played.result.reason == NONE.format(20)


def test_a_trial_that_is_complete_or_stopped_is_a_success(play):
    class StopsFirst(Fifo):
        def on_report(self, trial, report):
            return Decision.STOP if trial.id == 0 else Decision.CONTINUE

    def script(trial, run):
        return [0.5] if trial == 0 else [failed("no")]

    for scheduler in (Fifo, StopsFirst):
        played = play(script, stopping=[no_success(), at_most(40)], scheduler=scheduler, folder=scheduler.__name__)
        assert (played.result.reason, played.result.failed) == ("40 trials were started", False)


def test_a_trial_that_runs_and_has_got_further_than_those_that_failed_is_a_success_so_far(play):
    def works(trial, run):
        return [0.5] * 100 if trial == 0 else [0.5, Status.FAILED]

    played = play(works, stopping=[no_success(), at_most(40)], n_workers=2)
    assert (played.result.reason, played.result.failed) == ("40 trials were started", False)

    def fails_as_the_others(trial, run):
        return [0.5] * 3 + [Status.FAILED]

    played = play(fails_as_the_others, stopping=[no_success()], n_workers=2, folder="other")
    assert played.result.reason == NONE.format(20)


def test_an_experiment_in_which_all_fail_is_not_complete_whatever_ends_it(play):
    played = play(lambda trial, run: [0.5, Status.FAILED], stopping=[at_most(3)])
    assert played.result.failed
    assert played.metadata["status"] == "failed"
    assert played.metadata["reason"] == "3 trials were started, and no trial has succeeded"
    assert load_experiment(played.folder).failed_trials == [0, 1, 2]


NO_NUMBER = "no trial has succeeded: none that did not fail reported a finite loss"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_experiment_in_which_no_trial_reports_a_finite_metric_is_not_complete(play, value):
    played = play(lambda trial, run: [value, value], stopping=[at_most(2)])
    assert (played.result.failed, played.metadata["status"]) == (True, "failed")
    assert played.metadata["reason"] == f"2 trials were started, and {NO_NUMBER}"
    assert (played.metadata["begins_anew"], played.result.n_failed) == (True, 0)


def test_one_finite_value_of_a_trial_is_a_success_though_it_is_not_the_last(play):
    played = play(lambda trial, run: [0.5, math.nan] if trial else [math.nan], stopping=[at_most(2)])
    assert (played.result.failed, played.result.reason) == (False, "2 trials were started")


def test_a_finite_value_of_a_trial_that_failed_is_none(play):
    played = play(lambda trial, run: [0.5, Status.FAILED] if trial else [math.nan], stopping=[at_most(2)])
    assert played.result.reason == f"2 trials were started, and {NO_NUMBER}"


def test_a_finite_value_that_does_not_meet_the_constraint_is_a_success(play, make_problem):
    problem = make_problem(metrics=frozenset({"loss", "over"}), constraint="over")
    script = lambda trial, run: [{"epoch": 1, "loss": 0.5, "over": 1.0}]
    assert not play(script, problem=problem, stopping=[at_most(2)]).result.failed


def test_an_experiment_in_which_no_trial_reports_the_constraint_is_not_complete(play, make_problem):
    problem = make_problem(constraint="ovr")
    played = play(lambda trial, run: [0.5], problem=problem, stopping=[at_most(2)])
    why = "no trial has succeeded: none reported the constraint ovr"
    assert played.result.reason == f"2 trials were started, and {why}"


def test_one_in_which_nothing_was_reported_or_failed_is_complete(play):
    stopping = [lambda problem: create("stopping", "max_wallclock_time", problem, seconds=0.5)]
    assert not play(lambda trial, run: [0.5], stopping=stopping).result.failed


def test_one_that_runs_and_has_reported_is_a_success_at_the_end(play):
    script = lambda trial, run: [Status.FAILED] if trial == 0 else [0.5] * 9
    stopping = [lambda problem: create("stopping", "max_num_evaluations", problem, count=3)]
    assert not play(script, stopping=stopping).result.failed
