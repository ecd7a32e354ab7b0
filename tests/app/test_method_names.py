"""A run of a method goes by its name; with another searcher or scheduler, also by the name of that."""

from pathlib import Path

import pytest

from tunekit.config.arguments import parse
from tunekit.config.options_files.offered import groups
from tunekit.config.planning import plan_command

SHORT = ["benchmark=fcnet", "stopping.max_num_evaluations=20"]


@pytest.fixture
def named(results):
    """The names of methods of what is typed, each once."""

    def names(*typed):
        return list(dict.fromkeys(spec.method_name for spec in plan_command(parse([*SHORT, *typed])).specs))

    return names


def own(name, text):
    """What is typed to take a recipe of one's own."""
    path = Path("own/method")
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{name}.yaml").write_text(f"# @package _global_\n{text}")
    return ["--config-dir=own", f"method={name}"]


def test_what_is_of_the_recipe_goes_by_the_recipe(named):
    recipes = sorted(groups()["method"])
    assert len(recipes) > 8
    assert named("--multirun", f"method={','.join(recipes)}") == recipes


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (["method=BO", "scheduler=asha_promotion"], "BO+asha_promotion"),
        (["method=ASHA", "searcher=bo"], "ASHA+bo"),
        (["method=ASHA", "searcher=bo", "scheduler=pasha"], "ASHA+bo+pasha"),
        (["method=BO", "searcher=tunekit-bo/bo", "scheduler=fifo"], "BO"),
        (["method=BO", "searcher=bo_warp"], "BO"),
        (["method=ASHA", "scheduler=asha_promotion_3_brackets", "scheduler.reduction_factor=4"], "ASHA"),
        (["method=AUTO", "backend.checkpoint=false"], "AUTO"),
        (["method=AUTO", "searcher=random", "scheduler=fifo"], "AUTO+random+fifo"),
        (["searcher=bo"], "fifo+bo"),
    ],
)
def test_what_stands_in_place_of_the_components_of_a_recipe_is_named(named, typed, name):
    assert named(*typed) == [name]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("defaults: [BO, {override /scheduler: asha_promotion}]\nmethod: {name: OWN}\n", "OWN"),
        ("defaults: [BO]\nscheduler: {name: asha_promotion}\nmethod: {name: OWN}\n", "OWN"),
        ("defaults: [BO, {override /scheduler: asha_promotion}]\n", "BO+asha_promotion"),
        ("method: {name: OWN}\n", "OWN"),
        ("defaults: [{override /searcher: bo}]\nmethod: {name: OWN}\n", "OWN"),
        ("searcher: {name: bo}\nmethod: {name: OWN}\n", "OWN"),
        ("defaults: [{override /searcher: '${oc.env:SEARCHER}'}]\nmethod: {name: OWN}\n", "OWN"),
    ],
)
def test_a_recipe_of_ones_own_goes_by_its_name(named, monkeypatch, text, name):
    monkeypatch.setenv("SEARCHER", "bo")
    assert named(*own("OWN", text)) == [name]


def test_beside_a_recipe_of_ones_own_another_component_is_named(named):
    typed = own("OWN", "defaults: [{override /searcher: bo}]\nmethod: {name: OWN}\n")
    assert named(*typed, "scheduler=asha_promotion") == ["OWN+asha_promotion"]


def test_the_folder_is_found_again_by_what_is_shown_and_by_resume(tunekit, results):
    typed = ["method=BO", "scheduler=asha_promotion", *SHORT]
    Path("own/experiment").mkdir(parents=True)
    Path("own/experiment/saved.yaml").write_text(tunekit(*typed, "--cfg", "job").out)
    assert tunekit(*typed).out.startswith("BO+asha_promotion on fcnet-robot_arm, seed 0\n")
    again = tunekit("--config-dir=own", "experiment=saved", "--plan")
    assert "completed" in again.out
    (metadata,) = results.metadata("default/BO+asha_promotion/*")
    assert metadata["method"] == "BO+asha_promotion"


def test_a_comparison_names_what_differs_but_no_revision_that_follows_from_it(tunekit, results):
    """One name, since it is AUTO that takes another searcher and scheduler here."""
    finished = tunekit("--multirun", "method=AUTO", "backend.checkpoint=true,false", *SHORT)
    assert all(word in finished.out for word in ("searcher=mobster", "scheduler=asha_stopping", "searcher=freeze_thaw"))
    assert "revision" not in finished.out
