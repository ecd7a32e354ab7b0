"""What a problem checks before anything starts."""

import math

import numpy as np
import pytest

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import ConfigurationTable, SearchSpace, choice, uniform

FINITE = SearchSpace({"a": choice(["x", "y", "z"]), "n": 7})


def test_the_default_configuration_comes_first_unless_points_are_given(make_problem):
    assert make_problem().points_to_evaluate == ({"x": 0.5},)
    assert make_problem(points_to_evaluate=[]).points_to_evaluate == ()


def test_points_are_completed_with_defaults_and_constants(make_problem):
    space = SearchSpace({"a": choice(["x", "y"]), "u": uniform(0.0, 1.0), "n": 7})
    problem = make_problem(space=space, points_to_evaluate=[{"a": "y"}])
    assert problem.points_to_evaluate == ({"a": "y", "u": 0.5, "n": 7},)


def test_points_cannot_be_changed(make_problem):
    given = {"a": "y", "n": 7}
    (point,) = make_problem(space=FINITE, points_to_evaluate=[given]).points_to_evaluate
    given["a"] = "z"
    assert point == {"a": "y", "n": 7}
    with pytest.raises(TypeError, match="Configuration is read-only"):
        point["a"] = "z"


def test_a_point_is_tried_once(make_problem):
    problem = make_problem(space=FINITE, points_to_evaluate=[{"a": "z"}, {"a": "x"}, {"a": "z", "n": 7}])
    assert [point["a"] for point in problem.points_to_evaluate] == ["z", "x"]


def test_points_that_are_no_allowed_rows_are_left_out(make_problem):
    rows = ConfigurationTable.of(FINITE, [{"a": "x", "n": 7}, {"a": "z", "n": 7}])
    problem = make_problem(space=FINITE, rows=rows, points_to_evaluate=[{"a": "y"}, {"a": "z"}])
    assert problem.points_to_evaluate == ({"a": "z", "n": 7},)


@pytest.mark.parametrize("point", [{"a": "w"}, {"b": "x"}, {"n": 8}])
def test_a_point_outside_the_space_is_refused(make_problem, point):
    with pytest.raises(ConfigurationError):
        make_problem(space=FINITE, points_to_evaluate=[point])


@pytest.mark.parametrize("points", [{"a": "x"}, ["x"], [("a", "x")]])
def test_a_point_that_is_no_mapping_is_refused(make_problem, points):
    with pytest.raises(ConfigurationError, match="which is no configuration: give a list of mappings from names"):
        make_problem(space=FINITE, points_to_evaluate=points)


@pytest.mark.parametrize("resource", [0, -3, 2.5, 9.0, True, "9", math.nan, math.inf])
def test_the_last_resource_is_a_whole_number_from_1_on(make_problem, resource):
    with pytest.raises(ConfigurationError, match=f"max_resource={resource!r} must be a whole number, at least 1; None"):
        make_problem(max_resource=resource)
    assert make_problem(max_resource=1).max_resource == 1


def test_a_metric_that_reports_do_not_carry_is_refused_with_the_close_one(make_problem):
    with pytest.raises(ConfigurationError, match=r"metric=loss: .* Did you mean 'los'\? Reported are: epoch, los") as e:
        make_problem(metrics=frozenset({"los", "epoch"}))
    assert (e.value.option, e.value.value) == ("metric", "loss")


def test_any_metric_is_allowed_while_nothing_is_known_of_the_reports(make_problem):
    make_problem().check_metric("whatever", option="stopping.max_cost")


def test_a_constraint_that_reports_are_known_to_lack_is_refused(make_problem):
    metrics = frozenset({"loss", "epoch", "memory"})
    with pytest.raises(ConfigurationError, match=r"constraint=memroy: no report carries .* Did you mean 'memory'"):
        make_problem(metrics=metrics, constraint="memroy")
    assert make_problem(metrics=metrics, constraint="memory").constraint == "memory"


@pytest.mark.parametrize(
    ("metrics", "feasible"),
    [
        ({"memory": 0}, True),
        ({"memory": -1.5}, True),
        ({"memory": np.float32(-1.5)}, True),
        ({"memory": 1e-300}, False),
        ({"memory": math.nan}, False),
        ({"memory": -math.inf}, False),
        ({"memory": None}, False),
        ({"memory": "-1"}, False),
        ({}, False),
    ],
)
def test_a_report_is_feasible_where_the_constraint_is_at_most_0(make_problem, metrics, feasible):
    assert make_problem().is_feasible(metrics)
    assert make_problem(constraint="memory").is_feasible(metrics) is feasible
