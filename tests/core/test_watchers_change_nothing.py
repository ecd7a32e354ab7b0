"""Whoever watches an experiment changes nothing, and nobody is misled by what crosses a contract."""

import json

import numpy as np
import pytest

from tunekit_core import AskTell, ComponentError, ExperimentRecord, Streams, Tuner, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.trials import Proposal
from tunekit_core.read_only import ReadOnlyList
from tunekit_core.records.load import read_events
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem


class Noting(RandomSearch):
    """Notes a list, and remembers what it finds in the note of a trial."""

    def __init__(self, problem, streams):
        super().__init__(problem, streams)
        self.trials = []

    def suggest(self, trial_id, *, resource):
        return Proposal(super().suggest(trial_id, resource=resource).configuration, note={"fit": [1.0, {"a": [2]}]})

    def on_start(self, trial):
        super().on_start(trial)
        self.trials.append(trial)


def run_toy(folder, observer, *, metadata=None, searcher=Noting):
    benchmark = ToyBenchmark()
    problem, streams = toy_problem(benchmark), Streams(0)
    made = searcher(problem, streams)
    scheduler = Fifo(problem, streams, made)
    tuner = Tuner(
        scheduler=scheduler,
        backend=ToyBackend(problem, benchmark, None, streams),
        stopping=[_Five(problem)],
        n_workers=1,
        observers=[observer(problem, None)],
        record=ExperimentRecord(folder, keep_events=True),
        metadata=metadata,
    )
    tuner.run()
    return made


class _Five(StoppingCriterion):
    name = "five"

    def __call__(self, view):
        return "five reports were made" if view.n_reports >= 5 else None


def test_metadata_are_a_copy(tmp_path):
    class Changes(Observer):
        def on_experiment_start(self, view, metadata):
            metadata["config"]["seed"] = 99
            metadata["tags"].append("mine")

    run_toy(tmp_path, Changes, metadata={"config": {"seed": 1}, "tags": ["a"]})
    metadata = json.loads((tmp_path / "metadata.json").read_text())
    assert (metadata["config"], metadata["tags"]) == ({"seed": 1}, ["a"])


def test_a_note_is_read_only_through_and_through(tmp_path):
    class Changes(Observer):
        def on_trial_start(self, view, trial):
            for change in (
                lambda: trial.note["fit"].append(3),
                lambda: trial.note["fit"].__setitem__(0, 777),
                lambda: trial.note["fit"][1].update(a=1),
                lambda: trial.note["fit"][1]["a"].clear(),
            ):
                with pytest.raises(TypeError, match="is read-only"):
                    change()

    searcher = run_toy(tmp_path, Changes)
    assert [trial.note for trial in searcher.trials] == [{"fit": [1.0, {"a": [2]}]}] * len(searcher.trials)


@pytest.mark.parametrize("name", ["now", "n_failed", "incumbent", "running", "anything"])
def test_nothing_of_the_view_can_be_set(name, tmp_path):
    class Sets(Observer):
        def on_report(self, view, trial, report, decision):
            with pytest.raises(AttributeError, match=f"view.{name} cannot be set"):
                setattr(view, name, 1e9)
            assert not hasattr(view, "trials")

    run_toy(tmp_path, Sets)


def test_half_of_a_surrogate_pair_in_a_metric_loses_nothing(tmp_path):
    problem = toy_problem(ToyBenchmark())
    scheduler = Fifo(problem, Streams(0), RandomSearch(problem, Streams(0)))
    with AskTell(scheduler, record=ExperimentRecord(tmp_path, keep_events=True)) as experiment:
        trial = experiment.ask()
        experiment.tell(trial, {"epoch": 1, "score": 0.5, "text": "\ud800"})
        experiment.tell_end(trial)
    assert load_experiment(tmp_path).results["text"].tolist() == ["\\ud800"]
    assert load_experiment(tmp_path).metadata["status"] == "completed"


def test_metrics_are_live_as_they_are_read_back(tmp_path):
    given = {"epoch": 1, "score": np.float32(0.5), "list": [1, (2, 3)], "array": np.arange(2), "keys": {1: 2}}
    problem = toy_problem(ToyBenchmark())
    scheduler = Fifo(problem, Streams(0), RandomSearch(problem, Streams(0)))
    with AskTell(scheduler, record=ExperimentRecord(tmp_path, keep_events=True)) as experiment:
        trial = experiment.ask()
        experiment.tell(trial, given)
        given["list"].append(4)
        live = dict(trial.last_report.metrics)
    (recorded,) = (event.metrics for event in read_events(tmp_path) if type(event).__name__ == "TrialReported")
    assert live == recorded == {"epoch": 1, "score": 0.5, "list": [1, [2, 3]], "array": "[0 1]", "keys": {"1": 2}}
    assert type(live["list"]) is ReadOnlyList


def test_a_component_that_runs_out_of_an_iterator_is_named(tmp_path):
    class RunsOut(RandomSearch):
        def suggest(self, trial_id, *, resource):
            return next(iter(()))

    with pytest.raises(ComponentError, match="raised StopIteration in suggest for trial 0"):
        run_toy(tmp_path, Observer, searcher=RunsOut)
    problem = toy_problem(ToyBenchmark())
    experiment = AskTell(Fifo(problem, Streams(0), RunsOut(problem, Streams(0))))
    with pytest.raises(ComponentError, match="raised StopIteration in suggest for trial 0"):
        experiment.ask()


def test_what_a_component_meets_in_our_code_is_named_too(tmp_path):
    class Misuses(RandomSearch):
        def on_report(self, trial, report):
            self.problem.space.encode([{"x": 99}])

    with pytest.raises(ComponentError, match="raised ConfigurationError in on_report for trial 0: x: 99"):
        run_toy(tmp_path, Observer, searcher=Misuses)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -100.0, "1", None])
def test_a_clock_that_makes_no_sense_is_refused(time, tmp_path, monkeypatch):
    monkeypatch.setattr(ToyBackend, "now", lambda self: time)
    with pytest.raises(ComponentError, match="says that it is"):
        run_toy(tmp_path, Observer)


def test_a_column_of_the_searcher_that_the_scheduler_has_is_refused(tmp_path):
    class Tells(RandomSearch):
        def columns(self):
            return {"mine": 1}

    class Both(Fifo):
        def columns(self):
            return {"mine": 2}

    problem = toy_problem(ToyBenchmark())
    with pytest.raises(ComponentError, match=r"returned \['mine'\], which the scheduler has too"):
        AskTell(Both(problem, Streams(0), Tells(problem, Streams(0))))


def test_a_backend_that_waits_for_nothing_is_refused_rather_than_asked_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(ToyBackend, "wait", lambda self, deadline: [])
    with pytest.raises(ComponentError, match=r"returned nothing without a deadline, and of these .* the end: 0"):
        run_toy(tmp_path, Observer)
