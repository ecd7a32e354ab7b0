"""Whatever crosses a contract is checked before it is recorded: what breaks a rule is named, and nothing follows."""

import functools
from collections import UserDict
from fractions import Fraction
from types import MappingProxyType

import attrs
import numpy as np
import pytest

from tunekit_core import Objective, Proposal, SearchSpace, Streams, Tuner, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialEnded, TrialPlaced, TrialReported
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Checkpoint, Decision, Resume, Start, Status, Stop
from tunekit_core.engine.events import Resumed, Started
from tunekit_core.errors import ComponentError, ConfigurationError
from tunekit_core.space import ConfigurationTable, choice
from tunekit_core.testing import ToyBackend, ToyBenchmark
from tunekit_core.testing.limits import comes_to_an_end

X = {"x": 0.5}


def half_a_minute(trial_id, run):
    return [0.5] * 9


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


@pytest.fixture
def play(play):
    """Ends after nine trials, also where nothing is refused."""
    return lambda script, *, stopping=(), **options: play(script, stopping=[*stopping, finished(9)], **options)


# Configurations


def proposing(*configurations):
    """A searcher that proposes these, one after the other."""

    class Proposes(RandomSearch):
        name = "proposes"

        def suggest(self, trial_id, *, resource):
            return Proposal(configurations[trial_id]) if trial_id < len(configurations) else None

    return Proposes


@pytest.mark.parametrize(
    ("configuration", "refusal"),
    [
        ({"x": 99.0}, "99.0 is not in uniform(0.0, 1.0)"),
        ({"x": float("nan")}, "nan is not in uniform(0.0, 1.0)"),
        ({"x": "0.5"}, "'0.5' is not in uniform(0.0, 1.0)"),
        ({"x": None}, "None is not in uniform(0.0, 1.0)"),
        ({}, "it lacks x"),
        ({"x": 0.5, "lr": 0.1}, "the space has no lr"),
        ({"lr": 0.1}, "No hyperparameter is named 'lr'. This space has: x"),
        ({"x": 0.5, 7: 0.1}, "the space has no 7"),
    ],
)
def test_a_configuration_that_is_not_of_the_space_is_refused_with_all_names(play, configuration, refusal):
    played = play(half_a_minute, searcher=proposing(X, configuration), raises=ComponentError)
    message = str(played.error)
    assert "Trial 1 cannot start with the configuration that was suggested: " in message
    assert refusal in message
    assert "searcher 'proposes' (module tests.core.test_gate)" in message
    assert "scheduler 'fifo' (tunekit-hpo 0.1.0" in message
    assert (played.error.kind, played.error.name, played.error.trial_id) == ("searcher", "proposes", 1)
    assert (played.metadata["status"], played.metadata["reason"]) == ("failed", message)
    assert [event["trial_id"] for event in played.events if event["event"] == "start"] == [0]


@pytest.mark.parametrize(
    ("configuration", "refusal"),
    [(None, "it is None, which is no mapping"), ([0.5], "it is [0.5], which is no mapping")],
)
def test_a_configuration_of_a_scheduler_that_is_no_mapping_is_refused(play, configuration, refusal):
    played = play(half_a_minute, scheduler=saying(Start(configuration)), raises=ComponentError)
    assert f"Trial 0 cannot start with the configuration that was suggested: {refusal}" in str(played.error)


def test_where_the_first_configuration_is_refused_nothing_is_recommended(play):
    played = play(half_a_minute, searcher=proposing({"x": 99.0}), raises=ComponentError)
    assert played.events == []
    assert "incumbent" not in played.metadata


def test_a_configuration_that_is_not_among_the_allowed_rows_is_refused(play, make_problem):
    space = SearchSpace({"a": choice(["u", "v", "w"])})
    problem = make_problem(space=space, rows=ConfigurationTable(space, np.array([0, 2])))
    played = play(half_a_minute, problem=problem, searcher=proposing({"a": "w"}, {"a": "v"}), raises=ComponentError)
    assert "Trial 1 cannot start" in str(played.error)
    assert "{'a': 'v'} is not among the allowed rows" in str(played.error)


def test_a_configuration_is_kept_as_it_was_when_it_was_suggested(play):
    mine = {"x": 0.25}

    class Keeps(proposing(mine)):
        def on_report(self, trial, report):
            mine["x"] = 99.0

    played = play(half_a_minute, searcher=Keeps)
    assert played.events[0]["configuration"] == {"x": 0.25}
    assert played.result.incumbent.configuration == {"x": 0.25}


# Actions


def saying(*answers, needs=("pause",), decisions=()):
    """A scheduler that suggests these, one after the other, and decides so on reports of trial 0; then it continues."""

    class Says(Fifo):
        name = "says"

        def __init__(self, problem, streams, searcher):
            super().__init__(problem, streams, searcher)
            self.answers = list(answers)
            self.decisions = list(decisions)

        def suggest(self, trial_id):
            return self.answers.pop(0) if self.answers else None

        def on_report(self, trial, report):
            return self.decisions.pop(0) if trial.id == 0 and self.decisions else Decision.CONTINUE

    Says.needs = frozenset(needs)
    return Says


@pytest.fixture
def copying(scripted_backend):
    """A backend that can copy checkpoints too."""

    class Copies(scripted_backend):
        capabilities = frozenset({"pause", "checkpoint", "copy"})

    return Copies


PAUSED = Start(X, until=1)  # with a run of one report


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ([Resume(0)], "resumes the trial 0, which does not exist"),
        ([Start(X), Resume(0)], "resumes the trial 0, which is completed"),
        ([Start(X), Resume(1)], "resumes the trial 1, which does not exist"),
        ([Start(X), Resume(-1)], "resumes the trial -1, which does not exist"),
        ([PAUSED, Resume("0")], "resumes the trial '0', which does not exist"),
        ([PAUSED, Resume(None)], "resumes the trial None, which does not exist"),
        ([PAUSED, Resume(False)], "resumes the trial False, which does not exist"),
        ([PAUSED, Resume(0.0)], "resumes the trial 0.0, which does not exist"),
        ([PAUSED, Resume([0])], "resumes the trial [0], which does not exist"),
        ([PAUSED, Resume(0, until=1)], "gives until=1: a whole number above 1"),
        ([PAUSED, Resume(0, until=0)], "gives until=0: a whole number above 1"),
        ([PAUSED, Resume(0, until=2.0)], "gives until=2.0: a whole number above 1"),
        ([PAUSED, Resume(0, until="3")], "gives until='3': a whole number above 1"),
        ([PAUSED, Resume(0, until=10)], "gives until=10, above max_resource=9"),
        ([Start(X, until=0)], "gives until=0: a whole number above 0"),
        ([Start(X, until=-3)], "gives until=-3: a whole number above 0"),
        ([Start(X, until=True)], "gives until=True: a whole number above 0"),
        ([Start(X, until=1.5)], "gives until=1.5: a whole number above 0"),
        ([Start(X, until=10)], "gives until=10, above max_resource=9"),
        ([Stop(0)], "stops the trial 0, which does not exist"),
        ([Stop(None)], "stops the trial None, which does not exist"),
        ([Start(X), Stop(0)], "stops the trial 0, which is completed"),
        ([PAUSED, Stop(0), Stop(0)], "stops the trial 0, which is stopped"),
        ([Start(X, checkpoint_of=Checkpoint(0, 1))], "copies Checkpoint(trial_id=0, resource=1), which does not exist"),
        (
            [PAUSED, Start(X, None, Checkpoint(0, 2))],
            "copies Checkpoint(trial_id=0, resource=2), and that trial has come to 1",
        ),
        (
            [PAUSED, Start(X, None, Checkpoint(0, 0))],
            "copies Checkpoint(trial_id=0, resource=0), and that trial has come to 1",
        ),
        (
            [PAUSED, Start(X, None, Checkpoint(0, 1.0))],
            "copies Checkpoint(trial_id=0, resource=1.0), and that trial has",
        ),
        (
            [PAUSED, Start(X, None, Checkpoint("0", 1))],
            "copies Checkpoint(trial_id='0', resource=1), which does not exist",
        ),
        ([PAUSED, Start(X, None, 0)], "gives 0 as checkpoint_of, which is no Checkpoint"),
        ([PAUSED, Start(X, None, (0, 1))], "gives (0, 1) as checkpoint_of, which is no Checkpoint"),
        ([PAUSED, Start(X, 1, Checkpoint(0, 1))], "gives until=1: a whole number above 1"),
        ([X], "returned {'x': 0.5}, which is no Start, Resume, Stop or None"),
        ([Proposal(X)], "which is no Start, Resume, Stop or None"),
        (["nothing"], "returned 'nothing', which is no Start, Resume, Stop or None"),
        ([False], "returned False, which is no Start, Resume, Stop or None"),
        ([Start], "which is no Start, Resume, Stop or None"),
    ],
)
def test_a_suggestion_that_cannot_be_carried_out_is_refused(play, copying, answers, refusal):
    script = lambda t, run: [0.5]
    scheduler = saying(*answers, needs=("pause", "copy"))
    played = play(script, scheduler=scheduler, backend=copying, raises=ComponentError)
    assert str(played.error).startswith("The scheduler 'says' (module tests.core.test_gate) ")
    assert refusal in str(played.error)
    assert (played.error.kind, played.error.name, played.error.method) == ("scheduler", "says", "suggest")
    assert (played.metadata["status"], played.metadata["reason"]) == ("failed", str(played.error))
    acted_on = [event for event in played.events if event["event"] in ("start", "resume", "stop")]
    assert len(acted_on) == len(answers) - 1
    assert played.backend.closed == 1


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ([Start(X), Resume(0)], "resumes the trial 0, which is running"),
        ([Start(X), Stop(0), Stop(0)], "stops a trial whose end was decided already (suggest, trial 0)"),
    ],
)
def test_what_runs_is_not_resumed_and_not_ended_twice(play, answers, refusal):
    played = play(half_a_minute, scheduler=saying(*answers), n_workers=3, lag=2.0, raises=ComponentError)
    assert refusal in str(played.error)


@pytest.mark.parametrize(
    ("scheduler", "refusal"),
    [
        (
            saying(Start(X, until=3), needs=()),
            "sends a trial to a resource where it pauses, and does not declare that it needs 'pause'",
        ),
        (
            saying(Start(X), needs=(), decisions=[Decision.PAUSE]),
            "pauses a trial, and does not declare that it needs 'pause' (on_report, trial 0)",
        ),
        (
            saying(Start(X, until=1), Start(X, None, Checkpoint(0, 1)), needs=("pause",)),
            "starts a trial from the checkpoint of another, and does not declare that it needs 'copy'",
        ),
    ],
)
def test_an_action_that_needs_what_was_not_declared_is_refused(play, copying, scheduler, refusal):
    played = play(lambda t, run: [0.5], scheduler=scheduler, backend=copying, raises=ComponentError)
    assert refusal in str(played.error)


@pytest.mark.parametrize("decision", [None, True, 1, "PAUSE", "stop", Status.STOPPED, Decision])
def test_a_decision_of_another_type_is_refused_and_not_recorded(play, decision):
    played = play(half_a_minute, scheduler=saying(Start(X), decisions=[decision]), raises=ComponentError)
    assert f"returned {decision!r}, which is no Decision (on_report, trial 0)" in str(played.error)
    assert played.kinds(0) == ["start", "report"]


def test_what_a_scheduler_releases_has_ended(play, copying):
    class Releases(saying(Start(X, until=1), Start(X), needs=("pause", "copy"))):
        def released(self):
            return [0]

    played = play(lambda t, run: [0.5], scheduler=Releases, backend=copying, raises=ComponentError)
    assert "releases the trial 0, which is paused (released)" in str(played.error)


@pytest.mark.parametrize("released", [[5], [None], ["0"], None, 0])
def test_what_a_scheduler_releases_exists(play, copying, released):
    class Releases(saying(Start(X), needs=("pause", "copy"))):
        def released(self):
            return released

    played = play(lambda t, run: [0.5], scheduler=Releases, backend=copying, raises=ComponentError)
    assert (played.error.kind, played.error.method) == ("scheduler", "released")


@pytest.mark.parametrize("answer", [[], {}, "0", 0.0, True, -1])
def test_the_least_promising_trial_is_a_trial_id(play, scripted_backend, answer):
    class Keeps(scripted_backend):
        max_checkpoints = 0

    class Ranks(saying(Start(X, until=1))):
        def least_promising(self, among):
            return answer

    played = play(lambda t, run: [0.5], scheduler=Ranks, backend=Keeps, raises=ComponentError)
    assert f"returned {answer!r}, which it was not asked about (least_promising)" in str(played.error)


def test_the_least_promising_trial_is_one_of_those_asked_about(play, scripted_backend):
    class Keeps0(scripted_backend):
        max_checkpoints = 0

    class Ranks(saying(Start(X, until=1))):
        def least_promising(self, among):
            return 4

    played = play(lambda t, run: [0.5], scheduler=Ranks, backend=Keeps0, raises=ComponentError)
    assert "returned 4, which it was not asked about (least_promising)" in str(played.error)


# Notes


@pytest.mark.parametrize(
    ("note", "refusal"),
    [
        ({1: "a"}, "the keys of note are [1], and only text can be a key"),
        ({"weights": {1: 0.5}}, "the keys of note['weights'] are [1], and only text can be a key"),
        ({None: 1}, "the keys of note are [None]"),
        ({True: 1}, "the keys of note are [True]"),
        ({"a": (1, 2)}, "note['a'] is (1, 2) of type tuple, and would be [1, 2]"),
        ({"a": [{"b": ()}]}, "note['a'][0]['b'] is () of type tuple"),
        ({"a": np.zeros(2)}, "JSON cannot hold"),
        ({"a": np.int64(3)}, "JSON cannot hold"),
        ({"a": np.float64(0.5)}, "note['a'] is "),
        ({"a": object()}, "JSON cannot hold"),
        ({"a": {1, 2}}, "JSON cannot hold"),
        ({"a": b"bytes"}, "JSON cannot hold"),
        ({"a": Decision.STOP}, "JSON cannot hold"),
        ({"a": 1 + 2j}, "JSON cannot hold"),
        ([], "is [], which is no dict"),
        (None, "is None, which is no dict"),
        ("fit", "is 'fit', which is no dict"),
    ],
)
@pytest.mark.parametrize("action", ["start", "resume"])
def test_a_note_that_a_record_would_change_is_refused_when_it_is_made(play, action, note, refusal):
    answers = [Start(X, note=note)] if action == "start" else [PAUSED, Resume(0, note=note)]
    played = play(lambda t, run: [0.5], scheduler=saying(*answers), raises=ComponentError)
    assert "gives a note that " in str(played.error)
    assert refusal in str(played.error)
    assert "(suggest, trial 0)" in str(played.error)
    assert action not in [event["event"] for event in played.events]


def nested(levels, inner):
    """A value in that many lists or dicts, one in the other."""
    for _ in range(levels):
        inner = {"a": inner} if isinstance(inner, dict) else [inner]
    return inner


@pytest.mark.parametrize("inner", [{}, []], ids=["dicts", "lists"])
@pytest.mark.parametrize("levels", [100, 500, 100_000])
def test_a_note_that_is_nested_deeper_than_can_be_read_is_refused(play, levels, inner):
    scheduler = saying(Start(X, note={"deep": nested(levels, inner)}))
    played = play(half_a_minute, scheduler=scheduler, raises=ComponentError)
    assert "gives a note that is nested more than 100 deep (suggest, trial 0)" in str(played.error)


def test_a_note_that_is_nested_100_deep_is_found_in_the_record(play):
    note = {"deep": nested(98, [])}
    played = play(half_a_minute, scheduler=saying(Start(X, note=note), needs=()))
    assert played.recorded[2].note == note


NOTE = {"a": [1, 2.5, None, True, "text", {"deep": [[]]}], "b": {"c": -0.0, "é": "\u2028"}, "big": 2**70}


def test_a_note_that_a_record_holds_is_found_there_again(play):
    scheduler = saying(Start(X, until=1, note=NOTE), Resume(0, note={"found": NOTE}))
    played = play(lambda t, run: [0.5] * (1 + run), scheduler=scheduler)
    started = next(event for event in played.recorded if isinstance(event, Started))
    resumed = next(event for event in played.recorded if isinstance(event, Resumed))
    assert (started.note, resumed.note) == (NOTE, {"found": NOTE})


def test_numbers_that_are_not_finite_may_be_in_a_note(play):
    note = {"loss": [float("nan"), float("inf"), -float("inf")]}
    played = play(half_a_minute, scheduler=saying(Start(X, note=note), needs=()))
    assert repr(dict(played.recorded[2].note)) == "{'loss': [nan, inf, -inf]}"


def test_a_note_that_is_changed_after_it_was_made_stays_as_it_was(play):
    note = {"fit": [1.0], "deep": {"a": 1}}
    seen = []

    class Changes(saying(Start(X, note=note), needs=())):
        def on_report(self, trial, report):
            note["fit"].append(report.resource)
            note["deep"]["a"] = report.resource
            seen.append(repr(dict(trial.note)))
            return Decision.CONTINUE

    played = play(half_a_minute, scheduler=Changes)
    assert set(seen) == {"{'fit': [1.0], 'deep': {'a': 1}}"}
    assert played.events[0]["note"] == {"fit": [1.0], "deep": {"a": 1}}


# What nobody changes

CHANGES = {
    "a value of the configuration": lambda trial, report: trial.configuration.__setitem__("x", 99.0),
    "the configuration": lambda trial, report: setattr(trial, "configuration", {"x": 99.0}),
    "an entry more": lambda trial, report: trial.configuration.update(y=1),
    "an entry less": lambda trial, report: trial.configuration.pop("x"),
    "the status": lambda trial, report: setattr(trial, "status", Status.FAILED),
    "the target": lambda trial, report: setattr(trial, "until", 1),
    "the note": lambda trial, report: trial.note.__setitem__("a", 1),
    "another note": lambda trial, report: setattr(trial, "note", {}),
    "the last report": lambda trial, report: setattr(trial, "last_report", None),
    "an attribute more": lambda trial, report: setattr(trial, "score", 1),
    "a metric": lambda trial, report: report.metrics.__setitem__("loss", 0.0),
    "the metrics": lambda trial, report: setattr(report, "metrics", {}),
    "the resource": lambda trial, report: setattr(report, "resource", 9),
    "the losses": lambda trial, report: setattr(report, "losses", (0.0,)),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("who", ["scheduler", "searcher", "composer", "observer"])
def test_no_component_changes_a_trial_or_a_report(play, who, what):
    change = CHANGES[what]

    def refused(trial, report):
        before = repr((trial, report))
        with pytest.raises((TypeError, AttributeError)):
            change(trial, report)
        assert repr((trial, report)) == before
        refusals.append(who)

    refusals = []

    class Decides(Fifo):
        def on_report(self, trial, report):
            self.searcher.on_report(trial, report)
            if who == "scheduler":
                refused(trial, report)
            return Decision.CONTINUE

    class Searches(RandomSearch):
        def on_report(self, trial, report):
            if who == "searcher":
                refused(trial, report)

    class Composes(ResultComposer):
        name = "composes"

        def __call__(self, view, trial, report):
            if who == "composer":
                refused(trial, report)
            return {}

    class Watches(Observer):
        name = "watches"

        def on_report(self, view, trial, report, decision):
            if who == "observer":
                refused(trial, report)

    play(
        lambda t, run: [0.5],
        scheduler=Decides,
        searcher=Searches,
        composers=[Composes],
        observers=[lambda problem: Watches(problem, None)],
        stopping=[finished(1)],
    )
    assert refusals == [who]


def test_what_a_backend_changes_after_it_reported_reaches_nobody(play, scripted_backend):
    class Recycles(scripted_backend):
        """Hands over one and the same dict each time."""

        mine = {}  # noqa: RUF012

        def wait(self, deadline):
            events = super().wait(deadline)
            for event in events:
                if isinstance(event, TrialReported):
                    self.mine.clear()
                    self.mine.update(event.metrics)
                    event.metrics = self.mine
            return events

    played = play(lambda t, run: [0.1, 0.2, 0.3], backend=Recycles, stopping=[finished(1)])
    assert played.result.incumbent.report.metrics == {"epoch": 1, "loss": 0.1}


def test_final_metrics_are_read_only_and_a_copy(play):
    final = {"accuracy": 0.9}
    seen = []

    class Sees(Fifo):
        def on_end(self, trial, outcome):
            final["accuracy"] = 0.0
            with pytest.raises(TypeError):
                trial.final_metrics["accuracy"] = 1.0
            seen.append(dict(trial.final_metrics))

    play(lambda t, run: [0.5, attrs.evolve(END, metrics=final)], scheduler=Sees, stopping=[finished(1)])
    assert seen == [{"accuracy": 0.9}]


# Columns


def composing(*rows):
    """A composer whose columns these are, one after the other, the last again and again."""

    class Composes(ResultComposer):
        name = "composes"

        def __init__(self, problem):
            super().__init__(problem)
            self.rows = list(rows)

        def __call__(self, view, trial, report):
            return self.rows.pop(0) if len(self.rows) > 1 else self.rows[0]

    return Composes


def other(problem):
    class Other(ResultComposer):
        name = "other"

        def __call__(self, view, trial, report):
            return {"rung": 1}

    return Other(problem)


@pytest.mark.parametrize(
    ("columns", "refusal"),
    [
        ({"loss": 0.0}, "returned the column 'loss', which is a metric that was reported"),
        ({"epoch": 3}, "returned the column 'epoch', which is a metric that was reported"),
        ({"trial_id": 3}, "returned the column 'trial_id', which is a column that every row has"),
        ({"st_decision": "STOP"}, "returned the column 'st_decision', which is a column that every row has"),
        ({"st_status": "Failed"}, "returned the column 'st_status', which is a column that every row has"),
        ({"st_tuner_time": 0.0}, "returned the column 'st_tuner_time', which is a column that every row has"),
        ({"config_x": 0.5}, "returned the column 'config_x', which is a column that every row has"),
        ({"config_new": 0.5}, "returned the column 'config_new', which is a column that every row has"),
        ({"rung": 2}, "returned the column 'rung', which is a column of the composer 'other'"),
        ({3: 2}, "returned the column 3, which is a column that every row has, or no text"),
        ({"a": [1]}, "returned a=[1], which is no truth value, number, text or None"),
        ({"a": np.zeros(3)}, "which is no truth value, number, text or None"),
        ({"a": np.complex128(1j)}, "returned a=np.complex128(1j), which is no truth value, number, text or None"),
        ({"a": np.datetime64("2020-01-01")}, "which is no truth value, number, text or None"),
        ({"a": np.void(b"1")}, "which is no truth value, number, text or None"),
        ({"a": {"b": 1}}, "returned a={'b': 1}, which is no truth value, number, text or None"),
        ({"a": object}, "which is no truth value, number, text or None"),
        (None, "returned None, which is no mapping"),
        ([("a", 1)], "returned [('a', 1)], which is no mapping"),
        ("a", "returned 'a', which is no mapping"),
    ],
)
def test_a_column_that_is_taken_or_no_scalar_is_refused(play, columns, refusal):
    played = play(half_a_minute, composers=[other, composing({}, {}, columns)], raises=ComponentError)
    assert str(played.error).startswith("The composer 'composes' (module tests.core.test_gate) ")
    assert refusal in str(played.error)
    assert "(__call__, trial 0)" in str(played.error)
    assert played.metadata["n_reports"] == 3


def test_numbers_of_numpy_are_columns(play):
    columns = {"a": np.float64(0.5), "b": np.int64(3), "c": True, "d": None, "e": "text"}
    played = play(lambda t, run: [0.5], composers=[composing(columns)], stopping=[finished(1)])
    row = load_experiment(played.folder).results.iloc[0]
    assert (row["a"], row["b"], row["c"], row["e"]) == (0.5, 3, True, "text")


@pytest.mark.parametrize(
    "script",
    [
        lambda t, run: [{"epoch": 1, "loss": 0.5}, *([] if t else [{"epoch": 2, "loss": 0.5, "extra": 7}])],
        lambda t, run: [{"epoch": 1, "loss": 0.5, "extra": 7}] if t else [{"epoch": 1, "loss": 0.5}],
    ],
)
def test_a_metric_that_appears_later_and_has_the_name_of_a_composers_column_fails_its_trial(play, script):
    played = play(script, composers=[composing({"extra": 1})], stopping=[finished(2)])
    assert played.metadata["status"] == "completed"
    (reason,) = {failure["reason"] for failure in played.metadata["failures"]}
    assert reason == "it reported a metric named 'extra', which is a column of the results"


def test_a_metric_with_the_name_of_what_a_scheduler_tells_fails_its_trial_where_that_is_composed(play):
    script = lambda t, run: [{"epoch": 1, "loss": 0.5, "told": 7}] if t == 1 else [0.5]

    class Telling(Fifo):
        def columns(self):
            return {"told": 3}

    composer = composing({"told": 3})
    played = play(script, scheduler=Telling, composers=[composer], stopping=[finished(2)])
    assert played.metadata["failed_trials"] == [1]


def test_a_column_is_not_a_metric_in_one_row_and_a_composers_in_another(play):
    script = lambda t, run: [{"epoch": 1, "loss": 0.5, "extra": 7}, {"epoch": 2, "loss": 0.5}]
    played = play(script, composers=[composing({}, {"extra": 1})], raises=ComponentError)
    assert "returned the column 'extra', which is a metric that was reported" in str(played.error)


# What a criterion says


def criterion(*, reason=None, seconds=None):
    class Mine(StoppingCriterion):
        name = "mine"

        def __call__(self, view):
            return reason

        def deadline(self):
            return seconds

    return Mine


@pytest.mark.parametrize("reason", [True, 3, ["enough"], b"enough"])
def test_a_reason_is_text(play, reason):
    played = play(half_a_minute, stopping=[criterion(reason=reason)], raises=ComponentError)
    assert f"The stopping criterion 'mine' (module tests.core.test_gate) returned {reason!r} as its reason" in str(
        played.error
    )
    assert played.events == []


@pytest.mark.parametrize("seconds", ["60", [60], float("nan"), object, True, -1.0, float("-inf"), 2**1024])
def test_a_deadline_is_a_number_from_0_on(play, seconds):
    played = play(half_a_minute, stopping=[criterion(seconds=seconds)], raises=ComponentError)
    assert "The stopping criterion 'mine' (module tests.core.test_gate) returned " in str(played.error)
    assert "which is no number of seconds from 0 on (deadline)" in str(played.error)


@pytest.mark.parametrize("seconds", [None, float("inf"), np.float64("inf")])
def test_a_deadline_that_never_comes_ends_nothing(play, seconds):
    played = play(half_a_minute, stopping=[criterion(seconds=seconds)])
    assert played.result.reason == "9 trials were finished"


@pytest.mark.parametrize("seconds", [0, 4.5, 5, np.float32(4.5)])
def test_a_criterion_whose_deadline_has_come_has_a_reason(play, seconds):
    with comes_to_an_end("what waits for a deadline goes on"):
        played = play(half_a_minute, stopping=[criterion(seconds=seconds)], raises=ComponentError)
    assert str(played.error) == (
        f"The stopping criterion 'mine' (module tests.core.test_gate) returned no reason though the {float(seconds):g} "
        "s that it gave as its deadline are over (__call__)."
    )


# What a backend says

END = TrialEnded(0, 0, Status.COMPLETED, 0.0)
NAN = float("nan")
DEEP = functools.reduce(lambda inner, _: [inner], range(100_000), [])
IN_ITSELF = []
IN_ITSELF.append(IN_ITSELF)


@pytest.fixture
def adding(scripted_backend):
    """Makes backends that say something more together with the second report of trial 0."""

    def make(*more):
        class Adds(scripted_backend):
            def wait(self, deadline):
                events = super().wait(deadline)
                second = any(
                    isinstance(e, TrialReported) and (e.trial_id, e.metrics["epoch"]) == (0, 2) for e in events
                )
                return [*events, *more] if second else events

        return Adds

    return make


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (TrialReported(7, 0, {"epoch": 1, "loss": 0.0}, 1.0), "there is no such trial"),
        (TrialReported(-1, 0, {"epoch": 1, "loss": 0.0}, 1.0), "there is no such trial"),
        (TrialReported(None, 0, {"epoch": 1, "loss": 0.0}, 1.0), "there is no such trial"),
        (TrialReported("0", 0, {"epoch": 1, "loss": 0.0}, 1.0), "there is no such trial"),
        (TrialReported(0, 1, {"epoch": 3, "loss": 0.0}, 1.0), "the current run of the trial is 0"),
        (TrialReported(0, -1, {"epoch": 3, "loss": 0.0}, 1.0), "the current run of the trial is 0"),
        (TrialReported(0, False, {"epoch": 3, "loss": 0.0}, 1.0), "the current run of the trial is 0"),
        (TrialReported(0, 0.0, {"epoch": 3, "loss": 0.0}, 1.0), "the current run of the trial is 0"),
        (TrialReported(0, None, {"epoch": 3, "loss": 0.0}, 1.0), "the current run of the trial is 0"),
        (TrialEnded(3, 0, Status.FAILED, 1.0), "there is no such trial"),
        (TrialEnded(0, 4, Status.FAILED, 1.0), "the current run of the trial is 0"),
        (TrialPlaced(2, 0, "GPU 0", 1.0), "there is no such trial"),
        (TrialPlaced(0, 1, "GPU 0", 1.0), "the current run of the trial is 0"),
    ],
)
def test_a_message_about_no_run_that_runs_is_recorded_as_an_anomaly_and_counted(play, adding, message, reason):
    script = lambda t, run: [0.5, 0.4, 0.3]
    plain = play(script, stopping=[finished(2)], folder="plain")
    played = play(script, backend=adding(message), stopping=[finished(2)])
    what = f"{type(message).__name__} of trial {message.trial_id}, run {message.run}"
    assert [event for event in played.events if event["event"] == "anomaly"] == [
        {"event": "anomaly", "message": what, "reason": reason, "time": 2.0}
    ]
    assert played.metadata["n_anomalies"] == 1
    assert played.metadata["first_anomaly"] == f"{what}: {reason}"
    assert [event for event in played.events if event["event"] != "anomaly"] == plain.events


@pytest.mark.parametrize("message", [TrialReported([0], 0, {}, 1.0), TrialEnded(True, 0, Status.FAILED, 1.0), END])
def test_an_id_of_another_type_does_no_harm(play, adding, message):
    message = attrs.evolve(message, trial_id=0.0) if message is END else message
    played = play(lambda t, run: [0.5] * 3, backend=adding(message), stopping=[finished(2)])
    assert (played.metadata["n_anomalies"], played.metadata["n_completed"]) == (1, 2)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_backend_that_says_everything_twice_changes_nothing(play, scripted_backend, batch):
    class Twice(scripted_backend):
        def wait(self, deadline):
            return [again for event in super().wait(deadline) for again in (event, event)]

    script = lambda t, run: [0.5, 0.4 - t / 10] if t != 2 else [0.1, Status.FAILED]
    plain = play(script, stopping=[finished(4)], folder="plain", batch=batch)
    played = play(script, backend=Twice, stopping=[finished(4)], batch=batch)
    assert played.result == plain.result
    assert (played.folder / "results.csv.zip").read_bytes() == (plain.folder / "results.csv.zip").read_bytes()
    assert played.metadata["n_anomalies"] == played.metadata["n_started"] - 1


def test_what_is_told_of_a_trial_after_its_end_is_an_anomaly(play, scripted_backend):
    class Late(scripted_backend):
        def wait(self, deadline):
            events = super().wait(deadline)
            ended = [event for event in events if isinstance(event, TrialEnded)]
            return [*events, *(TrialReported(e.trial_id, e.run, {"epoch": 9, "loss": 0.0}, e.time) for e in ended)]

    played = play(lambda t, run: [0.5], backend=Late, stopping=[finished(2), finished(3)], wait_for_running=True)
    assert played.metadata["incumbent"]["metrics"] == {"loss": 0.5}
    assert played.metadata["first_anomaly"] == "TrialReported of trial 0, run 0: the trial is completed"


@pytest.mark.parametrize("message", [None, "report", (0, 0, {}, 1.0), {"trial_id": 0}, TrialReported, Start(X)])
def test_a_message_that_is_no_event_is_refused(play, adding, message):
    played = play(half_a_minute, backend=adding(message), raises=ComponentError)
    assert str(played.error).startswith("The backend 'scripted' (module tests.core.test_gate) returned ")
    assert "which is no TrialPlaced, TrialReported or TrialEnded (wait)" in str(played.error)
    assert played.metadata["n_reports"] == 2


@pytest.mark.parametrize("returned", [None, 0, END])
def test_what_is_waited_for_is_a_list(play, scripted_backend, returned):
    class Wrong(scripted_backend):
        def wait(self, deadline):
            return returned

    played = play(half_a_minute, backend=Wrong, raises=ComponentError)
    assert f"returned {returned!r}, which is no list of events (wait)" in str(played.error)


@pytest.mark.parametrize(
    "end",
    [
        attrs.evolve(END, status="Failed"),
        attrs.evolve(END, status=Status.PAUSED),
        attrs.evolve(END, status=Status.STOPPED),
        attrs.evolve(END, status=None),
        attrs.evolve(END, status=Status.FAILED, cause="infrastructure"),
        attrs.evolve(END, status=Status.FAILED, cause=None),
        attrs.evolve(END, reason=None),
        attrs.evolve(END, metrics=[0.5]),
        attrs.evolve(END, metrics={1: 0.5}),
        attrs.evolve(END, metrics={"a": DEEP}),
        attrs.evolve(END, cost="cheap"),
        attrs.evolve(END, cost=True),
        attrs.evolve(END, cost=10**400),
        attrs.evolve(END, has_checkpoint=1),
        TrialPlaced(0, 0, None, 1.0),
        TrialPlaced(0, 0, 7, 1.0),
    ],
)
def test_what_is_told_of_a_run_has_fields_of_their_types(play, adding, end):
    played = play(half_a_minute, backend=adding(end), raises=ComponentError)
    assert "The backend 'scripted' (module tests.core.test_gate) " in str(played.error)
    assert "(wait, trial 0)" in str(played.error)
    assert not {"ended", "placed"}.intersection(played.kinds(0))


@pytest.mark.parametrize("seconds", [True, "1", None, -1.0, NAN, 10**400, Fraction(1, 2)])
def test_a_time_is_a_number_also_where_a_trial_starts(play, scripted_backend, seconds):
    class Wrong(scripted_backend):
        def now(self):
            return seconds

    played = play(half_a_minute, backend=Wrong, raises=ComponentError)
    assert f"says that it is {seconds!r} s since it began (now or wait)" in str(played.error)
    assert "start" not in [event["event"] for event in played.events]


LONG = 10**5000


@pytest.mark.parametrize(
    "metrics",
    [
        {"epoch": 2, "loss": 0.5, "parameters": LONG},
        {"epoch": 2, "loss": 0.5, "parameters": -LONG},
        {"epoch": 2, "loss": LONG, "parameters": 1},
        {"epoch": LONG, "loss": 0.5, "parameters": 1},
        {"epoch": 2, "loss": 0.5, "parameters": [LONG]},
    ],
    ids=["positive", "negative", "metric", "resource", "inside"],
)
@pytest.mark.parametrize("first", [{"epoch": 1, "loss": 0.5, "parameters": 1}, {"epoch": 1, "loss": 0.5}])
def test_a_number_with_more_digits_than_python_writes_fails_the_trial_and_not_the_experiment(
    play, make_problem, first, metrics
):
    played = play(
        lambda t, run: [first, metrics] if t == 1 else [first],
        problem=make_problem(max_resource=None),
        scheduler=Fifo,
    )
    assert (played.metadata["n_failed"], played.metadata["failed_trials"]) == (1, [1])
    assert "which cannot be recorded" in played.metadata["failures"][0]["reason"]
    assert played.recorded


@pytest.mark.parametrize("max_resource", [1, None])
def test_a_late_report_with_a_number_of_too_many_digits_does_no_harm(play, make_problem, max_resource):
    reports = [{"epoch": 1, "loss": 0.5}, {"epoch": LONG, "loss": 0.5}]
    scheduler = saying(Start(X), decisions=[Decision.STOP] if max_resource is None else [])
    played = play(lambda t, run: reports, problem=make_problem(max_resource=max_resource), scheduler=scheduler, lag=3.0)
    assert played.kinds(0).count("late") == 1
    assert (played.metadata["n_failed"], played.metadata["n_reports"]) == (0, 1)


def test_a_number_with_more_digits_than_python_writes_is_no_column_and_not_told_at_an_end(play, adding):
    played = play(half_a_minute, composers=[composing({"digits": LONG})], raises=ComponentError)
    assert "returned digits=<int whose repr raises ValueError>, which is no truth value, number" in str(played.error)
    played = play(
        half_a_minute, folder="end", backend=adding(attrs.evolve(END, metrics={"digits": LONG})), raises=ComponentError
    )
    assert "ended a run with metrics=<dict whose repr raises ValueError>, which JSON cannot hold" in str(played.error)


@pytest.mark.parametrize("metrics", [UserDict(a=1, b=[2]), MappingProxyType({"a": np.int64(1), "b": (2,)})])
def test_metrics_of_an_end_are_recorded_as_json_has_them(play, adding, metrics):
    end = attrs.evolve(END, metrics=metrics, time=2.0)
    played = play(lambda t, run: [0.5, 0.4], backend=adding(end), stopping=[finished(2)])
    assert next(event for event in played.events if event["event"] == "ended")["metrics"] == {"a": 1, "b": [2]}


@pytest.mark.parametrize("value", [DEEP, IN_ITSELF])
def test_a_report_that_json_cannot_hold_fails_the_trial_and_not_the_experiment(play, adding, value):
    message = TrialReported(0, 0, {"epoch": 3, "loss": 0.1, "more": value}, 2.0)
    played = play(half_a_minute, backend=adding(message), stopping=[finished(2)])
    (failure,) = played.metadata["failures"]
    assert failure["trial_id"] == 0
    assert "which cannot be recorded: " in failure["reason"]
    assert len(failure["reason"]) < 500
    assert [event["metrics"] for event in played.events if event["event"] == "unusable"] == [{}]


@pytest.mark.parametrize("metrics", [None, 0.5, "loss", [0.5], ["ab"]])
def test_metrics_that_are_no_mapping_fail_the_trial_and_not_the_experiment(play, adding, metrics):
    message = TrialReported(0, 0, metrics, 2.0)
    played = play(half_a_minute, backend=adding(message), stopping=[finished(2)])
    assert played.metadata["failures"] == [
        {"trial_id": 0, "reason": f"it reported {metrics!r}, which is no mapping from names to values"}
    ]
    assert played.metadata["n_completed"] == 1


# What goes together


class One(RandomSearch):
    name = "one"
    objectives = "one"


class OneToo(Fifo):
    name = "one_too"
    objectives = "one"


@pytest.mark.parametrize(
    ("kind", "scheduler", "searcher", "name"),
    [
        ("searcher", Fifo, One, "one"),
        ("scheduler", OneToo, RandomSearch, "one_too"),
        ("scheduler", OneToo, One, "one_too"),
    ],
)
def test_two_metrics_are_refused_by_name_where_one_is_used(make_problem, kind, scheduler, searcher, name):
    problem, streams = make_problem(objective=Objective(["loss", "size"], "min", "epoch")), Streams(0)
    with pytest.raises(ConfigurationError) as caught:
        Tuner(
            scheduler=scheduler(problem, streams, searcher(problem, streams)),
            backend=ToyBackend(problem, ToyBenchmark(), None, streams),
        )
    assert f"{kind}={name} uses one metric, and the problem has 2: loss, size." in str(caught.value)
    assert (caught.value.option, caught.value.value) == (kind, name)


def test_two_metrics_are_taken_where_both_use_all(play, make_problem):
    problem = make_problem(objective=Objective(["loss", "size"], "min", "epoch"))
    script = lambda t, run: [{"epoch": 1, "loss": 0.5, "size": t}]
    assert play(script, problem=problem, stopping=[finished(2)]).result.n_reports == 2
