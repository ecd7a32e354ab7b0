import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from quality import split
from runs.tasks import DATA, default_tasks, open_task, tasks_by_family

NUMBERS = {
    "rbv2_xgboost": "nrounds eta gamma lambda alpha subsample max_depth min_child_weight colsample_bytree "
    "colsample_bylevel rate_drop skip_drop trainsize repl",
    "rbv2_rpart": "cp maxdepth minbucket minsplit trainsize repl",
}
CATEGORIES = {
    "rbv2_xgboost": "task_id booster num.impute.selected.cpo",
    "rbv2_rpart": "task_id num.impute.selected.cpo",
}
TASKS = ["rbv2_xgboost:1461", "rbv2_rpart:1501"]


def opened(task):
    if not (DATA / f"{task.partition(':')[0]}.onnx").exists():
        pytest.skip("the data are not there")
    pytest.importorskip("onnxruntime")
    return open_task(task)


def described(family, what):
    return json.loads((DATA / f"{family}_{what}.json").read_text())


def configurations(benchmark, n=20):
    return benchmark.space.from_unit(np.random.default_rng(0).random((n, benchmark.space.n_draws)))


def test_xgboost_is_searched_over_what_trees_have():
    searched = set(opened("rbv2_xgboost:1461").space.searched)
    everywhere = {"alpha", "lambda", "nrounds", "num.impute.selected.cpo", "subsample"}
    trees = {"colsample_bylevel", "colsample_bytree", "eta", "gamma", "max_depth", "min_child_weight"}
    assert searched == everywhere | trees


def test_trees_are_searched_over_all_they_have():
    assert set(opened("rbv2_rpart:1501").space.searched) == {
        *("cp", "maxdepth", "minbucket", "minsplit", "num.impute.selected.cpo")
    }


@pytest.mark.parametrize("task", TASKS)
def test_ranges_scales_and_categories_are_those_of_the_file(task):
    domains = opened(task).space.domains
    of_file = {each["name"]: each for each in described(task.partition(":")[0], "config_space")["hyperparameters"]}
    names = {("uniform_float", True): "loguniform", ("uniform_float", False): "uniform"}
    names |= {("uniform_int", True): "lograndint", ("uniform_int", False): "randint"}
    for name, domain in domains.items():
        expected = of_file[name]
        if expected["type"] == "categorical":
            assert (domain.name, list(domain.values())) == ("choice", expected["choices"])
        else:
            assert domain.name == names[expected["type"], expected["log"]]
            assert domain.arguments() == {"lower": expected["lower"], "upper": expected["upper"]}


@pytest.mark.parametrize("task", TASKS)
def test_the_surrogate_is_given_every_value_in_its_place(task):
    benchmark = opened(task)
    family, _, number = task.partition(":")
    encoding, given = described(family, "encoding"), {}

    class Session:
        def run(self, _, inputs):
            given.update(inputs)
            return [np.zeros((20, 9), dtype=np.float32)]

    for configuration in configurations(benchmark):
        session, benchmark.surrogate._session = benchmark.surrogate._session, Session()
        try:
            benchmark.predict(configuration)
        finally:
            benchmark.surrogate._session = session
        values = {**configuration, "booster": "gbtree", "task_id": number, "rate_drop": 0, "skip_drop": 0, "repl": 10}
        assert (given["x_cat"].dtype, given["x_cont"].dtype) == (np.int32, np.float32)
        for step in range(1, 21):
            codes = [encoding[name][values[name]] for name in CATEGORIES[family].split()]
            numbers = [({**values, "trainsize": step / 20})[name] for name in NUMBERS[family].split()]
            assert given["x_cat"][step - 1].tolist() == codes
            assert given["x_cont"][step - 1].tolist() == np.array(numbers, dtype=np.float32).tolist()


@pytest.mark.parametrize("task", TASKS)
def test_a_curve_is_what_the_surrogate_predicts_step_by_step(task):
    benchmark = opened(task)
    family, _, number = task.partition(":")
    encoding = described(family, "encoding")
    for configuration in configurations(benchmark, 3):
        curve = benchmark.curve(configuration, 0)
        assert curve.resources == list(range(1, 21))
        assert curve.elapsed == [float(second) for second in range(1, 21)]
        values = {**configuration, "booster": "gbtree", "task_id": number, "rate_drop": 0, "skip_drop": 0, "repl": 10}
        codes = np.array([[encoding[name][values[name]] for name in CATEGORIES[family].split()]], dtype=np.int32)
        for step in (1, 7, 20):
            numbers = [({**values, "trainsize": step / 20})[name] for name in NUMBERS[family].split()]
            inputs = {"x_cat": codes, "x_cont": np.array([numbers], dtype=np.float32)}
            accuracy = benchmark.surrogate._session.run(None, inputs)[0][0, 0]
            assert curve.metrics["acc"][step - 1] == pytest.approx(accuracy, rel=1e-5)


@pytest.mark.parametrize("task", ["lcbench:3945", *TASKS])
def test_a_curve_is_predicted_once(task, monkeypatch):
    benchmark = opened(task)
    configuration = configurations(benchmark, 1)[0]
    first = benchmark.curve(configuration, 0)
    monkeypatch.setattr(benchmark, "predict", None)
    assert benchmark.curve(dict(configuration), 0) is first


def test_lcbench_is_given_the_epoch_first():
    benchmark = opened("lcbench:3945")
    names = ("batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout")
    for configuration in configurations(benchmark, 3):
        curve = benchmark.curve(configuration, 0)
        numbers = np.array([[52.0, *(configuration[name] for name in names)]], dtype=np.float32)
        inputs = {"x_cat": np.array([[34]], dtype=np.int32), "x_cont": numbers}
        time, accuracy = benchmark.surrogate._session.run(None, inputs)[0][0, :2]
        assert curve.elapsed[-1] == pytest.approx(time, rel=1e-5)
        assert curve.elapsed[0] == pytest.approx(time / 52, rel=1e-5)
        assert curve.metrics["val_accuracy"][-1] == pytest.approx(accuracy, rel=1e-5)


@pytest.mark.parametrize("task", ["rbv2_xgboost:0", "rbv2_rpart:", "lcbench:1461", "forest:1", "taskset:a", "fcnet:a"])
def test_what_is_no_task_is_named(task):
    if "rbv2" in task or "lcbench" in task:
        pytest.importorskip("onnxruntime")
    with pytest.raises(ValueError, match=rf"^{task}: .*Compared by default are: "):
        open_task(task)


def test_tasks_are_compared_by_default_family_by_family():
    by_family = tasks_by_family()
    assert list(by_family) == ["lcbench", "rbv2_xgboost", "rbv2_rpart", "taskset", "fcnet", "synthetic"]
    assert all(task.startswith(f"{family}:") for family, tasks in by_family.items() for task in tasks)
    assert default_tasks() == [task for tasks in by_family.values() for task in tasks]
    assert by_family["fcnet"] == ["fcnet:diabetes", "fcnet:robot_arm"]


def test_what_is_compared_by_default_confirms_nothing():
    confirming = {task for tasks in split.CONFIRMING.values() for task in tasks}
    assert not confirming & set(default_tasks())


def test_the_drawn_lists_come_out_again():
    opened("lcbench:3945")
    trees = set(described("rbv2_xgboost", "encoding")["task_id"]) & set(described("rbv2_rpart", "encoding")["task_id"])
    lcbench = set(described("lcbench", "encoding")["OpenML_task_id"])
    drawn = split.drawn(lcbench - {"#na#"}, trees - {"#na#"})
    assert drawn == {name: list(getattr(split, name)) for name in drawn}
    assert len(drawn) == 5


def test_no_task_both_chooses_and_confirms():
    chooses, confirms = (
        {family: {task.partition(":")[2] for task in tasks} for family, tasks in lists.items()}
        for lists in (split.CHOOSING, split.CONFIRMING)
    )
    assert all(chooses[family].isdisjoint(confirms[family]) for family in confirms)
    assert [len(confirms["rbv2"]), len(chooses["rbv2"])] == [
        20,
        12,
    ]  # a task of OpenML has one number for both learners
