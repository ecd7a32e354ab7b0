"""Figures that are fit for a paper, whatever is in them."""

import warnings
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib import rc_context
from matplotlib.figure import Figure

from tests.app.figures.readable import assert_readable
from tunekit.figures.best_values import draw, figure_of, what_is_not_drawn
from tunekit.figures.line_styles import USUAL, line_styles
from tunekit.figures.scales import set_log_ticks
from tunekit.results.best_so_far import BestSoFar
from tunekit.studies.panels import MethodCurves, Panel

ROOT = Path(__file__).parents[3]
NAMES = (*USUAL[:8], "MOBSTER-STOP", "BO-WARP", "ASHA n_workers=4", "ASHA n_workers=16")
KINDS = {  # what the metric does to a curve that falls from 1
    "spans decades": lambda fall: 1e-9 + fall**8,
    "spans little": lambda fall: 0.4 + 0.1 * fall,
    "negative": lambda fall: 3 * fall - 1.5,
    "constant": lambda fall: 0.7 + 0 * fall,
    "zero": lambda fall: 0 * fall,
    "tiny": lambda fall: 1e-12 * fall,
    "huge": lambda fall: 1e300 * fall,
    "almost equal": lambda fall: 1e6 + 1e-3 * fall,
    "the largest of both signs": lambda fall: (2 * fall - 1) * 1.7e308,
}


def curve(values, end=100.0):
    values = np.array(values, float)
    return BestSoFar(np.linspace(1, end, len(values), endpoint=False), values, end)


def panel(problem="fcnet-robot_arm", names=NAMES[:2], n_seeds=2, kind="spans little", metric="metric_valid_loss"):
    draws = np.random.default_rng(0)
    falls = np.exp(-np.arange(8) / 3)
    methods = []
    for name in names:
        runs = [KINDS[kind](np.minimum.accumulate(falls * draws.uniform(0.5, 1.0, 8))) for _ in range(n_seeds)]
        methods.append(MethodCurves(name, [curve(run) for run in runs]))
    return Panel(problem, metric, "min", 100.0, methods)


@pytest.mark.parametrize("n_problems", [1, 2, 6])
@pytest.mark.parametrize("n_methods", [1, 2, 5, 8, 12])
def test_no_text_is_cut_or_over_another(n_methods, n_problems):
    kinds = ("spans decades", "spans little", "negative")
    panels = [panel(f"fcnet-{i}", NAMES[:n_methods], 20, kinds[i % 3]) for i in range(n_problems)]
    figure = figure_of(panels)
    assert_readable(figure)
    assert figure.get_figwidth() == (3.4 if n_problems == 1 else 7.0)
    heights = [axis.get_window_extent().height / figure.dpi for axis in figure.axes]
    assert min(heights) > 0.9


LONG = [f"ASHA scheduler.brackets={i} searcher.earlier=some/folder/of/a/project/curves-{i}.csv" for i in range(8)]
NAMED = {
    "long": (
        LONG,
        "a-benchmark-of_some_length-and_its_dataset_that_goes_on",
        "loss_of_all with memory_in_bytes at most 0",
    ),
    "one long word": (["a" * 120, "b"], "c" * 90, "d" * 70),
    "formulas": (["$x$", "$\\frac{", "\\$", "_hidden", "100 %"], "$", "loss_{$"),
    "other scripts": (["方法一", "метод", "Méthode β", "😀🧪", "a\nb\x1b[2J"], "日本語", "größe_µ"),
}


@pytest.mark.parametrize("n_problems", [1, 3])
@pytest.mark.parametrize("names", NAMED)
def test_names_of_every_kind_are_shown(names, n_problems):
    labels, problem, metric = NAMED[names]
    assert_readable(figure_of([panel(problem, labels, metric=metric)] * n_problems))


def test_what_the_font_lacks_is_told_apart_by_its_number():
    figure = figure_of([panel(names=["方", "$x$", "_a"])])
    assert sorted(text.get_text() for text in figure.legends[0].texts) == [" _a", r"\$x\$", r"\u65b9"]


@pytest.mark.parametrize("n_seeds", [1, 2, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_values_of_every_size_have_axes_that_show_them(kind, n_seeds):
    with warnings.catch_warnings(action="error"):
        figure = figure_of([panel(n_seeds=n_seeds, kind=kind)])
        if n_seeds == 20:  # texts are the same with fewer
            assert_readable(figure)
    (axis,) = figure.axes
    means = [line.get_ydata() for line in axis.lines if line.get_marker() != "None"]
    bottom, top = axis.get_ylim()
    assert [np.isfinite(mean).any() for mean in means] == [True, True]
    assert all(bottom < value < top for mean in means for value in mean[np.isfinite(mean)])
    assert axis.get_yscale() == ("log" if kind in ("spans decades", "tiny", "huge") else "linear")
    shown = [place for place in axis.get_yticks() if bottom <= place <= top]
    assert 2 <= len(shown) <= 10


def test_of_fewer_than_five_runs_the_range_is_drawn():
    runs = [curve([1.0, 0.5]), curve([0.8, 0.001])]
    axis = figure_of([Panel("p", "loss", "min", 100.0, [MethodCurves("RS", runs)])]).axes[0]
    assert axis.get_title() == "p\nRS, median and range of 2 runs"
    assert axis.get_yscale() == "linear"
    low, high = axis.get_ylim()
    assert (low, high) == pytest.approx((0.001 - 0.05 * 0.999, 1.0 + 0.05 * 0.999))


def test_of_one_run_each_the_title_says_each():
    assert figure_of([panel(n_seeds=1)]).axes[0].get_title().endswith("\n1 run of each")
    assert figure_of([panel(names=["RS"], n_seeds=1)]).axes[0].get_title().endswith("\nRS, 1 run")


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_first_quarter_does_not_take_up_an_axis_on_which_the_rest_is_to_be_told_apart(mode):
    sign = 1 if mode == "min" else -1
    runs = [curve(sign * np.array([0.7, 0.68, 0.2 + end, *[0.17 + end] * 7])) for end in (0.0, 0.01)]
    methods = [MethodCurves(name, [run]) for name, run in zip(("A", "B"), runs, strict=True)]
    axis = figure_of([Panel("p", "loss", mode, 100.0, methods)]).axes[0]
    low, high = sorted(sign * edge for edge in axis.get_ylim())
    assert low < 0.17
    assert high - low < 0.2


def labelled(axis):
    low, high = axis.get_ylim()
    return [float(place) for place in axis.yaxis.get_majorticklocs() if low <= place <= high]


@pytest.mark.parametrize(("first", "last"), [(0.3, 0.03), (0.3, 0.0221), (2.0, 0.07), (1.0, 0.0012), (90.0, 7.3)])
def test_a_logarithmic_axis_has_labels_where_the_results_are(first, last):
    middle = (first * last) ** 0.5
    methods = [MethodCurves(f"m{i}", [curve([first, middle, i * last])]) for i in (1, 1.4, 2, 3)]
    figure = figure_of([Panel("p", "loss", "min", 100.0, methods)])
    assert_readable(figure)
    (axis,) = figure.axes
    low, high = axis.get_ylim()
    length = np.log(high / low)
    assert min(abs(np.log(place / last)) for place in labelled(axis)) < 0.15 * length
    assert sum(last / 1.6 <= place <= 3.1 * last for place in labelled(axis)) >= 2


@settings(max_examples=60, deadline=None)
@given(st.floats(-12, 12), st.floats(0.75, 8), st.floats(0, 1), st.floats(0, 1))
def test_ticks_of_a_logarithmic_axis_are_within_it_and_apart(bottom, decades, one, other):
    ends = 10.0 ** np.array([bottom, bottom + decades])
    low, high = 10.0 ** (bottom + decades * np.array(sorted((one, other))))
    axis = Figure().subplots().yaxis
    axis.axes.set_yscale("log")
    set_log_ticks(axis, *ends, (low, high))
    axis.axes.set_ylim(*ends)
    places = np.array(labelled(axis.axes))
    steps = np.diff(np.log10(places)) / decades
    assert len(places) >= 1
    assert steps.min(initial=1) > 0.06
    if high / low > 10 ** (0.6 * decades) and decades < 6:
        beside = 10 ** (0.04 * decades)
        assert np.sum((places >= low / beside) & (places <= high * beside)) >= 3


@pytest.mark.parametrize("n_seeds", [2, 3, 5, 20])
def test_an_interval_does_not_stretch_a_logarithmic_axis(n_seeds):
    runs = [curve([1.0, 0.1 / 10**i, 0.05 / 10**i]) for i in range(2)] + [curve([1.0, 0.1, 0.05])] * (n_seeds - 2)
    axis = figure_of([Panel("p", "loss", "min", 100.0, [MethodCurves("RS", runs)])]).axes[0]
    low, high = axis.get_ylim()
    assert axis.get_yscale() == "log"
    assert 0.005 * (0.005 / 1.0) ** 0.06 < low < 0.05
    assert 1.0 < high < (1.0 / 0.005) ** 0.06


def test_a_title_says_which_of_the_two_is_drawn_where_the_numbers_of_runs_differ():
    methods = [MethodCurves("RS", [curve([1.0])] * 20), MethodCurves("BO", [curve([0.9])] * 2)]
    title = figure_of([Panel("p", "loss", "min", 100.0, methods)]).axes[0].get_title().replace("\n", " ")
    assert title == "p median of 2 to 20 runs and 95 % interval, or range where there are fewer than 5"


def test_lines_are_told_apart_without_colour():
    styles = line_styles(NAMES).values()
    assert len({(style.dashes, style.marker) for style in styles}) == 12
    assert len({(style.colour, style.dashes) for style in styles}) == 12
    many = line_styles([f"method {i}" for i in range(200)]).values()
    assert len(set(many)) == 200


def test_the_usual_methods_look_alike_in_every_figure():
    together = line_styles([*NAMES, *USUAL])
    assert all(line_styles([name])[name] == together[name] for name in USUAL)
    assert len({together[name].colour for name in USUAL}) == 8
    assert len({together[name].colour for name in USUAL[:8]}) == 8
    assert len({(together[name].dashes, together[name].marker) for name in USUAL}) == len(USUAL)
    assert line_styles(["mine"])["mine"] == line_styles(["mine", "RS"])["mine"]


def test_every_recipe_that_ships_has_a_look_of_its_own():
    folders = ("conf", "plugins/*/tunekit_*/conf", "benchmarks/tunekit_benchmarks/conf")
    recipes = [file.stem for folder in folders for file in ROOT.glob(f"{folder}/method/*.yaml")]
    assert sorted(USUAL) == sorted(recipes)


def test_what_was_found_in_the_first_moments_does_not_set_the_axis():
    runs = [BestSoFar(np.array([1.0, 4.0]), np.array([1e6, value]), 100.0) for value in (0.5, 0.6)]
    axis = figure_of([Panel("p", "loss", "min", 100.0, [MethodCurves("RS", runs)])]).axes[0]
    assert axis.get_yscale() == "linear"
    assert axis.get_ylim() == pytest.approx((0.495, 0.605))


def test_labels_are_in_the_order_of_their_numbers():
    assert list(line_styles(["n=16", "n=4", "AUTO", "n=1"])) == ["AUTO", "n=1", "n=4", "n=16"]


def test_a_method_keeps_its_line_in_all_panels():
    first, second = panel("a", ["RS", "mine", "ASHA"]), panel("b", ["ASHA", "mine"])
    one, other = ({line.get_color() for line in axis.lines} for axis in figure_of([first, second]).axes)
    assert other < one


NOTHING = MethodCurves("BO", [curve([]), curve([0.5])])  # one of its runs has found no value


def test_without_a_line_there_is_no_figure_and_the_answer_says_why(tmp_path):
    panels = [Panel("p", "loss", "min", 100.0, [NOTHING])]
    assert draw(panels, tmp_path / "figure") == []
    assert list(tmp_path.iterdir()) == []
    assert what_is_not_drawn(panels) == (
        "There is no figure: of each method half of the runs or more have found no value there."
    )


def test_a_panel_without_a_line_is_left_out_and_the_answer_says_so():
    panels = [panel("a"), Panel("b", "loss", "min", 100.0, [NOTHING])]
    assert [axis.get_title().split("\n")[0] for axis in figure_of(panels).axes] == ["a"]
    assert what_is_not_drawn(panels).startswith("There is no panel for b: of each method half")
    assert what_is_not_drawn(panels[:1]) == ""


def test_a_method_without_a_median_is_named():
    methods = [*panel(names=["RS"]).methods, NOTHING]
    figure = figure_of([Panel("p", "loss", "min", 100.0, methods)])
    assert "no median of BO: too many runs have no value" in figure.axes[0].get_title()
    assert figure.legends == []


def test_time_is_shown_as_far_as_runs_went():
    def axis(end, budget):
        runs = MethodCurves("RS", [curve([1.0, 0.5], end)])
        return figure_of([Panel("p", "loss", "min", budget, [runs])]).axes[0]

    assert axis(80.0, 1e300).get_xlim() == (0, 80)
    assert axis(100.0, 90.0).get_xlim() == (0, 90)
    assert axis(36_000.0, 36_000.0).get_xlim() == (0, 10)
    assert axis(36_000.0, 36_000.0).get_xlabel() == "Time on the clock of the experiment (h)"


@pytest.mark.parametrize("end", [180.0, 2.0, 720.0])
def test_a_line_ends_where_the_last_of_its_runs_does(end):
    long = MethodCurves("ASHA", [curve([1.0, 0.5], 720.0)])
    short = MethodCurves("BO", [curve([0.9], end / 2), BestSoFar(np.array([0.5]), np.array([0.7]), end)])
    (axis,) = figure_of([Panel("p", "loss", "min", 720.0, [long, short])]).axes
    colour = line_styles(["ASHA", "BO"])["BO"].colour
    (line, *edges) = sorted(
        (line for line in axis.lines if line.get_color() == colour), key=lambda line: -line.get_linewidth()
    )
    for each in (line, *edges):
        known = each.get_xdata()[np.isfinite(each.get_ydata())]
        assert known[-1] == pytest.approx(end, abs=720 / 400)
    assert np.isfinite([line.get_ydata()[position] for position in line.get_markevery()]).all()
    bottom, top = axis.get_ylim()
    assert bottom < line.get_ydata()[np.isfinite(line.get_ydata())][-1] < top


def test_a_single_report_at_the_end_is_seen():
    only = MethodCurves("RS", [BestSoFar(np.array([100.0]), np.array([0.3]), 100.0)])
    (line,) = [
        line
        for line in figure_of([Panel("p", "loss", "min", 100.0, [only])]).axes[0].lines
        if len(line.get_markevery() or [])
    ]
    assert [line.get_ydata()[i] for i in line.get_markevery()] == [0.3]


def test_runs_that_took_no_time_have_a_figure(tmp_path):
    at_once = MethodCurves("RS", [BestSoFar(np.array([0.0]), np.array([0.3]), 0.0)])
    assert len(draw([Panel("p", "loss", "min", 0.0, [at_once])], tmp_path / "figure")) == 2


def test_fonts_are_embedded_as_publishers_ask(tmp_path):
    content = draw([panel()], tmp_path / "figure")[1].read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


def test_settings_of_the_user_do_not_change_figures(tmp_path):
    before = [file.read_bytes() for file in draw([panel()], tmp_path / "before")]
    with rc_context({"font.size": 20, "lines.linewidth": 9, "pdf.fonttype": 3, "savefig.bbox": "tight"}):
        after = [file.read_bytes() for file in draw([panel()], tmp_path / "after")]
    assert after == before


def test_a_run_without_a_value_is_worse_than_any_with_one():
    runs = [curve([0.5])] * 4 + [BestSoFar(np.array([50.0]), np.array([0.3]), 100.0)]
    for sign, mode in ((1.0, "min"), (-1.0, "max")):
        signed = [attrs.evolve(run, values=sign * run.values) for run in runs]
        method = MethodCurves("RS", signed)
        spread = Panel("p", "loss", mode, 100.0, [method]).spread(method, np.array([10.0, 60.0]))
        np.testing.assert_array_equal(spread.centre, [sign * 0.5, sign * 0.5])
        worst, best = (spread.high, spread.low) if mode == "min" else (spread.low, spread.high)
        np.testing.assert_array_equal(worst, [sign * np.inf, sign * 0.5])
        np.testing.assert_array_equal(best, [sign * 0.5, sign * 0.3])
