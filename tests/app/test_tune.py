"""What ``tune`` takes, refuses, shows on the way and answers."""

import asyncio
import functools
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cloudpickle
import pytest

from tunekit import Reporter, tune
from tunekit.results.answer import answer
from tunekit_core import ConfigurationError

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a trial may find another package of the name tests
SPACE = {"x": "uniform(0, 1)"}


def identity(x):
    return x


def once(function=identity, **arguments):
    return tune(function, SPACE, **{"n_workers": 1, "method": "RS", "max_trials": 1, **arguments})


def test_arguments_that_overrides_may_replace_say_the_same(results, capfd):
    points = [{"x": 0.25}, {"x": 0.125}]
    given = once(max_trials=3, seed=5, points_to_evaluate=points)
    rows = given.experiment.results
    assert given.experiment.metadata["seed"] == 5
    assert given.experiment.metadata["reason"] == "3 trials were started"
    assert list(rows["config_x"][:2]) == [0.25, 0.125]
    assert len(rows) == 3
    overrides = [
        "seed=5",
        "stopping.max_num_trials_started=3",
        "points_to_evaluate=[{x: 0.25}, {x: 0.125}]",
    ]
    assert tune(identity, SPACE, n_workers=1, method="RS", overrides=overrides).experiment.path == given.experiment.path
    assert "Found complete" in capfd.readouterr().err


TWICE = {
    "seed": (5, "seed=5"),
    "max_trials": (3, "++stopping.max_num_trials_started=4"),
    "points_to_evaluate": ([{"x": 0.5}], "points_to_evaluate=[{x: 0.2}]"),
}


@pytest.mark.parametrize("argument", TWICE)
def test_what_is_said_twice_is_refused(results, argument):
    value, override = TWICE[argument]
    with pytest.raises(ConfigurationError) as caught:
        once(**{argument: value, "overrides": [override]})
    assert str(caught.value) == f"overrides: {override} and the argument {argument} are one thing. Give one of them."
    assert not results.root.exists()


def generator(x):
    yield x


async def coroutine(x):
    return x


async def generates_later(x):
    yield x


class Called:
    async def __call__(self, x):
        return x


UNFIT = {
    "no trials": ({"max_trials": 0}, "max_trials=0 must be a whole number from 1 on, or None"),
    "a truth for trials": ({"max_trials": True}, "max_trials=True must be a whole number from 1 on, or None"),
    "half a trial": ({"max_trials": 2.5}, "max_trials=2.5 must be"),
    "a seed": ({"seed": "a"}, "seed='a' does not fit. Allowed: whole number"),
    "a point that is none": ({"points_to_evaluate": [0.5]}, r"points_to_evaluate=\[0.5\] does not fit"),
    "a point outside": ({"points_to_evaluate": [{"x": 7}]}, r"x: 7 is not in uniform\(0.0, 1.0\)"),
    "a generator": ({"function": generator}, r"generator yields: .*, and runs nothing\. Make a Reporter in it"),
    "a part of one": ({"function": functools.partial(generator)}, "yields: calling it makes a generator"),
    "an asynchronous one": ({"function": generates_later}, "yields: calling it makes a generator"),
    "a coroutine": ({"function": coroutine}, r"that runs it: lambda x: asyncio\.run\(coroutine\(x=x\)\)"),
    "an object with one": ({"function": Called()}, "is defined by async def"),
}


@pytest.mark.parametrize("mistake", UNFIT)
def test_a_mistake_is_refused_before_anything_is_written(results, mistake):
    arguments, message = UNFIT[mistake]
    with pytest.raises(ConfigurationError, match=message):
        once(**arguments)
    assert not results.root.exists()


def test_a_coroutine_is_tuned_as_the_error_says(results):
    result = once(lambda x: asyncio.run(coroutine(x=x)))
    assert result.best_value == result.best_configuration["x"] == 0.5


EXPECTED = "It is to return loss, as a number or in a mapping such as {'loss': 0.5}, or to report it on the way"
RETURNED = {
    "nothing": (None, f"returned nothing, and has reported nothing. {EXPECTED}"),
    "text": ("abc", f"returned 'abc', of type str. {EXPECTED}"),
    "a truth value": (True, f"returned True, of type bool. {EXPECTED}"),
    "a list": ([0.5], f"returned [0.5], of type list. {EXPECTED}"),
    "an empty mapping": ({}, f"returned {{}}, of type dict. {EXPECTED}"),
    "another metric": ({"los": 0.5}, "where these are needed: a number as loss. Did you mean 'los'?"),
    "what is no JSON": (range(3), "returned range(0, 3), of type range: The metric 'loss' is of type range"),
}


@pytest.mark.parametrize("what", RETURNED)
def test_of_a_function_that_returns_no_metric_the_failure_says_what_and_what_is_expected(results, what):
    returned, message = RETURNED[what]
    result = once(lambda x: returned)
    (failure,) = result.experiment.metadata["failures"]
    assert message in failure["reason"]
    assert "Traceback" not in failure["reason"]


def test_the_result_is_the_answer(results):
    result = once()
    lines = repr(result).splitlines()
    assert lines[:2] == ["Best loss: 0.5 at report 1 of trial 0", "  x  0.5"]
    assert lines[2].startswith("1 trial, 1 report in ")
    assert lines[3:] == ["Completed: 1 trial was started.", f"Results: {result.experiment.path}"]


def test_an_answer_has_failures_and_the_status():
    metadata = {
        "metric": ["loss"],
        "resource": "epoch",
        "status": "interrupted",
        "reason": "it was interrupted",
        "n_started": 12,
        "n_failed": 2,
        "n_reports": 1234,
        "time": 61.4,
        "failures": [{"trial_id": 3, "reason": "it ended with exit status 1:\nTraceback\n\x1b[2JKeyError: 7"}],
        "incumbent": {
            "trial_id": 5,
            "resource": 27,
            "metrics": {"loss": 1e-12},
            "configuration": {"lr": 1 / 3, "optimizer": "adam"},
        },
    }
    assert answer(Path("results/it"), metadata).splitlines() == [
        "Best loss so far: 1e-12 at epoch 27 of trial 5",
        "  lr         0.333333",
        "  optimizer  adam",
        "12 trials, 2 failed, 1,234 reports in 61 s.",
        "Trial 3 failed: it ended with exit status 1: …  [2JKeyError: 7",
        "Interrupted: it was interrupted.",
        "Results: results/it",
    ]
    ended = {**metadata, "status": "completed", "n_completed": 0, "n_paused": 10}
    waiting = "10 are paused, and the best of them go on with a later end, such as more trials or a longer time."
    assert answer(Path("it"), ended).splitlines()[4] == f"No trial has come to its end: {waiting}"
    assert "paused" not in answer(Path("it"), {**ended, "n_completed": 1})
    assert "paused" not in answer(Path("it"), {**ended, "status": "interrupted"})
    del metadata["incumbent"]
    assert answer(Path("it"), metadata).startswith("There is no best: no trial has reported a finite loss.\n12 trials,")


class Handle:
    def __init__(self):
        self.shown = []

    def update(self, bundle, raw):
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def handles(monkeypatch):
    """What a kernel of a notebook was asked to display."""
    made = []

    def display(bundle, raw, display_id):
        assert (raw, display_id) == (True, True)
        made.append(Handle())
        made[-1].update(bundle, raw)
        return made[-1]

    ipython, of_display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    of_display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", of_display)
    return made


def reports_twice(x):
    report = Reporter()
    report(loss=x)
    report(loss=x / 2)


def test_in_a_notebook_the_view_is_replaced_in_place_and_taken_away_at_the_end(results, handles, capfd):
    once(reports_twice, max_resource=2, points_to_evaluate=[{"x": 0.25}])
    (handle,) = handles
    assert handle.shown[0] == handle.shown[-1] == {"text/plain": "", "text/html": ""}
    views = [bundle["text/plain"] for bundle in handle.shown[1:-1]]
    assert "best loss 0.125 at report 2 of trial 0" in views[-1]
    assert "<pre>RS on function-reports_twice, seed 0" in handle.shown[-2]["text/html"]
    assert "trial 0 starts" not in capfd.readouterr().err


def test_ipython_in_a_terminal_is_no_notebook(results, handles, capfd, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", SimpleNamespace)
    once()
    assert handles == []
    assert "trial 0 starts: x=0.5" in capfd.readouterr().err
