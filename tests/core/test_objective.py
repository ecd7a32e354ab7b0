"""Metrics become losses, once."""

import math

import pytest
from hypothesis import given, strategies as st

from tunekit_core.contracts.objective import Objective
from tunekit_core.errors import ConfigurationError

finite = st.floats(allow_nan=False, allow_infinity=False)


def test_a_single_name_and_mode_may_be_strings():
    objective = Objective("loss")
    assert objective.metric == ("loss",)
    assert objective.mode == ("min",)
    assert objective.resource is None


def test_one_mode_holds_for_all_metrics():
    assert Objective(["a", "b", "c"], "max").mode == ("max", "max", "max")


@pytest.mark.parametrize(("mode", "loss"), [("min", 0.25), ("max", -0.25)])
def test_a_loss_is_lower_for_what_is_better(mode, loss):
    assert Objective("m", mode).losses({"m": 0.25, "other": 1.0}) == (loss,)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_counts_as_worst_in_every_mode(mode, value):
    assert Objective("m", mode).losses({"m": value}) == (math.inf,)


def test_several_objectives_keep_their_order_and_their_modes():
    objective = Objective(["error", "accuracy", "seconds"], ["min", "max", "min"])
    metrics = {"seconds": math.nan, "accuracy": 0.75, "error": 2}
    assert objective.losses(metrics) == (2.0, -0.75, math.inf)
    assert all(type(loss) is float for loss in objective.losses(metrics))


@given(value=finite, mode=st.sampled_from(["min", "max"]))
def test_the_metric_comes_back_from_its_loss(value, mode):
    objective = Objective(["other", "m"], ["min", mode])
    losses = objective.losses({"other": 0.0, "m": value})
    assert objective.metric_value(losses[1], index=1) == value


@given(a=finite, b=finite)
def test_the_two_modes_order_metrics_the_other_way_round(a, b):
    low, high = Objective("m", "min"), Objective("m", "max")
    assert (low.losses({"m": a}) < low.losses({"m": b})) == (high.losses({"m": a}) > high.losses({"m": b}))


def test_a_missing_metric_is_a_key_error():
    with pytest.raises(KeyError, match="loss"):
        Objective("loss").losses({"score": 1.0})


@pytest.mark.parametrize("value", ["0.5", "nan", None, [0.5], {}])
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(TypeError):
        Objective("loss").losses({"loss": value})


def test_an_unknown_mode_names_itself_and_the_allowed_ones():
    with pytest.raises(ConfigurationError, match=r"mode='minimize'.*'min'.*'max'") as caught:
        Objective("loss", "minimize")
    assert (caught.value.option, caught.value.value) == ("mode", "minimize")


def test_as_many_modes_as_metrics_or_one():
    with pytest.raises(ConfigurationError, match=r"mode=.* differ in length\. Give one mode, or one per metric"):
        Objective(["a", "b", "c"], ["min", "max"])


@pytest.mark.parametrize("metric", [[], ["a", "a"]])
def test_metrics_are_named_once_and_there_is_one(metric):
    with pytest.raises(ConfigurationError, match="at least one metric, each once"):
        Objective(metric)
