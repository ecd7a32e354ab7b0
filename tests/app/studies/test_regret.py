"""How far setups end from a known optimum."""

import attrs
import pytest

from tests.app.studies.made import over_seeds, study
from tunekit import compare
from tunekit.studies.benchmark_runs import group
from tunekit.studies.grouping import Grouping
from tunekit.studies.panels import panel_of
from tunekit.studies.regret import normalised_regrets
from tunekit.studies.verdicts import about_regrets


def panels(**losses):
    runs = [run for method, of_method in losses.items() for run in over_seeds(method, of_method)]
    return [panel_of(each) for each in group(runs, Grouping())]


def test_zero_is_the_optimum_and_one_the_worst_or_the_reference():
    found = panels(A=[0.1], B=[0.2], C=[0.5])
    assert normalised_regrets(found, [0.1], ["A", "B", "C"], None)[0] == pytest.approx({"A": 0.0, "B": 0.25, "C": 1.0})
    assert normalised_regrets(found, [0.1], ["A", "B", "C"], "B")[0] == pytest.approx({"A": 0.0, "B": 1.0, "C": 4.0})


@pytest.mark.parametrize(
    ("losses", "optimum"),
    [({"A": [0.1], "B": [0.2]}, None), ({"A": [0.2]}, 0.1), ({"A": [0.1 + 0.2], "B": [0.3]}, 0.3)],
)
def test_there_is_none_without_an_optimum_of_one_setup_or_where_all_end_there(losses, optimum):
    assert normalised_regrets(panels(**losses), [optimum], [*losses], None) == ({}, 0)


@pytest.mark.parametrize(
    ("n", "over"),
    [(1, "on the one benchmark whose optimum is known"), (2, "mean over 2 benchmarks whose optimum is known")],
)
def test_of_one_benchmark_it_is_no_mean(n, over):
    compared = compare(study(*over_seeds("A", [1.0]), *over_seeds("B", [2.0])))
    (told,) = about_regrets(attrs.evolve(compared, regrets={"A": 0.0, "B": 1.0}, n_with_regrets=n))
    assert (
        told == f"Regret of the median at the end, {over} (0 is the optimum, 1 where the worst ends): A 0.00, B 1.00."
    )
