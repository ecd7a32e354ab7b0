"""Experiments are collected from folders by their metadata."""

import gc
import json
import os
import shutil

import attrs
import numpy as np
import pytest

from tunekit import load_experiments
from tunekit.config.composition.until import END
from tunekit.results.selection import read_filters
from tunekit.studies.collection import collect
from tunekit.studies.fixed_comparisons import FixedComparison, write_fixed
from tunekit.studies.statistics.sequential import Look
from tunekit_core.errors import ConfigurationError, RecordError

CURVE = {"time": [1.0, 2.5], "value": [0.5, 0.25]}


@pytest.fixture
def put(tmp_path):
    """Put the metadata of an experiment below a folder."""

    def make(name, *, root="results", **changes):
        folder = tmp_path / root / name
        folder.mkdir(parents=True)
        metadata = {
            "experiment_tag": "default", "method": "ASHA", "benchmark": "fcnet", "dataset": "robot_arm", "seed": 0,
            "hash": name, "status": "completed", "format": 3, "metric": ["loss"], "mode": ["min"], "search_space": [],
            "resource": "epoch", "reason": "60 s are over", "time": 60.0, "n_started": 3,
            "n_completed": 2, "n_paused": 0, "n_reports": 9, "n_failed": 0,
            "ended": "2026-01-01T00:00:00.000+00:00", "best_so_far": CURVE, **changes,
        }  # fmt: skip
        kept = {key: value for key, value in metadata.items() if value is not ...}
        (folder / "metadata.json").write_text(json.dumps(kept))
        return folder

    return make


def names(study):
    return [each.path.name for each in study.experiments]


def test_the_metadata_alone_tell_what_is_collected(put, tmp_path):
    put("b", seed=1, method="RS")
    put("a")
    study = load_experiments(tmp_path / "results")
    assert names(study) == ["a", "b"]
    experiment = study.experiments[1]
    assert (experiment.method, experiment.problem, experiment.seed) == ("RS", "fcnet-robot_arm", 1)
    assert experiment.metadata["reason"] == "60 s are over"
    assert (experiment.best.times.tolist(), experiment.best.values.tolist()) == ([1.0, 2.5], [0.5, 0.25])
    assert experiment.best.end == 60.0
    assert (study.unreadable, study.copies) == ({}, {})


def test_seeds_are_in_the_order_of_numbers_and_chosen_by_ranges(put, tmp_path):
    for seed in (10, 9, 2):
        put(f"fcnet-{seed}-a", seed=seed)
    study = load_experiments(tmp_path / "results", where={"seed": "2-9,range(10,12)"})
    assert [each.seed for each in study.experiments] == [2, 9, 10]
    chosen = load_experiments(tmp_path / "results", where={"seed": range(10)})
    assert [each.seed for each in chosen.experiments] == [2, 9]


def test_of_runs_it_is_what_their_results_say(tunekit, results):
    tunekit("method=RS,ASHA", "benchmark=fcnet", "seed=range(2)", "stopping.max_wallclock_time=50", "--multirun")
    study = load_experiments()
    assert len(study.experiments) == 4
    for folder in results.folders():
        metadata = json.loads((folder / "metadata.json").read_text())
        del metadata["best_so_far"]
        (folder / "metadata.json").write_text(json.dumps(metadata))
    for told, read in zip(study.experiments, load_experiments().experiments, strict=True):
        assert told.path == read.path
        np.testing.assert_array_equal(told.best.times, read.best.times)
        np.testing.assert_array_equal(told.best.values, read.best.values)
        assert (told.best.end, told.best.values[-1]) == (read.best.end, told.best_value)


def test_an_experiment_counts_once_however_many_folders_it_lies_in(put, tmp_path):
    folder = put("a")
    put("b")
    (tmp_path / "link").symlink_to(tmp_path / "results")
    study = load_experiments(
        tmp_path / "results", folder, str(tmp_path / "link"), tmp_path / "results" / ".." / "results"
    )
    assert names(study) == ["a", "b"]
    assert study.copies == {}


def test_a_copy_is_left_out_and_told(put, tmp_path):
    folder = put("a")
    copy = tmp_path / "elsewhere" / "z"
    shutil.copytree(folder, copy)
    study = load_experiments(tmp_path / "results", tmp_path / "elsewhere")
    assert [each.path for each in study.experiments] == [copy]  # of equal ones the first by path
    assert study.copies == {folder: copy}


def test_of_copies_a_complete_one_is_kept_and_else_the_last_active(put, tmp_path):
    later = "2026-02-01T00:00:00.000+00:00"
    complete = put("a1", hash="a")
    interrupted = put("a2", hash="a", status="interrupted", ended=later)
    old, new = put("b1", hash="b"), put("b2", hash="b", ended=later)
    study = load_experiments(tmp_path / "results")
    assert [each.path for each in study.experiments] == [complete, new]
    assert study.copies == {interrupted: complete, old: new}


def test_a_copy_of_an_experiment_without_a_hash_is_one_that_began_at_the_same_moment(put, tmp_path):
    began = "2026-01-01T00:00:00.123+00:00"
    put("a", hash=..., started=began)
    put("b", hash=..., started=began)
    put("c", hash=..., started=began, n_reports=10)
    study = load_experiments(tmp_path)
    assert len(study.experiments) == 2
    assert len(study.copies) == 1


def test_experiments_without_a_hash_are_no_copies_of_each_other(put, tmp_path):
    put("a", hash=...)
    put("b", hash=...)
    assert names(load_experiments(tmp_path / "results")) == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"method": "asha"}, ["a", "c"]),
        ({"method": ["RS", "BO*"]}, ["b"]),
        ({"seed": range(1, 3)}, ["b", "c"]),
        ({"seed": 2, "tag": "default"}, ["c"]),
        ({"method": "none"}, []),
        (read_filters(["seed=0"], ""), ["a"]),
    ],
)
def test_filters_are_those_of_the_command_line(put, tmp_path, where, expected):
    put("a")
    put("b", method="RS", seed=1)
    put("c", seed=2)
    assert names(load_experiments(tmp_path / "results", where=where)) == expected


def test_the_copy_that_passes_the_filters_is_no_copy(put, tmp_path):
    put("a1", hash="a", experiment_tag="one")
    put("a2", hash="a", experiment_tag="two")
    study = load_experiments(tmp_path / "results", where={"tag": "two"})
    assert names(study) == ["a2"]
    assert study.copies == {}


@pytest.mark.parametrize("where", [{"tag": ["first", "late"]}, {"tag": "late"}])
def test_a_rule_beside_copies_counts_wherever_the_runs_are(put, tmp_path, where):
    runs = tuple(tuple(f"{method}{seed}" for seed in range(6)) for method in ("A", "B"))
    rule = FixedComparison("fcnet", ("A", "B"), runs, tuple(range(6)), (6,), END, 0.05, 1)
    looked = attrs.evolve(rule, taken=(Look(6, 0.03, 0.05, True, True),))
    put("first/A/run", hash="A0", experiment_tag="first")
    put("late/A/run", hash="A0", experiment_tag="late", ended="2026-02-01T00:00:00.000+00:00")
    put("other/A/run", hash="C0", experiment_tag="other")
    write_fixed(tmp_path / "results" / "first", looked)
    (tmp_path / "results" / "other" / "until-0.json").write_text("")
    study = load_experiments(tmp_path / "results", where=where)
    assert (study.fixed, study.unreadable) == ([looked], {})
    write_fixed(tmp_path / "results" / "late", rule)  # of one rule, the one with the most looks
    assert load_experiments(tmp_path / "results", where={"tag": ["first", "late"]}).fixed == [looked]


@pytest.mark.parametrize(
    "where",
    [
        *({"seed": value} for value in ("x", True, 0.5, [0, "x"], [None], {"a": 1})),
        *({"method": value} for value in (b"ASHA", [b"ASHA"], None, [["ASHA"]], {"ASHA": 1})),
    ],
    ids=str,
)
def test_what_no_filter_takes_is_refused(put, tmp_path, where):
    put("a")
    with pytest.raises(ConfigurationError, match=r"^(where: |seed=)"):
        load_experiments(tmp_path, where=where)


def test_a_seed_may_be_a_number_of_numpy(put, tmp_path):
    put("a", seed=1)
    put("b", seed=2)
    assert names(load_experiments(tmp_path, where={"seed": np.int64(1)})) == ["a"]
    assert names(load_experiments(tmp_path, where={"seed": np.arange(2)})) == ["a"]


def test_an_unknown_filter_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no filter 'methods'\. Did you mean 'method'\?"):
        load_experiments(tmp_path, where={"methods": "ASHA"})


@pytest.mark.parametrize("where", ["method=ASHA", ["ASHA"], {"seed": None}, {"method": []}])
def test_filters_of_another_type_are_refused(tmp_path, where):
    with pytest.raises(ConfigurationError, match=r"In Python: where=\{'method': 'ASHA'|method= lacks a value"):
        load_experiments(tmp_path, where=where)


@pytest.mark.parametrize("given", [["nowhere"], []])
def test_a_folder_that_does_not_exist_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNEKIT_RESULTS", "nowhere")
    with pytest.raises(ConfigurationError, match="nowhere is no folder"):
        load_experiments(*given)


def test_what_cannot_be_read_is_told(put, tmp_path):
    put("a")
    damaged, lost = put("b"), put("c", best_so_far=...)
    (damaged / "metadata.json").write_text("{")
    study = load_experiments(tmp_path / "results")
    assert names(study) == ["a"]
    assert sorted(study.unreadable) == [damaged, lost]
    assert "metadata.json cannot be read" in study.unreadable[damaged]
    assert "results.csv.zip is damaged: there is no such file" in study.unreadable[lost]


def test_what_has_not_come_to_its_end_has_no_best_value(put, tmp_path):
    put("killed", status="running", n_reports=..., time=..., best_so_far=..., ended=...)
    put("never began", status="failed", metric=..., n_reports=..., time=..., best_so_far=...)
    study = load_experiments(tmp_path / "results")
    assert [(each.status.value, each.best) for each in study.experiments] == [("interrupted", None), ("failed", None)]


def test_without_an_improvement_there_is_no_value_at_any_time(put, tmp_path):
    put("a", best_so_far={"time": [], "value": []})
    (experiment,) = load_experiments(tmp_path / "results").experiments
    assert np.isnan(experiment.best.at(np.array([0.0, 60.0]))).all()


def test_one_is_collected_from_its_folder(put, tmp_path):
    assert collect(put("a")).best.values[-1] == 0.25
    with pytest.raises(RecordError, match="holds no experiment"):
        collect(tmp_path)


def test_of_each_experiment_one_file_is_opened(put, tmp_path, monkeypatch):
    for name in "abc":
        put(name)
    opened = []
    open_file = os.open
    monkeypatch.setattr(os, "open", lambda path, *how: opened.append(os.path.basename(path)) or open_file(path, *how))
    load_experiments(tmp_path / "results")
    assert opened == ["metadata.json"] * 3


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_is_collected_afterwards_as_before(put, tmp_path, is_enabled):
    put("a")
    try:
        if not is_enabled:
            gc.disable()
        load_experiments(tmp_path / "results")
        with pytest.raises(ConfigurationError):
            load_experiments(tmp_path / "nowhere")
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()
