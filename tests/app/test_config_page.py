"""``--cfg job``: what a command would run, complete, and nothing is run."""

import pytest
import yaml

from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose
from tunekit.config.schema import KEYS, check
from tunekit.config.specs.run_spec import resolve
from tunekit_core.plugins.registry import registry

COMMANDS = {
    "nothing": [],
    "a recipe": ["method=ASHA", "benchmark.dataset=diabetes", "seed=3"],
    "criteria and observers": [
        "searcher=grid",
        "stopping.max_num_evaluations=200",
        "observers.tensorboard=true",
        "composers.rung_sizes=true",
    ],
    "fewer workers": ["n_workers=2", "scale_max_wallclock_time=true"],
    "what is fixed": ["fixed.hp_batch_size=8", "points_to_evaluate=[{hp_init_lr: 0.01}]", "constraint=metric_n_params"],
    "an options file with values": ["scheduler=asha_promotion_3_brackets", "backend=simulator_reference_delays"],
    "a criterion that is switched off": ["stopping.max_wallclock_time=null", "stopping.max_failures=3"],
    "nothing that ends it": ["stopping.max_wallclock_time=null"],
    "text that looks like something else": ["experiment_tag='1e3'", "tags.a='null'", "tags.b='\\${x}'", "tags.c=''"],
    "a program": ["benchmark=script", "benchmark.command=ls", "benchmark.space.lr=uniform(0,1)"],
}


@pytest.fixture
def shown(tunekit):
    """The configuration that a command shows."""

    def show(*arguments):
        finished = tunekit(*arguments, "--cfg", "job")
        assert (finished.status, finished.err) == (0, "")
        return yaml.safe_load(finished.out)

    return show


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_every_key_and_every_option_of_every_component(command, shown):
    config = shown(*COMMANDS[command])
    assert list(config) == list(KEYS)
    for kind in ("searcher", "scheduler", "backend", "benchmark"):
        component = registry().find(kind, config[kind]["name"])
        assert list(config[kind]) == ["name", *component.options]


@pytest.mark.parametrize("command", COMMANDS)
def test_read_back_it_is_the_same_run(command, shown):
    config = shown(*COMMANDS[command])
    (composed,) = compose(parse(COMMANDS[command])).configs
    assert resolve(check(config), 0).hash == resolve(check(composed), 0).hash


def test_saved_as_a_recipe_it_runs_the_same(tunekit, results, tmp_path):
    command = ["method=ASHA", "scheduler.reduction_factor=4", "stopping.max_num_evaluations=100"]
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(tunekit(*command, "--cfg", "job").out)
    tunekit(*command)
    assert tunekit("experiment=saved", "--config-dir", "mine").status == 0
    (one,) = results.metadata()
    assert one["config"]["scheduler"]["reduction_factor"] == 4


def test_the_time_limit_and_the_workers_of_the_benchmark_are_shown(shown):
    config = shown("method=ASHA")
    assert config["stopping"] == {"max_wallclock_time": {"seconds": 3600.0}, "no_success": {"count": 20}}
    assert config["n_workers"] == 4
    assert shown("n_workers=2", "scale_max_wallclock_time=true")["stopping"]["max_wallclock_time"]["seconds"] == 7200.0


def test_what_is_required_and_missing_is_marked(shown):
    config = shown("benchmark=script", "stopping.max_cost.cost=3")
    assert config["benchmark"]["command"] == "???"
    assert config["benchmark"]["metric"] == "loss"
    assert config["stopping"]["max_cost"] == {"cost": 3.0}


def test_environment_variables_are_shown_as_they_were_written(shown, monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.setenv("WORKERS", "7")
    config = shown(
        "benchmark=script",
        "benchmark.command=ls",
        "benchmark.environment.TOKEN=${oc.env:TOKEN}",
        "benchmark.max_resource=${oc.env:EPOCHS}",
        "tags.token=x${benchmark.environment.TOKEN}",
    )
    assert config["benchmark"]["environment"] == {"TOKEN": "${oc.env:TOKEN}"}
    assert config["benchmark"]["max_resource"] == "${oc.env:EPOCHS}"
    assert config["tags"] == {"token": "x${oc.env:TOKEN}"}
    assert config["results_dir"] == "${oc.env:TUNEKIT_RESULTS,results}"


@pytest.mark.parametrize(
    "written", ["${oc.env:SECRET}", "${ oc.env:SECRET}", "${oc.env:SECRET,none}", "a${oc.env:SECRET}b"]
)
def test_a_secret_is_never_shown_however_it_is_written(written, tunekit, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    shown = tunekit(f"tags.token='{written}'", "tags.again=${tags.token}", "--cfg", "job", "-p", "tags").out
    assert "hunter2" not in shown
    assert yaml.safe_load(shown) == {"token": written, "again": written}


def test_values_are_shown_as_what_they_are_where_that_is_asked_for(tunekit, monkeypatch):
    monkeypatch.setenv("TOKEN", "abc")
    finished = tunekit("tags.token='${oc.env:TOKEN}'", "--cfg", "job", "--resolve", "-p", "tags")
    assert (finished.status, finished.out) == (0, "token: abc\n")


def test_typed_keys_may_come_from_the_environment(tunekit, results, tmp_path, monkeypatch):
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(
        "# @package _global_\nexperiment: {name: study}\nseed: ${oc.decode:${oc.env:SEED}}\n"
        "experiment_tag: tag-${oc.env:USER_NAME}\nfixed: ${oc.create:${oc.env:FIXED}}\n"
    )
    for name, value in {"SEED": "3", "USER_NAME": "me", "FIXED": "{hp_batch_size: 8}"}.items():
        monkeypatch.setenv(name, value)
    finished = tunekit("experiment=study", "--config-dir", "mine", "--cfg", "job")
    assert (finished.status, finished.err) == (0, "")
    config = yaml.safe_load(finished.out)
    assert config["seed"] == "${oc.decode:${oc.env:SEED}}"
    assert config["experiment_tag"] == "tag-${oc.env:USER_NAME}"
    (folder / "saved.yaml").write_text(finished.out)
    plans = [
        tunekit(f"experiment={name}", "--config-dir", "mine", "hydra.sweeper.plan=true") for name in ("study", "saved")
    ]
    assert plans[0].out == plans[1].out


def test_what_was_required_is_missing_when_it_is_read_back(tunekit, tmp_path, results):
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    saved = tunekit("benchmark=script", "benchmark.space.lr=uniform(0,1)", "--cfg", "job").out
    (tmp_path / "mine" / "experiment" / "saved.yaml").write_text(saved)
    finished = tunekit("experiment=saved", "--config-dir", "mine")
    assert finished.status == 2
    assert "needs a value for 'command': add benchmark.command=" in finished.err


def test_other_references_are_followed(shown):
    assert shown("seed=5", "tags.note=seed-${seed}")["tags"] == {"note": "seed-5"}


def test_a_part_of_it_can_be_shown(tunekit):
    assert tunekit("--cfg=job", "-p", "scheduler").out == "name: fifo\n"
    assert "seconds: 3600.0" in tunekit("-c", "job", "--package=stopping.max_wallclock_time").out


def test_of_a_sweep_the_first_run_is_shown_and_how_many_there_are(tunekit, results):
    finished = tunekit("--multirun", "seed=4,5,6", "--cfg", "job")
    assert yaml.safe_load(finished.out)["seed"] == 4
    assert "The first of 3 runs" in finished.out
    assert not results.root.exists()


def test_nothing_is_run_and_no_data_is_opened(tunekit, results, monkeypatch):
    def refuse(*_):
        raise AssertionError("the benchmark was built")

    monkeypatch.setattr(registry().find("benchmark", "fcnet").factory, "__init__", refuse)
    assert tunekit("method=ASHA", "--cfg", "job").status == 0
    assert not results.root.exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["searcher=grid", "searcher.num_samples=1"], "searcher.num_samples=1 must be at least 2"),
        (["benchmark=script", "benchmark.mtric=loss"], "Did you mean 'metric'"),
        (["benchmark=script", "benchmark.mode=least"], "benchmark.mode='least' does not fit"),
        (["-p", "schedulr"], "Did you mean 'scheduler'"),
        (["benchmark=script", "benchmark.max_resource=0"], "benchmark.max_resource=0 must be at least 1"),
        (["-p", "seed.more"], "there is no 'more'"),
    ],
)
def test_a_mistake_gets_one_clear_message(arguments, expected, tunekit):
    finished = tunekit(*arguments, "--cfg", "job")
    assert finished.status == 2
    assert expected in finished.err
    assert finished.out == ""
