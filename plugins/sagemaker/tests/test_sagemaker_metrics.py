"""What an experiment prints for the metrics of its job, and what SageMaker reads of it."""

import json
import math
import re
from types import SimpleNamespace

import pytest

from tunekit_core import Incumbent, Objective, Problem, Report, SearchSpace, choice, loguniform, ordinal
from tunekit_core.testing import ObserverContract
from tunekit_sagemaker.observer.metrics import metric_names, patterns_of
from tunekit_sagemaker.observer.observer import SageMakerMetrics

SPACE = {
    "lr": loguniform(1e-6, 1.0),
    "act": choice(["relu", "tanh"]),
    "bias": choice([False, True]),
    "batch": ordinal([16, 32, 64]),
    "epochs": 9,
}
VALUES = {"lr": 1e-05, "act": "tanh", "bias": True, "batch": 32, "epochs": 9}


class TestContract(ObserverContract):
    @pytest.fixture
    def make(self):
        return SageMakerMetrics


def printed(capsys, *values, space=SPACE, configuration=VALUES):
    """What an observer prints of incumbents with these values."""
    problem = Problem(space=SearchSpace(space), objective=Objective("loss", "min", "epoch"), max_resource=9)
    observer = SageMakerMetrics(problem, None)
    for number, value in enumerate(values):
        report = Report(number, 0, number + 1, {"loss": value}, (value,), 0.0)
        view = SimpleNamespace(incumbent=Incumbent(report, configuration))
        for _ in range(2):
            observer.on_report(view, None, report, None)
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line.removeprefix("[tunekit-metrics] ")) for line in lines]


def test_the_best_is_printed_when_it_changes_as_numbers_alone(capsys):
    first, second = printed(capsys, 0.5, -3.0)
    assert first == {
        "best_metric_value": 0.5,
        "best_trial_id": 0,
        "best_resource_value": 1,
        "best_hp_lr": 1e-05,
        "best_hp_act": 1,
        "best_hp_bias": 1,
        "best_hp_batch": 32,
    }
    assert (second["best_metric_value"], second["best_trial_id"]) == (-3, 1)


@pytest.mark.parametrize("value", [math.inf, math.nan, -math.inf])
def test_what_is_not_finite_is_not_printed(capsys, value):
    assert "best_metric_value" not in printed(capsys, value)[0]


@pytest.mark.parametrize("value", [12.5, 1e-05, -3.0, 1e20, -2.5e-7, 0.1])
def test_sagemaker_reads_the_number_that_was_printed(capsys, value):
    (told,) = printed(capsys, value)
    line = f"[tunekit-metrics] {json.dumps(told)}"
    patterns = patterns_of(metric_names(SPACE))
    assert float(re.search(patterns["best_metric_value"], line)[1]) == value
    assert float(re.search(patterns["best_hp_lr"], line)[1]) == 1e-05


def test_names_that_have_meaning_in_patterns_are_taken_as_they_are():
    pattern = patterns_of(metric_names(["a.b", "a+b"]))["best_hp_a.b"]
    assert re.search(pattern, '"best_hp_a.b": 2')[1] == "2"
    assert re.search(pattern, '"best_hp_a+b": 2') is None


def test_there_are_as_many_metrics_as_sagemaker_takes(capsys):
    names = [f"x{number}" for number in range(60)]
    assert len(metric_names(names)) == 40
    (told,) = printed(
        capsys, 1.0, space={n: loguniform(1e-6, 1.0) for n in names}, configuration=dict.fromkeys(names, 0.5)
    )
    assert list(told) == list(metric_names(names))
