"""A single value in place of options and options both count, wherever each of them stands."""

import pytest
import yaml

from tunekit.config.single_values import as_options
from tunekit.runs.resume_arguments import parse_resume

FILE = "# @package _global_\nexperiment: {name: mine}\n"
BOUND = "stopping.regret_bound"


@pytest.fixture
def shown(tunekit, results):
    """The options of a component that a command would run with, in which an experiment of the user is chosen."""

    def show(written, *typed, part=BOUND):
        folder = results.root.parent / "own" / "experiment"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mine.yaml").write_text(FILE + written)
        own = ["--config-dir", str(folder.parent), "experiment=mine"]
        finished = tunekit(*own, *typed, "--cfg", "job", "-p", part)
        assert finished.status == 0, finished.err
        return yaml.safe_load(finished.out)

    return show


@pytest.mark.parametrize(
    ("written", "typed", "expected"),
    [
        ("0.1", ["{}.trials=5"], {"below": 0.1, "trials": 5}),
        ("{trials: 5}", ["{}=0.1"], {"below": 0.1, "trials": 5}),
        ("{below: 0.3, trials: 5}", ["{}=0.1"], {"below": 0.1, "trials": 5}),
        ("0.3", ["{}=0.1"], {"below": 0.1, "trials": 20}),
        ("0.3", ["{}=null"], None),
        ("null", ["{}=0.1"], {"below": 0.1, "trials": 20}),
        ("true", ["{}.trials=5"], {"below": "noise", "trials": 5}),
        ("true", ["{}=0.1"], {"below": 0.1, "trials": 20}),
        ("{trials: 5}", ["{}=true"], {"below": "noise", "trials": 20}),
        ("0.3", [], {"below": 0.3, "trials": 20}),
        ("null", ["stopping={{regret_bound: 0.1}}", "{}.trials=5"], {"below": 0.1, "trials": 5}),
        ("null", ["{}.trials=5", "stopping={{regret_bound: 0.1, max_cost: 3}}"], {"below": 0.1, "trials": 5}),
        ("{trials: 5}", ["stopping={{regret_bound: {{below: 0.1}}}}"], {"below": 0.1, "trials": 5}),
        ("{trials: 5}", ["+stopping={{'regret_bound':0.1}}"], {"below": 0.1, "trials": 5}),
    ],
)
def test_what_an_options_file_says_and_what_is_typed_both_count(shown, written, typed, expected):
    assert shown(f"stopping: {{regret_bound: {written}}}\n", *(each.format(BOUND) for each in typed)) == expected


def test_it_is_so_for_observers(shown):
    expected = {"project": "mine", "trials": True, "wait": 30.0}
    assert shown("observers: {wandb: mine}\n", "observers.wandb.trials=true", part="observers.wandb") == expected


def test_of_two_files_both_count(shown, results):
    own = results.root.parent / "own" / "method"
    own.mkdir(parents=True)
    (own / "OWN.yaml").write_text("# @package _global_\nmethod: {name: OWN}\nstopping: {regret_bound: {trials: 5}}\n")
    assert shown("stopping: {regret_bound: 0.1}\n", "method=OWN") == {"below": 0.1, "trials": 5}


def test_a_sweep_names_it_as_it_is_typed(tunekit):
    swept = [
        "method=BO",
        "stopping.regret_bound=0.1,0.2",
        "seed=1,2",
        "hydra.sweeper.zip=[[seed,stopping.regret_bound]]",
    ]
    finished = tunekit("--multirun", *swept, "--plan")
    assert finished.status == 0, finished.err
    assert finished.out.count("  missing  ") == 2


@pytest.mark.parametrize("typed", ["stopping.regret_bound=0.3", "stopping.regret_bound.below=0.3"])
def test_what_is_typed_replaces_what_a_study_sweeps(shown, tunekit, results, typed):
    shown(
        "hydra: {mode: MULTIRUN, sweeper: {params: {stopping.regret_bound: '0.1,null'}}}\nstopping: {regret_bound: 1}\n"
    )
    own = ["--config-dir", str(results.root.parent / "own"), "experiment=mine", "method=BO"]
    assert tunekit(*own, "--plan").out.count("  missing  ") == 2
    finished = tunekit(*own, typed, "--plan")
    assert finished.status == 0, finished.err
    assert finished.out.count("fcnet") == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${tags.a}", "${tags.a}"),
        ("???", "???"),
        (None, None),
        (False, False),
        ([1], {"below": [1]}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_what_may_become_anything_stays_as_it_is(value, expected):
    assert as_options("stopping", "regret_bound", value) == expected
    assert as_options("stopping", "max_cost", value) == value
    assert as_options("stopping", "nothing", value) == value


@pytest.mark.parametrize("typed", [[f"{BOUND}=0.2", f"{BOUND}.trials=5"], [f"{BOUND}.trials=5", f"{BOUND}=0.2"]])
def test_what_is_typed_where_an_experiment_goes_on_both_counts(typed):
    assert parse_resume(["folder", *typed]).changes == {"stopping": {"regret_bound": {"below": 0.2, "trials": 5}}}
    of_kind = parse_resume(["folder", "stopping={regret_bound: 0.2}", *typed[1:]])
    assert of_kind.changes["stopping"]["regret_bound"]["below"] == 0.2
    assert parse_resume(["folder", f"{BOUND}=0.2"]).changes == {"stopping": {"regret_bound": {"below": 0.2}}}
