"""The critical-difference diagram of a study."""

import warnings

import numpy as np
import pytest

from tests.app.figures.readable import assert_readable
from tests.app.studies.made import experiment, study
from tunekit.figures import NothingToShow, best_over_time, critical_difference_diagram
from tunekit.studies.comparison import compare

NAMES = ["ASHA", "RS", "MOBSTER", "$x$", "_hidden of a long name/with parts", "方法", "a" * 50]


def comparison(n_setups, n_benchmarks):
    draws = np.random.default_rng(0)
    experiments = [
        experiment(name, f"data{benchmark}", seed, value=0.1 * place + 0.2 * draws.uniform())
        for place, name in enumerate(NAMES[:n_setups])
        for benchmark in range(n_benchmarks)
        for seed in range(2)
    ]
    return compare(study(*experiments))


@pytest.mark.parametrize("n_setups", [2, 3, 7])
def test_names_ranks_and_bars_are_drawn(n_setups):
    compared = comparison(n_setups, 12)
    with warnings.catch_warnings(action="error"):
        figure = critical_difference_diagram(compared)
        figure.draw_without_rendering()
    (axis,) = figure.axes
    assert figure.get_figwidth() == (7.0 if n_setups == 7 else 3.4)
    texts = " ".join(text.get_text() for text in axis.texts)
    assert "Average ranks of medians over 12 benchmarks" in texts
    assert all(f"({rank:.2f})" in texts for rank in compared.ranks.values())
    dots = [line for line in axis.lines if line.get_marker() == "o"]
    assert len(dots) == len(compared.critical_difference.cliques)
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axis.texts]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.width and box.y0 >= 0 for box in boxes)
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_fewer_than_ten_benchmarks_are_refused():
    with pytest.raises(NothingToShow, match="takes 10 benchmarks that all setups have been run on, and there are 9"):
        critical_difference_diagram(comparison(2, 9))


def test_one_setup_is_refused():
    with pytest.raises(NothingToShow, match="compares setups, and there is one"):
        critical_difference_diagram(comparison(1, 12))


def test_a_study_has_its_best_values_over_time():
    assert_readable(best_over_time(comparison(3, 2)))
    with pytest.raises(NothingToShow):
        best_over_time(compare(study()))
