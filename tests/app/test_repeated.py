"""The command that is made from what was recorded plans the very run that was recorded."""

import json

import pytest

from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.results.repeated import repeating

TYPED = {
    "a recipe": ["method=ASHA"],
    "a recipe with options": ["method=HYPERTUNE", "random_seed=5"],
    "several of them": ["method=DYHPO", "benchmark.dataset=diabetes", "n_workers=8"],
    "no recipe": ["scheduler=fifo", "searcher=grid", "benchmark=synthetic", "benchmark.family=width-1"],
    "ends and fixed values": ["method=ASHA", "stopping.max_num_evaluations=40", "fixed.hp_init_lr=0.01"],
    "points and a constraint": ["method=RS", "constraint=x", "points_to_evaluate=[{hp_init_lr: 0.01}]"],
    "another scheduler": ["method=HYPERTUNE", "scheduler=fifo", "experiment_tag=mine"],
    "another option of a part": ["method=HYPERTUNE", "scheduler.brackets=2", "scheduler.reduction_factor=4"],
    "an option of a recipe back to its default": ["method=HYPERTUNE", "scheduler.brackets=1"],
    "what fits the problem": ["method=AUTO", "backend.checkpoint=false"],
    "what usually fits": ["method=AUTO", "benchmark=synthetic", "experiment_tag=null-1"],
    "trials of this machine": ["method=RS", "backend=local", "benchmark=synthetic"],
    "a recipe that is not installed": ["method.name=MINE", "searcher=grid", "scheduler=fifo"],
    "flags": ["method=RS", "wait_for_running=true", "backend.slow_rate=0.25", "composers.rung_sizes={}"],
}


def planned(words):
    (spec,) = plan_command(parse([*words, "seed=3"])).specs
    return spec


def recorded(words):
    spec = planned(words)
    return spec.folder, json.loads(json.dumps(spec.metadata()))


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_the_command_plans_the_same_folder(typed):
    folder, metadata = recorded(typed)
    assert planned(repeating(metadata)).folder == folder


def test_of_a_recipe_only_what_differs_is_typed():
    _, metadata = recorded(["method=HYPERTUNE", "scheduler.reduction_factor=4", "experiment_tag=mine"])
    words = repeating(metadata)
    assert words[:2] == ["method=HYPERTUNE", "scheduler.reduction_factor=4.0"]
    assert words[-1] == "experiment_tag=mine"
    assert [word for word in words if word.startswith(("searcher", "scheduler"))] == words[1:2]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["stopping.max_wallclock_time=720"], ["stopping.max_wallclock_time=720.0"]),
        (["stopping.regret_bound=0.1"], ["stopping.regret_bound=0.1"]),
        (
            ["stopping.regret_bound=0.1", "stopping.regret_bound.trials=5"],
            ["stopping.regret_bound.below=0.1", "stopping.regret_bound.trials=5"],
        ),
    ],
)
def test_one_number_of_a_criterion_is_shown_as_it_is_typed(typed, shown):
    folder, metadata = recorded(["method=BO", *typed])
    words = repeating(metadata)
    assert set(shown) <= set(words)
    assert planned(words).folder == folder


def test_a_recipe_that_has_changed_since_gives_its_name_alone():
    folder, metadata = recorded(["method.name=ASHA", "searcher=grid", "scheduler=fifo"])
    assert repeating(metadata)[:3] == ["method.name=ASHA", "searcher=grid", "scheduler=fifo"]
    assert planned(repeating(metadata)).folder == folder


@pytest.mark.parametrize("text", ["null", "3", "1e5", "a b", "it's", "[x]", "{a: 1}", "ü,=", "", "true", "$x"])
def test_texts_stay_texts(text):
    _, metadata = recorded(["method=RS"])
    metadata["config"]["fixed"] = {"hp_lr_schedule": text}
    (word,) = (word for word in repeating(metadata) if word.startswith("fixed="))
    assert plan_command(parse(["method=RS", "benchmark=synthetic", word.replace("fixed=", "tags=")])).specs[0].tags == {
        "hp_lr_schedule": text
    }


@pytest.mark.parametrize("config", [None, {}, [], {"searcher": {}, "scheduler": {}, "backend": {}, "benchmark": {}}])
def test_what_the_command_line_did_not_make_has_no_command(config):
    assert repeating({"config": config}) is None


def test_a_benchmark_that_is_not_installed_has_no_command():
    _, metadata = recorded(["method=RS"])
    metadata["config"]["benchmark"]["name"] = "nowhere"
    assert repeating(metadata) is None
