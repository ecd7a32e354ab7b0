"""Figures of one experiment: fit for a paper, whatever is in it."""

import warnings
from io import BytesIO

import numpy as np
import pytest
from matplotlib import rc_context

from tests.app.figures.made import experiment, trial
from tests.app.figures.readable import assert_readable
from tunekit import figures
from tunekit.figures import (
    NothingToShow,
    cost_over_time,
    hyperparameter_importance,
    hypervolume_over_time,
    learning_curves,
    parallel_coordinates,
    pareto_front,
    rung_occupancy,
    worker_timeline,
)
from tunekit_core import load_experiment

OF_ONE_METRIC = (
    *(learning_curves, rung_occupancy, parallel_coordinates, hyperparameter_importance, worker_timeline),
    cost_over_time,
)
OF_SEVERAL = (pareto_front, hypervolume_over_time)
HOSTILE = ["$x$", "$\\frac{", "_hidden", "a" * 70, "方法一 😀", "name with = / and . in it, and that goes on"]


def asha(n=60, **columns):
    """Trials that pause at 1 and 3; every third goes on, from 9 the best."""
    rows = []
    draws = np.random.default_rng(0)
    for i in range(n):
        length = 9 if i % 9 == 0 else 3 if i % 3 == 0 else 1
        losses = draws.uniform(0.5, 1.5) / np.arange(1, length + 1)
        decisions = {1: "PAUSE", 3: "PAUSE"}
        rows += trial(i, losses.tolist(), start=i // 2 * 9.0, decisions=decisions, st_worker_cost=0.5, **columns)
    return rows


@pytest.fixture
def usual(tmp_path):
    return experiment(tmp_path / "usual", asha(), failed=[4, 9])


def several(folder, n_metrics=2, **told):
    draws = np.random.default_rng(0)
    rows = []
    for i in range(40):
        x = draws.uniform()
        others = {"latency": 1 / (0.1 + x) + draws.uniform(), "memory": (x - 0.5) ** 2, "limit": 0.9 - x}
        rows += trial(i, [x, x / 2], start=2.0 * i, **others)
    return experiment(folder, rows, metrics=("loss", "latency", "memory")[:n_metrics], **told)


def titles(figure):
    return "\n".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize("draw", OF_ONE_METRIC)
def test_texts_can_be_read(draw, usual):
    with warnings.catch_warnings(action="error"):
        figure = draw(usual)
        assert_readable(figure)
    assert figure.get_figwidth() in (3.4, 7.0)
    assert "ASHA on made, seed 0" in titles(figure)


@pytest.mark.parametrize("draw", OF_ONE_METRIC)
def test_names_of_every_kind_are_shown(draw, tmp_path):
    space = {name: "uniform(0, 1)" for name in HOSTILE[:5]} | {HOSTILE[5]: HOSTILE}
    rows = [{**row, "_loss$": row["loss"], "epoch $\\alpha": row["epoch"]} for row in asha(24)]
    told = {"method": HOSTILE[5], "benchmark": HOSTILE[3], "dataset": HOSTILE[4], "resource": "epoch $\\alpha"}
    made = experiment(tmp_path / "x", rows, space=space, metrics=["_loss$"], **told)
    assert_readable(draw(made))


@pytest.mark.parametrize("n_metrics", [2, 3])
@pytest.mark.parametrize("draw", OF_SEVERAL)
def test_texts_of_several_metrics_can_be_read(draw, n_metrics, tmp_path):
    with warnings.catch_warnings(action="error"):
        figure = draw(several(tmp_path / "x", n_metrics, constraint="limit", failed=[3]))
        assert_readable(figure)


ONE = ([0.5], [0.5, float("nan"), 0.4], [3.0, 3.0], [1e300, -1e300])
CASES = [*((learning_curves, losses) for losses in ONE), (parallel_coordinates, ONE[1])]


@pytest.mark.parametrize(("draw", "losses"), [*CASES, (worker_timeline, ONE[0]), (cost_over_time, ONE[0])])
def test_one_trial_is_drawn(draw, losses, tmp_path):
    with warnings.catch_warnings(action="error"):
        assert_readable(draw(experiment(tmp_path / "x", trial(0, losses, st_worker_cost=0.0))))


@pytest.mark.parametrize("draw", [*OF_ONE_METRIC, *OF_SEVERAL])
def test_an_experiment_without_a_report_is_refused(draw, tmp_path):
    with pytest.raises(NothingToShow, match="no trial has reported"):
        draw(experiment(tmp_path / "x", []))


def test_equal_data_give_equal_bytes_whatever_the_user_has_set(usual, tmp_path):
    def content(suffix):
        worker_timeline(usual.path).savefig(tmp_path / f"figure{suffix}")
        return (tmp_path / f"figure{suffix}").read_bytes()

    before = [content(suffix) for suffix in (".pdf", ".png", ".svg")]
    with rc_context({"font.size": 20, "pdf.fonttype": 3, "savefig.bbox": "tight", "axes.formatter.limits": (0, 0)}):
        after = [content(suffix) for suffix in (".pdf", ".png", ".svg")]
    assert after == before
    assert b"/CreationDate" not in before[0]
    assert b"/FontFile2" in before[0]


def test_a_notebook_shows_a_figure_and_a_file_without_suffix_gets_one(usual, tmp_path):
    figure = cost_over_time(usual)
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.savefig(tmp_path / "cost")
    figure.savefig(tmp_path / "cost.jpg")
    assert sorted(file.name for file in tmp_path.glob("cost*")) == ["cost.jpg", "cost.png"]


def test_an_experiment_is_given_as_it_is_or_by_its_folder_or_name(usual, monkeypatch):
    monkeypatch.setenv("TUNEKIT_RESULTS", str(usual.path.parent))
    shown = [titles(learning_curves(given)) for given in (usual, usual.path, str(usual.path), "usual")]
    assert len(set(shown)) == 1


def test_the_door_has_what_it_says():
    assert sorted(figures._HOMES) == figures.__all__
    assert all(callable(getattr(figures, name)) for name in figures.__all__)
    assert not hasattr(figures, "no_such_figure")


def test_thousands_of_trials_stay_small(tmp_path):
    rows = [row for i in range(2300) for row in trial(i, (1 / np.arange(1, 10) + i / 2300).tolist(), start=i)]
    file = BytesIO()
    learning_curves(experiment(tmp_path / "x", rows)).savefig(file, format="pdf")
    assert len(file.getvalue()) < 200_000


def test_learning_curves_say_what_failed_and_what_is_outside(tmp_path):
    rows = [row for i in range(100) for row in trial(i, [1.0 + i / 100, 0.5])] + trial(100, [1e9, 0.4])
    figure = learning_curves(experiment(tmp_path / "x", rows, failed=[1, 2]))
    (axis,) = figure.axes
    assert "101 trials, 2 failed; 1 with values beyond the axes" in titles(figure)
    assert titles(figure).count("\n") <= 2
    assert axis.get_ylim()[1] < 3
    (failed,) = [line for line in axis.lines if line.get_marker() == "x"]
    assert failed.get_xydata().tolist() == [[2, 0.5], [2, 0.5]]
    (star,) = [line for line in axis.lines if line.get_marker() == "*"]
    assert star.get_xydata().tolist() == [[2, 0.4]]


def test_rungs_are_lines_and_pauses_are_marked(usual):
    axis = learning_curves(usual).axes[0]
    upright = [line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 0.5]
    assert upright == [1, 3]
    (paused,) = [line for line in axis.lines if line.get_marker() == "o" and len(line.get_xdata()) > 60]
    assert len(paused.get_xdata()) == 60 + 20


def test_what_was_stopped_is_marked_otherwise(tmp_path):
    rows = [row for i in range(9) for row in trial(i, [1.0, 0.5], decisions={2: "STOP"})]
    figure = learning_curves(experiment(tmp_path / "x", rows))
    assert [text.get_text() for text in figure.legends[0].texts] == ["a trial", "the best trial", "stopped", "rung"]


def test_curves_of_hundreds_of_trials_look_as_in_the_legend(tmp_path):
    rows = [row for i in range(400) for row in trial(i, [1.0, 0.5 + i / 400], decisions={2: "STOP"})]
    figure = learning_curves(experiment(tmp_path / "x", rows))
    (curves,) = figure.axes[0].collections
    shown = figure.legends[0].get_lines()[0]
    assert shown.get_alpha() == curves.get_alpha() >= 0.35
    assert shown.get_linewidth() == curves.get_linewidths()[0]


def test_what_still_ran_at_the_end_is_marked(tmp_path):
    rows = trial(0, [1.0] * 9) + trial(1, [0.9, 0.8], start=7.0) + trial(2, [0.7], decisions={1: "STOP"})
    figure = learning_curves(experiment(tmp_path / "x", rows))
    (running,) = [line for line in figure.axes[0].lines if line.get_marker() == ">"]
    assert running.get_xydata().tolist() == [[2, 0.8]]
    assert "still ran at the end" in [text.get_text() for text in figure.legends[0].texts]
    untold = learning_curves(experiment(tmp_path / "untold", rows, max_resource=None))
    assert "still ran at the end" not in [text.get_text() for text in untold.legends[0].texts]


def test_the_axis_of_resources_has_the_rungs(usual):
    axis = learning_curves(usual).axes[0]
    assert axis.get_xscale() == "log"
    assert [text.get_text() for text in axis.get_xticklabels()] == ["1", "3", "9"]


def test_a_single_resource_is_the_only_tick(tmp_path):
    axis = learning_curves(experiment(tmp_path / "x", trial(0, [1.0]) + trial(1, [2.0]))).axes[0]
    assert axis.get_xticks().tolist() == [1]


def test_every_worker_has_a_row_and_a_number(tmp_path):
    rows = [row for i in range(3) for row in trial(i, [1.0, 0.5])]
    axis = worker_timeline(experiment(tmp_path / "x", rows)).axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["1", "2", "3"]


def test_the_legend_of_workers_says_how_runs_ended_not_what_they_were(usual):
    shown = [text.get_text() for text in worker_timeline(usual).legends[0].texts]
    assert shown == ["ended by a pause", "ended by completion", "ended by failure"]


def test_occupancy_counts_trials_once(tmp_path):
    rows = trial(0, [1.0, 0.5, 0.4], decisions={2: "PAUSE"}) + trial(1, [1.0, 0.5], decisions={2: "PAUSE"}, start=0.5)
    rows += trial(0, [1.0, 0.5], start=9.0)  # begun again, without a checkpoint
    figure = rung_occupancy(experiment(tmp_path / "x", rows))
    (line,) = figure.axes[0].lines
    assert np.nanmax(line.get_ydata()) == 2


def test_the_highest_resource_is_a_rung_of_its_own(usual):
    figure = rung_occupancy(usual)
    assert [text.get_text() for text in figure.legends[0].texts] == ["epoch 9", "epoch 3", "epoch 1"]


def test_trials_without_a_report_are_told_by_learning_curves(tmp_path):
    figure = learning_curves(experiment(tmp_path / "x", trial(0, [1.0, 0.5]) + trial(1, [2.0, 1.0]), n_started=3))
    assert "2 of 3 trials have reported" in titles(figure)


def test_a_name_is_not_broken_where_a_line_holds_it(usual):
    ruler = learning_curves(usual).ruler
    wide = ruler._width("loss (and share)") + 0.01
    assert ruler.in_lines("Divergence for val_loss (and share)", wide) == "Divergence for\nval_loss (and\nshare)"
    assert ruler.in_lines("a_name-that.is_wider_than_a_line", wide).startswith("a_name-that.is_\n")


def test_without_rungs_there_is_no_occupancy(tmp_path):
    with pytest.raises(NothingToShow, match="its scheduler has no rungs"):
        rung_occupancy(experiment(tmp_path / "x", trial(0, [1.0, 0.5])))


def test_recorded_and_counted_sizes_of_rungs_agree(tunekit, results):
    from tunekit.figures.rungs_over_time import rung_size
    from tunekit.results.rungs import rungs
    from tunekit.results.trial_reports import read_trial_reports

    assert tunekit("method=ASHA", "composers.rung_sizes=true", "stopping.max_wallclock_time=300").status == 0
    (folder,) = results.folders()
    recorded = read_trial_reports(load_experiment(folder))
    import attrs

    counted = attrs.evolve(recorded, columns={})
    assert rungs(counted)
    for level in rungs(counted):
        np.testing.assert_array_equal(rung_size(recorded, level), rung_size(counted, level))


def test_parallel_coordinates_are_of_one_resource_and_say_so(usual):
    figure = parallel_coordinates(usual)
    (lines,) = figure.axes[0].collections
    assert len(lines.get_segments()) == 58
    assert "58 of 60 trials: those compared at epoch 1" in titles(figure)
    values = lines.get_array()
    assert values[-1] == min(values)
    names = [text.get_text().replace("\n", "") for text in figure.axes[0].get_xticklabels()]
    assert names == ["lr", "layers", "units", "activation", "batch", "drop", "momentum"]


def test_axes_have_the_scale_of_their_domain(tmp_path):
    space = {"lr": "loguniform(0.001, 0.1)", "kind": ["a", "b", "c"], "fixed": "choice(['only'])"}
    configuration = {"lr": 0.01, "kind": "b", "fixed": "only"}
    figure = parallel_coordinates(experiment(tmp_path / "x", trial(0, [1.0], configuration=configuration), space=space))
    (line,) = figure.axes[0].collections[0].get_segments()
    np.testing.assert_allclose(line, [[0, 0.5], [1, 0.5]])
    labels = {text.get_text() for text in figure.axes[0].texts}
    assert {"0.001", "0.01", "0.1", "a", "b", "c"} <= labels


def test_of_many_hyperparameters_twelve_are_shown(tmp_path):
    space = {f"x{i}": "uniform(0, 1)" for i in range(20)}
    figure = parallel_coordinates(experiment(tmp_path / "x", asha(30), space=space))
    assert len(figure.axes[0].get_xticks()) == 12
    assert "the 12 most important of 20 hyperparameters" in titles(figure)


def test_importance_says_what_it_rests_on(usual):
    figure = hyperparameter_importance(usual)
    assert "the best 6 of 58 trials against all at epoch 1" in titles(figure)
    assert "left out" not in titles(figure)


def marks_of_chance(figure):
    return [float(line.get_xdata()[0]) for line in figure.axes[0].lines]


def test_what_may_be_chance_is_pale_and_every_line_of_chance_is_seen(usual):
    figure = hyperparameter_importance(usual)
    (axis,) = figure.axes
    bars, chances = axis.patches, marks_of_chance(figure)
    assert len(chances) == 7
    assert max(chances) < axis.get_xlim()[1]
    assert [bar.get_alpha() == 1.0 for bar in bars] == [
        bar.get_width() > each for bar, each in zip(bars, chances, strict=True)
    ]
    shares = [float(text.get_text().removesuffix(" %")) for text in axis.texts]
    assert sum(shares) == pytest.approx(100, abs=4)  # of whole numbers
    assert "6 are few; no hyperparameter is clear of chance" in titles(figure).replace("\n", " ")


def test_a_figure_of_importance_has_no_doubts_without_reason(tmp_path):
    rates = np.geomspace(0.001, 0.1, 150)
    rows = [row for i, lr in enumerate(rates) for row in trial(i, [1 / lr], configuration={"lr": float(lr)})]
    figure = hyperparameter_importance(experiment(tmp_path / "x", rows, space={"lr": "loguniform(0.001, 0.1)"}))
    assert "few" not in titles(figure)
    assert "chance" not in titles(figure)
    assert "importance that may be chance" not in [text.get_text() for text in figure.legends[0].texts]


@pytest.mark.parametrize("draw", [hyperparameter_importance, parallel_coordinates])
def test_at_the_lowest_of_several_resources_the_title_says_what_it_does_not_tell(draw, usual, tmp_path):
    clause = "at epoch 1, the lowest: it tells nothing of the final loss"
    assert clause in titles(draw(usual)).replace("\n", " ")
    at_the_end = [row for i in range(30) for row in trial(i, [1.0, i / 30])]
    only_once = [row for i in range(30) for row in trial(i, [i / 30])]
    for name, rows in (("end", at_the_end), ("once", only_once)):
        assert "lowest" not in titles(draw(experiment(tmp_path / name, rows)))


def test_a_front_leaves_out_what_does_not_count(tmp_path):
    rows = trial(0, [0.5], latency=2.0, limit=0.0) + trial(1, [0.1], latency=1.0, limit=1.0)
    rows += trial(2, [0.2], latency=1.0, limit=-1.0) + trial(3, [0.4], latency=3.0, limit=-1.0)
    made = experiment(tmp_path / "x", rows, metrics=["loss", "latency"], constraint="limit", failed=[2])
    axis = pareto_front(made).axes[0]
    (front,) = [line for line in axis.lines if line.get_marker() == "o"]
    assert front.get_xydata().tolist() == [[0.4, 3.0], [0.5, 2.0]]


def test_one_metric_has_no_front(usual):
    with pytest.raises(NothingToShow, match="it has one metric, loss: a front takes two or three"):
        pareto_front(usual)


def test_the_hypervolume_grows_to_its_share_of_the_box(tmp_path):
    rows = [
        row
        for i, (x, y) in enumerate([(2.0, 2.0), (1.0, 3.0), (3.0, 1.0)])
        for row in trial(i, [x], start=i, latency=y)
    ]
    figure = hypervolume_over_time(experiment(tmp_path / "x", rows, metrics=["loss", "latency"]))
    (line,) = figure.axes[0].lines
    # the front spans 1 to 3, so the reference point is 3.2 in both and the box 2.2 by 2.2
    box = 2.2**2
    np.testing.assert_allclose(line.get_ydata(), [0, 1.44 / box, 1.64 / box, 1.84 / box, 1.84 / box])
    assert "reference point: loss 3.2, latency 3.2" in titles(figure)


def test_costs_add_up_over_trials(tmp_path):
    rows = [
        *({**row, "st_worker_cost": 2.0 * row["epoch"]} for row in trial(0, [1.0, 1.0])),
        *({**row, "st_worker_cost": 0.5} for row in trial(1, [1.0], start=0.5)),
    ]
    figure = cost_over_time(experiment(tmp_path / "x", rows, cost={"unit": "dollars", "basis": "made up"}))
    (line,) = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[0, 0], [1, 2], [1.5, 2.5], [2, 4.5], [2, 4.5]]
    assert "$4.50 in all" in titles(figure).replace("\\", "")


def test_without_costs_there_is_no_figure_of_them(tmp_path):
    with pytest.raises(NothingToShow, match="no costs are recorded"):
        cost_over_time(experiment(tmp_path / "x", trial(0, [1.0])))
