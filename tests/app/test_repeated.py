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
    "flags": ["method=RS", "wait_for_running=true", "backend.slow_rate=0.25", "composers.rung_sizes={}"],
}


def recorded(words):
    (spec,) = plan_command(parse([*words, "seed=3"])).specs
    return spec.hash, {"config": json.loads(json.dumps(dict(spec.results)))}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_the_command_plans_the_same_run(typed):
    digest, metadata = recorded(typed)
    assert recorded(repeating(metadata))[0] == digest


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
