"""What is of a wrong type gives one error that says what is expected."""

import pytest

from tunekit import tune
from tunekit_core import (
    ConfigurationError,
    ExperimentRecord,
    Objective,
    Problem,
    SearchSpace,
    Streams,
    create,
    find_experiments,
    load_experiment,
    parse_domain,
    uniform,
)

X = {"x": "uniform(0, 1)"}
SPACE, OBJECTIVE = SearchSpace({"x": uniform(0.0, 1.0)}), Objective("loss")
PROBLEM = Problem(space=SPACE, objective=OBJECTIVE)
MAPPING = "is no search space: give a mapping from names to domains or constants"
PATH = "is no path: give the folder as text or as a pathlib.Path"
CALLS = {
    "space": (SearchSpace, MAPPING),
    "parsed space": (SearchSpace.parse, MAPPING),
    "space of a function": (lambda wrong: tune(lambda x: x, wrong), MAPPING),
    "metric of a function": (lambda wrong: tune(lambda x: x, X, metric=wrong), "metric={} is no name: give text"),
    "overrides": (lambda wrong: tune(lambda x: x, X, overrides=wrong), "overrides={} is no list of text: give"),
    "an override": (lambda wrong: tune(lambda x: x, X, overrides=[wrong]), "overrides=[{}] is no list of text"),
    "domain": (parse_domain, "is no text, and so not a domain. Known are: uniform("),
    "folders": (find_experiments, f"folder={{}} {PATH}"),
    "path": (load_experiment, f"path={{}} {PATH}"),
    "results_dir": (lambda wrong: load_experiment("name", results_dir=wrong), f"results_dir={{}} {PATH}"),
    "record": (ExperimentRecord, f"folder={{}} {PATH}"),
    "metric": (lambda wrong: Objective(["loss", wrong]), "metric={} is no name: give text, such as metric='loss'"),
    "mode": (lambda wrong: Objective("loss", wrong), "mode={} is not known. Use 'min' where lower is better"),
    "problem's space": (lambda wrong: Problem(space=wrong, objective=OBJECTIVE), "space={} is no SearchSpace"),
    "objective": (lambda wrong: Problem(space=SPACE, objective=wrong), "objective={} is no Objective"),
    "points": (
        lambda wrong: Problem(space=SPACE, objective=OBJECTIVE, points_to_evaluate=wrong),
        "points_to_evaluate holds {}, which is no configuration: give a list of mappings",
    ),
    "kind": (lambda wrong: create(wrong, "random"), "kind={} is no text: a component is named as in create("),
    "name": (lambda wrong: create("searcher", wrong), "name={} is no text: a component is named as in create("),
    "problem": (
        lambda wrong: create("searcher", "random", wrong, Streams(0)),
        "problem={} is no Problem: create('searcher', 'random', …) takes problem, streams in this order",
    ),
    "streams": (
        lambda wrong: create("searcher", "random", PROBLEM, wrong),
        "streams={} is no Streams: create('searcher', 'random', …) takes problem, streams in this order",
    ),
}


@pytest.mark.parametrize("wrong", [None, 3], ids=repr)
@pytest.mark.parametrize("what", CALLS)
def test_what_is_of_a_wrong_type_is_named_with_what_is_expected(what, wrong):
    call, message = CALLS[what]
    with pytest.raises(ConfigurationError) as caught:
        call(wrong)
    assert message.format(wrong) in str(caught.value)


@pytest.mark.parametrize("resource", [3, ["epoch"]])
def test_a_resource_is_a_name(resource):
    with pytest.raises(ConfigurationError, match="is no name: give text, such as resource='epoch'"):
        Objective("loss", "min", resource)


def test_a_single_metric_of_a_wrong_type_is_named():
    with pytest.raises(ConfigurationError, match="metric=None is no name"):
        Objective(None)


def test_the_home_is_found_wherever_a_folder_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    record = ExperimentRecord("~/run")
    record.release()
    assert record.folder == tmp_path / "run"
