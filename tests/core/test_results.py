"""The table of results: every value comes back as it was, and equal experiments are equal bytes."""

import contextlib
import csv
import io
import math
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunekit_core.contracts.trials import Decision, Report, Trial
from tunekit_core.records.load import Experiment
from tunekit_core.records.results import ResultsWriter
from tunekit_core.space import SearchSpace, choice, uniform

CONFIGURATION = {"x": 0.25, "act": "relu"}
SPACE = SearchSpace({"x": uniform(0.0, 1.0), "act": choice(["relu", "tanh"])})
X = SearchSpace({"x": uniform(0.0, 1000.0)})
FIXED = ["st_decision", "st_status", "trial_id", "config_x", "config_act", "st_tuner_time"]


@pytest.fixture
def write(tmp_path):
    """Writes rows: (metrics, columns of the composers) or metrics alone, with trial 0 unless given."""

    def run(*rows, configuration=CONFIGURATION, decision=Decision.CONTINUE):
        with contextlib.closing(ResultsWriter(tmp_path, SearchSpace(configuration))) as writer:
            for number, row in enumerate(rows, start=1):
                metrics, *composed = row if isinstance(row, tuple) else (row,)
                trial, report = Trial(0, configuration), Report(0, 0, number, metrics, (0.0,), float(number))
                writer.row(trial, report, decision, composed)
        return tmp_path / "results.csv.zip"

    return run


def lines(path):
    """The rows as text, header first, by the csv module."""
    return list(csv.reader(io.StringIO(text_of(path), newline="")))


def text_of(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["results.csv"]
        return archive.read("results.csv").decode("utf-8")


def read(path, space=SPACE):
    """The rows as :func:`tunekit_core.load_experiment` gives them."""
    return Experiment(path.parent, {"status": "completed", "search_space": space.to_json()}).results


def test_columns_are_metrics_then_what_was_decided_then_the_trial_then_what_composers_add(write):
    path = write(({"epoch": 1, "loss": 0.5, "seconds": 2.0}, {"rung": 3}, {"extra": "a"}))
    assert lines(path) == [
        ["epoch", "loss", "seconds", *FIXED, "rung", "extra"],
        ["1", "0.5", "2.0", "CONTINUE", "Running", "0", "0.25", "relu", "1.0", "3", "a"],
    ]


@pytest.mark.parametrize(
    ("decision", "text", "status"),
    [
        (Decision.CONTINUE, "CONTINUE", "Running"),
        (Decision.PAUSE, "PAUSE", "Paused"),
        (Decision.STOP, "STOP", "Stopped"),
    ],
)
def test_the_status_is_the_one_after_the_decision(write, decision, text, status):
    (_, row) = lines(write({"loss": 0.5}, decision=decision))
    assert row[1:3] == [text, status]


def test_a_column_that_appears_later_is_empty_in_the_rows_before(write):
    path = write({"loss": 1.0}, ({"loss": 2.0, "new": "n"}, {"rung": 1}), {"loss": 3.0}, {"new": "m", "loss": 4.0})
    assert lines(path) == [
        ["loss", *FIXED, "new", "rung"],
        ["1.0", "CONTINUE", "Running", "0", "0.25", "relu", "1.0", "", ""],
        ["2.0", "CONTINUE", "Running", "0", "0.25", "relu", "2.0", "n", "1"],
        ["3.0", "CONTINUE", "Running", "0", "0.25", "relu", "3.0", "", ""],
        ["4.0", "CONTINUE", "Running", "0", "0.25", "relu", "4.0", "m", ""],
    ]


def test_a_column_that_appears_after_thousands_of_rows_leaves_them_as_they_were(write):
    rows = [{"loss": number / 7, "text": f"a,{number}\n"} for number in range(2500)]
    before = lines(write(*rows))
    after = lines(write(*rows, {"loss": 0.0, "text": "", "late": 1}))
    assert [row[:-1] for row in after[:-1]] == before
    assert [row[-1] for row in after] == ["late", *[""] * 2500, "1"]


def test_columns_that_appear_one_by_one_among_many_rows_leave_every_cell_in_its_place(write):
    rows = [{"loss": number, "text": f"a,{number}\n"} for number in range(2500)]
    for number in range(0, 2500, 100):
        rows[number][f"m{number}"] = number
    header, *written = lines(write(*rows))
    names = [f"m{number}" for number in range(100, 2500, 100)]
    assert header == ["loss", "text", "m0", *FIXED, *names]
    for number, row in enumerate(written):
        assert row[:3] == [str(number), f"a,{number}\n", "0" if number == 0 else ""]
        assert row[9:] == [str(number) if name == f"m{number}" else "" for name in names]


def test_however_many_columns_appear_the_file_is_copied_once(write, monkeypatch):
    written = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file, mode="r", *options, **more):
            written.extend([file] * (mode == "x"))
            super().__init__(file, mode, *options, **more)

    monkeypatch.setattr("zipfile.ZipFile", Counted)
    write({"loss": 0.5}, {"loss": 0.5}, {"loss": 0.5})
    assert len(written) == 1
    write(*[{"loss": 0.5, f"m{number}": 1.0} for number in range(300)])
    assert len(written) == 3


def test_a_metric_with_the_name_of_a_fixed_column_gives_way(write):
    path = write(*[({"trial_id": 77, "loss": 1.0, "st_decision": "?"}, {"loss": 9.0, "new": 1})] * 3)
    header, *rows = lines(path)
    assert len(set(header)) == len(header)
    assert all(len(row) == len(header) for row in rows)
    assert [dict(zip(header, row, strict=True)) for row in rows] == [
        {
            "trial_id": "0",
            "loss": "9.0",
            "st_decision": "CONTINUE",
            "st_status": "Running",
            "config_x": "0.25",
            "config_act": "relu",
            "st_tuner_time": f"{number}.0",
            "new": "1",
        }
        for number in (1, 2, 3)
    ]


AWKWARD = ["a,b", 'say "hi"', "two\nlines", "back\rspace", "both\r\n", "", " blank ", "ünï→", "'", '"', ",", "\t"]


@pytest.mark.parametrize("text", AWKWARD)
def test_text_comes_back_as_it_was_whatever_is_in_it(write, text):
    configuration = {"x": 0.5, "act": text}
    path = write({"loss": 1.0, "note": text}, {"loss": 2.0, "note": text, "new": text}, configuration=configuration)
    for row in lines(path)[1:]:
        assert len(row) == 9
        assert (row[1], row[6]) == (text, text)
    assert lines(path)[2][-1] == text


def test_the_character_nul_is_written_like_any_other_also_when_a_column_is_added_later(write):
    path = write({"loss": 1.0, "note": "a\0b"}, {"loss": 2.0, "note": '"\0,\n', "new": "\0"})
    assert text_of(path) == (
        "loss,note,st_decision,st_status,trial_id,config_x,config_act,st_tuner_time,new\n"
        "1.0,a\0b,CONTINUE,Running,0,0.25,relu,1.0,\n"
        '2.0,"""\0,\n",CONTINUE,Running,0,0.25,relu,2.0,\0\n'
    )


@pytest.mark.parametrize("text", ["None", "NA", "null", "N/A", "nan ", "NULL", "n/a", "<NA>"])
def test_text_that_looks_like_nothing_stays_text(write, text):
    configuration = {"x": 0.5, "act": text}
    frame = read(write({"loss": 1.0}, {"loss": 2.0}, configuration=configuration), SearchSpace(configuration))
    assert list(frame["config_act"]) == [text, text]


def test_values_that_are_not_finite_come_back(write):
    frame = read(write(*[{"loss": loss} for loss in (math.nan, math.inf, -math.inf, 1.0)]))
    np.testing.assert_array_equal(frame["loss"], [math.nan, math.inf, -math.inf, 1.0])
    assert frame["loss"].dtype == np.float64


def test_missing_values_are_empty(write):
    frame = read(write({"loss": 1.0, "a": None, "b": 1}, {"loss": 2.0, "a": 3, "b": None}))
    assert frame["a"].isna().tolist() == [True, False]
    assert frame["b"].isna().tolist() == [False, True]


def test_numbers_of_numpy_are_written_as_numbers(tmp_path):
    metrics = {"a": np.float64(0.1), "b": np.float32(0.5), "c": np.int64(3), "d": np.bool_(True), "e": True}
    writer = ResultsWriter(tmp_path, X)
    for time in (np.float64(1.5), np.float64(2.5), 3):
        writer.row(Trial(0, {"x": np.float64(0.25)}), Report(0, 0, 1, metrics, (0.0,), time), Decision.CONTINUE, [])
    writer.close()
    _, *rows = lines(tmp_path / "results.csv.zip")
    assert rows[0] == ["0.1", "0.5", "3", "True", "True", "CONTINUE", "Running", "0", "0.25", "1.5"]
    assert [row[-1] for row in rows] == ["1.5", "2.5", "3"]


def test_every_trial_has_its_own_configuration_also_in_a_large_experiment(tmp_path):
    writer = ResultsWriter(tmp_path, X)
    order = [*range(5000), *range(0, 5000, 7), 4999, 0]
    trials = [Trial(number, {"x": number / 8}) for number in range(5000)]
    for number in order:
        writer.row(trials[number], Report(number, 0, 1, {"loss": 0.5}, (0.5,), 1.0), Decision.CONTINUE, [])
    writer.close()
    frame = read(tmp_path / "results.csv.zip", X)
    assert list(frame["trial_id"]) == order
    np.testing.assert_array_equal(frame["config_x"], np.array(order) / 8)


def test_a_late_column_of_text_is_read_without_a_warning(tmp_path):
    writer = ResultsWriter(tmp_path, X)
    trial = Trial(0, {"x": 1.0})
    for number in range(60_000):
        more = {"note": f"text {number}"} if number > 30_000 else {"note": None}
        report = Report(0, 0, number, {"loss": 0.123456789, **more}, (0.0,), float(number))
        writer.row(trial, report, Decision.CONTINUE, [])
    writer.close()
    assert len(read(tmp_path / "results.csv.zip", X)) == 60_000


def test_an_experiment_without_a_report_has_no_rows(write):
    frame = read(write())
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 0


def test_nothing_but_the_results_is_left_behind(write):
    path = write({"loss": 1.0}, {"loss": 1.0, "new": 2})
    assert [file.name for file in path.parent.iterdir()] == ["results.csv.zip"]


def test_the_file_has_its_name_only_when_it_is_whole(tmp_path):
    writer = ResultsWriter(tmp_path, X)
    writer.row(Trial(0, {"x": 1.0}), Report(0, 0, 1, {"loss": 0.5}, (0.5,), 1.0), Decision.CONTINUE, [])
    assert [file.name for file in tmp_path.iterdir()] == ["results.csv.zip.part"]
    writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["results.csv.zip"]


def test_equal_rows_are_equal_bytes_whenever_they_are_written(write, monkeypatch):
    rows = [{"loss": number / 3, "text": f"{number}"} for number in range(1500)]
    first = write(*rows).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert write(*rows).read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


# The csv module of Python 3.10 cannot read the character NUL.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
cells = st.one_of(st.floats(), st.integers(-(10**12), 10**12), st.booleans(), st.none(), texts)
metrics = st.dictionaries(st.sampled_from(["loss", "a,b", 'q"q', "new\nline", "z"]), cells, min_size=1)


def _text(value):
    return "" if value is None else str(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(metrics, st.dictionaries(st.sampled_from(["c1", "c2"]), cells)), min_size=1, max_size=8))
def test_every_cell_comes_back_in_its_column(write, rows):
    header, *written = lines(write(*rows))
    assert len(set(header)) == len(header)
    assert set(header) == {*FIXED, *(name for metrics, composed in rows for name in (*metrics, *composed))}
    for (metrics, composed), row in zip(rows, written, strict=True):
        cells = dict(zip(header, row, strict=True))
        given = {**metrics, **composed}
        assert {name: cells[name] for name in given} == {name: _text(value) for name, value in given.items()}
        assert all(cells[name] == "" for name in header if name not in given and name not in FIXED)


def test_a_row_as_before_has_a_cell_for_each_column_that_came_since(write):
    header, *rows = lines(write(*[({"loss": 0.5}, {})] * 2, ({"loss": 0.5}, {"c1": 7}), ({"loss": 0.5}, {})))
    assert [len(row) for row in rows] == [len(header)] * 4
    assert [row[header.index("c1")] for row in rows] == ["", "", "7", ""]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(losses=st.lists(st.floats(), min_size=1, max_size=20))
def test_numbers_are_read_back_to_the_bit(write, losses):
    frame = read(write(*[{"loss": loss} for loss in losses]))
    np.testing.assert_array_equal(frame["loss"].to_numpy(float), np.array(losses))
