"""The summary of a sweep: intervals, labels, figures."""

import csv
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from tunekit.console import print_stderr, print_stdout
from tunekit.figures.best_values import draw
from tunekit.results.best_so_far import BestSoFar, best_so_far_of
from tunekit.results.summary import disk_use
from tunekit.studies.panels import MethodCurves, Panel


def best(times, values, end=100.0):
    return BestSoFar(np.array(times, float), np.array(values, float), end)


def write_results(folder, rows):
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with zipfile.ZipFile(folder / "results.csv.zip", "w") as archive:
        archive.writestr("results.csv", buffer.getvalue())


values = st.one_of(st.floats(-10, 10), st.sampled_from([np.nan, np.inf, -0.0]))


@given(values=st.lists(values, min_size=1, max_size=30), mode=st.sampled_from(["min", "max"]))
def test_best_so_far_agrees_with_the_slow_way(values, mode, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_results(folder, [{"loss": value, "trial_id": 0, "st_tuner_time": i} for i, value in enumerate(values)])
    curve = best_so_far_of(folder, {"metric": ["loss"], "mode": [mode], "time": len(values)})
    for i in range(len(values)):
        finite = [value for value in values[: i + 1] if np.isfinite(value)]
        expected = (min if mode == "min" else max)(finite) if finite else np.nan
        np.testing.assert_equal(curve.at(np.array([i + 0.5]))[0], expected)


def test_only_what_meets_the_constraint_is_best_so_far(tmp_path):
    metadata = {"metric": ["loss"], "mode": ["min"], "time": 4, "constraint": "memory"}
    steps = [(0.1, 2.0), (0.9, 0.0), (0.2, ""), (0.3, "nan"), (0.7, -1.0)]
    rows = [{"trial_id": i, "loss": y, "memory": c, "st_tuner_time": i} for i, (y, c) in enumerate(steps)]
    write_results(tmp_path, rows)
    curve = best_so_far_of(tmp_path, metadata)
    np.testing.assert_array_equal(curve.at(np.arange(5.0)), [np.nan, 0.9, 0.9, 0.9, 0.7])
    write_results(tmp_path, [{"trial_id": 0, "loss": 0.1, "st_tuner_time": 0}])
    assert np.isnan(best_so_far_of(tmp_path, metadata).at(np.array([1.0]))).all()


def test_yes_and_no_are_numbers(tmp_path):
    """A script may report whether something holds; what it reports is in the results as it came."""
    metadata = {"metric": ["solved"], "mode": ["max"], "time": 4, "constraint": "too_large"}
    steps = [(True, True), (False, False), (1, True), (True, 0)]
    rows = [{"trial_id": i, "solved": y, "too_large": c, "st_tuner_time": i} for i, (y, c) in enumerate(steps)]
    write_results(tmp_path, rows)
    curve = best_so_far_of(tmp_path, metadata)
    np.testing.assert_array_equal(curve.at(np.arange(4.0)), [np.nan, 0.0, 0.0, 1.0])


def test_before_the_first_report_there_is_no_value():
    assert np.isnan(best([10.0], [1.0]).at(np.array([9.0]))[0])
    assert best([10.0], [1.0]).at(np.array([10.0]))[0] == 1.0


def panel(shift=0.0):
    curves = [best([1.0, 20.0 + i], [1.0, 0.01 + shift + 0.001 * i]) for i in range(3)]
    methods = [MethodCurves("ASHA", curves), MethodCurves("RS", curves[:1])]
    return Panel("fcnet-robot_arm", "loss", "min", 100.0, methods)


def test_equal_data_give_equal_figures(tmp_path):
    first = [file.read_bytes() for file in draw([panel()], tmp_path / "first")]
    second = [file.read_bytes() for file in draw([panel()], tmp_path / "second")]
    assert first == second


def test_a_figure_is_drawn_again_only_when_its_data_change(tmp_path):
    files = draw([panel()], tmp_path / "figure")
    before = [file.stat().st_mtime_ns for file in files]
    assert [file.stat().st_mtime_ns for file in draw([panel()], tmp_path / "figure")] == before
    content = files[0].read_bytes()
    draw([panel(shift=0.1)], tmp_path / "figure")
    assert files[0].read_bytes() != content


def test_table_and_metadata_agree_with_the_results(tunekit, results):
    finished = tunekit("method=RS", "--multirun", "seed=range(3)", "stopping.max_wallclock_time=400")
    ends = [json.loads((folder / "metadata.json").read_text())["incumbent"] for folder in results.folders()]
    values = [end["metrics"]["metric_valid_loss"] for end in ends]
    frames = [pd.read_csv(folder / "results.csv.zip") for folder in results.folders()]
    assert values == [frame["metric_valid_loss"].min() for frame in frames]
    (cells,) = [line.split() for line in finished.out.splitlines() if line.split()[:1] == ["RS"]]
    assert cells[1] == "3"
    digits = len(cells[-1].partition(".")[2])  # those in which so few runs agree
    assert digits >= 2
    assert float(cells[-1]) == pytest.approx(np.median(values), rel=0, abs=0.5 * 10**-digits)


def test_what_a_script_wrote_does_not_steer_the_terminal(capsys):
    print_stdout("Trial 0: \x1b[31m[red]\x1b[0m \x1b[2J\x1b]0;title\x07 \udc80\nnext")
    print_stderr("Trial 0: \x1b[2J")
    assert capsys.readouterr() == ("Trial 0: [red]  [2J ]0;title   \nnext\n", "Trial 0:  [2J\n")


def test_the_size_of_results_is_not_that_of_what_links_lead_to(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "checkpoint").symlink_to("/")
    (tmp_path / "1").symlink_to("/")
    assert disk_use(tmp_path) == ""
    (tmp_path / "2" / "checkpoint").mkdir(parents=True)
    (tmp_path / "2" / "checkpoint" / "model").write_bytes(b"x" * 3000)
    (tmp_path / "2" / "checkpoint" / "link").symlink_to("/")
    assert disk_use(tmp_path) == " (3 kB, 3 kB of it checkpoints)"


def test_what_a_script_has_published_counts_as_checkpoints_and_other_files_do_not(tmp_path):
    sizes = {"checkpoint/a": 1000, "checkpoints/3/a": 2000, "checkpoints/9/a": 4000, "out/a": 8000}
    for name, n_bytes in sizes.items():
        path = tmp_path / "0" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * n_bytes)
    assert disk_use(tmp_path) == " (15 kB, 7 kB of it checkpoints)"
