"""The best value over time in the metadata, against the results, for whatever trials and processes do."""

import csv
import io
import itertools
import json
import math
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.core.deciding import Decides
from tunekit_core import Objective, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.trials import Cause, Status
from tunekit_core.errors import RecordError
from tunekit_core.records import experiment as experiment_record
from tunekit_core.records.best_so_far import read_best_so_far
from tunekit_core.testing import ToyBenchmark
from tunekit_core.testing.experiments import Setup, live

numbers = itertools.count()
FIELD = "best_so_far"


def count(name, n):
    return lambda problem: create("stopping", name, problem, count=n)


def slowly(folder):
    """The improvements among the rows of the results: for each row, the best of all that count up to it."""
    metadata = json.loads((folder / "metadata.json").read_text())
    names, constraint = metadata["metric"], metadata["constraint"]
    better = min if metadata["mode"][0] == "min" else max
    truth = {"True": 1.0, "False": 0.0}
    with zipfile.ZipFile(folder / "results.csv.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode(), newline="")))

    def value(row):
        return truth.get(row[names[0]]) if row[names[0]] in truth else float(row[names[0]])

    def counts(row):
        if int(row["trial_id"]) in metadata.get("failed_trials", []) or any(row[name] == "" for name in names):
            return False
        if constraint is not None:
            told = row.get(constraint) or "nan"
            try:
                constrained = truth[told] if told in truth else float(told)
            except ValueError:
                return False
            if not -math.inf < constrained <= 0:
                return False
        return math.isfinite(value(row))

    times, values = [], []
    for n in range(1, len(rows) + 1):
        counting = [value(row) for row in rows[:n] if counts(row)]
        if counting and (not values or better(counting) != values[-1]):
            times.append(float(rows[n - 1]["st_tuner_time"]))
            values.append(better(counting))
    return {"time": times, "value": values}


def told_by(folder):
    return json.loads((folder / "metadata.json").read_text())[FIELD]


few = st.sampled_from([0, 0.0, -0.0, 0.25, 0.5, 1, math.inf, -math.inf, math.nan])  # ties, and what is not finite
losses = st.one_of(few, st.floats(-1, 1))
constrained = st.sampled_from([-1.0, 0, 1, True, False, math.nan, "low", None])
reports = st.tuples(losses, st.one_of(st.none(), few), constrained)
steps = st.one_of(reports, reports, reports, st.sampled_from(["unusable", Status.FAILED, Cause.INFRASTRUCTURE]))
scripts = st.lists(st.lists(steps, max_size=5), min_size=1, max_size=8)


def as_reported(step, epoch, n_metrics):
    """What a trial does at an epoch; a report without a second metric is kept, and does not count."""
    if step == "unusable":
        return {"epoch": epoch, "loss": "high"}
    if not isinstance(step, tuple):
        return step
    loss, size, memory = step
    metrics = {"epoch": epoch, "loss": loss, "memory": memory}
    return metrics if n_metrics == 1 or size is None else metrics | {"size": size}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=scripts,
    mode=st.sampled_from(["min", "max"]),
    constraint=st.sampled_from([None, "memory"]),
    n_metrics=st.sampled_from([1, 1, 2]),
    pauses=st.booleans(),
    n_workers=st.integers(1, 3),
    lag=st.sampled_from([0.0, 1.5]),
)
def test_it_is_that_of_the_results(play, make_problem, script, mode, constraint, n_metrics, pauses, n_workers, lag):
    objective = Objective(["loss", "size"][:n_metrics], mode, "epoch")
    played = play(
        lambda t, run: [as_reported(step, epoch, n_metrics) for epoch, step in enumerate(script[t % len(script)], 1)],
        problem=make_problem(objective=objective, constraint=constraint),
        scheduler=Decides if pauses else Fifo,
        n_workers=n_workers,
        lag=lag,
        stopping=[count("max_num_trials_started", 8), count("max_num_evaluations", 25)],
        folder=f"run{next(numbers)}",
    )
    told = told_by(played.folder)
    assert told == slowly(played.folder) == read_best_so_far(played.folder, played.metadata)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 100),
    mode=st.sampled_from(["min", "max"]),
    curves=st.sampled_from(["smooth", "broken", "constant"]),
    fail_at=st.dictionaries(st.integers(0, 12), st.integers(0, 9), max_size=5),
    lose_at=st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 1)), st.integers(0, 9), max_size=3),
    dies_after=st.lists(st.integers(3, 60), max_size=3),
)
def test_it_is_so_where_processes_die(tmp_path_factory, seed, mode, curves, fail_at, lose_at, dies_after):
    folder = tmp_path_factory.mktemp("run")
    setup = Setup(
        benchmark=ToyBenchmark(curves=curves, mode=mode),
        seed=seed,
        fail_at=fail_at,
        lose_at=lose_at,
        n_workers=(3,) * (len(dies_after) + 1),
        dies_after=sorted(dies_after),
        max_evaluations=40,
    )
    live(lambda problem, streams: Fifo(problem, streams, RandomSearch(problem, streams)), setup, folder)
    metadata = json.loads((folder / "metadata.json").read_text())
    assert metadata[FIELD] == slowly(folder)
    (folder / "results.csv.zip").unlink()  # then the record is folded
    lost = (FIELD, "ended", "n_reports", "failed_trials")
    kept = {name: value for name, value in metadata.items() if name not in lost}
    (folder / "metadata.json").write_text(json.dumps({**kept, "status": "running"}))
    assert load_experiment(folder).metadata[FIELD] == metadata[FIELD]


def refuse(*_):
    raise AssertionError("the results were read")


def test_the_results_are_read_only_where_a_trial_that_was_best_has_failed(play, monkeypatch):
    monkeypatch.setattr(experiment_record, "read_best_so_far", refuse)
    script = {0: [0.5, 0.25], 1: [0.3, Status.FAILED], 2: [0.25, 0.125]}
    played = play(lambda t, run: script[t], stopping=[count("max_num_trials_finished", 3)])
    assert told_by(played.folder) == {"time": [1.0, 2.0, 5.0], "value": [0.5, 0.25, 0.125]}
    monkeypatch.undo()
    script = {0: [0.5, 0.25], 1: [0.2, Status.FAILED], 2: [0.3, 0.125]}
    played = play(lambda t, run: script[t], stopping=[count("max_num_trials_finished", 3)], folder="again")
    assert told_by(played.folder) == {"time": [1.0, 2.0, 5.0], "value": [0.5, 0.25, 0.125]}


def test_what_was_reported_in_the_shade_of_a_trial_that_fails_is_found(play):
    script = {0: [0.1, 0.1, 0.1, 0.1, Status.FAILED], 1: [0.5, 0.25, 0.25, 0.2]}
    played = play(lambda t, run: script.get(t, [0.9]), n_workers=2, stopping=[count("max_num_trials_finished", 2)])
    assert told_by(played.folder) == {"time": [1.0, 2.0, 4.0], "value": [0.5, 0.25, 0.2]}


def test_a_trial_that_is_going_to_fail_when_the_experiment_ends_does_not_count(play):
    script = {0: [0.1, {"epoch": 2, "loss": "high"}], 1: [0.5, 0.4, 0.3, 0.2]}
    stopping = [count("max_num_evaluations", 5)]
    played = play(lambda t, run: script[t], n_workers=2, lag=9.0, stopping=stopping)
    assert played.metadata["failed_trials"] == [0]
    assert told_by(played.folder) == {"time": [1.0, 2.0, 3.0, 4.0], "value": [0.5, 0.4, 0.3, 0.2]}


def test_without_a_report_there_is_no_improvement(play):
    played = play(lambda t, run: [Status.FAILED], stopping=[count("max_num_trials_finished", 1)])
    assert told_by(played.folder) == {"time": [], "value": []}


def test_an_end_is_told_though_the_results_cannot_be_read_again(play, monkeypatch):
    def fail(*_):
        raise RecordError("the disk is gone")

    monkeypatch.setattr(experiment_record, "read_best_so_far", fail)
    played = play(lambda t, run: [0.5, Status.FAILED], stopping=[count("max_num_trials_finished", 1)])
    assert FIELD not in played.metadata
    assert "ended" in played.metadata


@pytest.mark.parametrize(
    "damaged",
    [
        [],
        {"time": [1.0]},
        {"time": [1.0], "value": []},
        {"time": [2.0, 1.0], "value": [0.5, 0.25]},
        {"time": [1.0], "value": ["0.5"]},
        {"time": [1.0], "value": [math.nan]},
        {"time": [True], "value": [0.5]},
    ],
)
def test_what_cannot_be_one_is_damage(play, damaged):
    played = play(lambda t, run: [0.5], stopping=[count("max_num_trials_finished", 1)])
    (played.folder / "metadata.json").write_text(json.dumps({**played.metadata, FIELD: damaged}))
    with pytest.raises(RecordError, match=r"metadata\.json is damaged: best_so_far is "):
        load_experiment(played.folder)
