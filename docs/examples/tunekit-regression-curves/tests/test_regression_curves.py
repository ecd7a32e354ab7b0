import pytest

from tunekit_core import Problem, Streams, Tuner, create
from tunekit_core.testing import BenchmarkContract
from tunekit_regression_curves.benchmark import RegressionCurves, RegressionCurvesOptions


def regression_curves(**options):
    return RegressionCurves(RegressionCurvesOptions(**options))


class TestRegressionCurves(BenchmarkContract):
    @pytest.fixture
    def make(self):
        return regression_curves


def test_there_are_forty_runs_of_nine_epochs():
    benchmark = regression_curves()
    curves = [benchmark.curve(benchmark.rows[i], 0) for i in range(len(benchmark.rows))]
    assert len(curves) == 40
    assert {tuple(curve.resources) for curve in curves} == {(1, 2, 3, 4, 5, 6, 7, 8, 9)}


def test_a_curve_is_what_the_file_says():
    benchmark = regression_curves()
    curve = benchmark.curve(benchmark.space.complete({"lr": 0.001, "momentum": 0.0}), 0)
    assert curve.metrics["loss"][:2] == [0.55571, 0.48457]


def test_other_data_have_another_hash(tmp_path):
    file = tmp_path / "curves.csv"
    file.write_text("lr,momentum,epoch,seconds,loss\n" + "".join(f"0.1,0.5,{e},{e},{1 / e}\n" for e in range(1, 10)))
    other = regression_curves(file=file)
    assert len(other.rows) == 1
    assert other.data_hash != regression_curves().data_hash


def test_a_search_that_tries_everything_finds_the_best_value_of_the_file():
    benchmark, streams = regression_curves(), Streams(0)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=9, rows=benchmark.rows)
    searcher = create("searcher", "random", problem, streams)
    result = Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, searcher),
        backend=create("backend", "simulator", problem, benchmark, None, streams),
    ).run()
    assert result.n_trials == 40
    assert result.incumbent.report.metrics["loss"] == 0.28609
