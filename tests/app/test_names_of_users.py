"""Names may have any letters, dashes and dots, and lists are choices, from what is typed to the results."""

import sys

import pytest

from tunekit_core import load_experiment

SCRIPT = """import os, json
values = json.load(open(os.environ["TUNEKIT_CONFIGURATION"]))
from tunekit import Reporter
Reporter()(verlust_ß=values["größe"] + len(values["layers"]), epoch=1)
"""
SPACE = {
    "größe": "uniform(0,1)",
    "weight-decay": "loguniform(1e-4,1)",
    "optim.lr": "loguniform(1e-4,1)",
    "2d": "choice(['ja','nein'])",
    "layers": "[[64],[64,32]]",
    "farbe": "grün",
}
FILE = """name: script
metric: verlust_ß
space:
  größe: uniform(0, 1)
  'weight-decay': loguniform(1e-4, 1)
  optim: {lr: 'loguniform(1e-4, 1)'}
  2d: [ja, nein]
  layers: [[64], [64, 32]]
  farbe: grün
"""


@pytest.fixture
def script(results, tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "conf/benchmark").mkdir(parents=True)
    (tmp_path / "conf/benchmark/mine.yaml").write_text(FILE)
    typed = [f"benchmark.space.{name}={entry}" for name, entry in SPACE.items()]
    command = [f"benchmark.command={sys.executable} train.py", "backend=local"]
    return {
        "typed": [*command, "benchmark=script", "benchmark.metric=verlust_ß", *typed],
        "in a file": [*command, "--config-dir=conf", "benchmark=mine"],
    }


@pytest.mark.parametrize("how", ["typed", "in a file"])
def test_names_and_lists_go_from_what_was_written_to_the_results(how, script, tunekit, results):
    options = ["fixed.2d=nein", "fixed.weight-decay=0.5", "tags.größe=ä", "stopping.max_num_trials_started=2"]
    points = "points_to_evaluate=[{größe: 0.25, layers: [64,32], optim.lr: 0.1}]"
    finished = tunekit(*script[how], "method=RS", *options, points)
    assert finished.status == 0, finished.err
    assert "layers=[64, 32]" in finished.err
    metadata = results.metadata()[0]
    assert metadata["tags"] == {"größe": "ä"}
    frame = load_experiment(results.folders()[0]).results
    first = frame[frame["trial_id"] == 0].iloc[0]
    names = ["größe", "weight-decay", "optim.lr", "2d", "layers", "farbe"]
    assert [first[f"config_{name}"] for name in names] == [0.25, 0.5, 0.1, "nein", [64, 32], "grün"]
    assert first["verlust_ß"] == 2.25


def test_a_space_is_the_same_run_however_it_was_written(script, shown_space):
    assert shown_space(*script["typed"]) == shown_space(*script["in a file"])


@pytest.fixture
def shown_space():
    from tunekit.config.arguments import parse
    from tunekit.config.planning import plan_command

    return lambda *line: plan_command(parse(line)).specs[0].hash


def test_what_is_typed_replaces_what_a_file_says(script, shown_space, tunekit):
    typed = ["benchmark.space.größe=0.5", "benchmark.space.optim.lr=0.25", "~benchmark.space.weight-decay"]
    finished = tunekit(*script["in a file"], *typed, "--cfg", "job")
    assert finished.status == 0, finished.err
    assert "    größe: 0.5\n" in finished.out
    assert "    optim.lr: 0.25\n" in finished.out
    assert "weight-decay" not in finished.out
    assert "    layers: choice([[64], [64, 32]])\n" in finished.out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("benchmark.space.'a b'=uniform(0,1)", "benchmark.space.a b=uniform(0,1)"),
        ('benchmark.space."a"=uniform(0,1)', "benchmark.space.a=uniform(0,1)"),
        ("benchmark.space. a=1", "benchmark.space.a=1"),
        ("benchmark.space.a.=1", "benchmark.space.a=1"),
        ("benchmark.space.a..b=1", "benchmark.space.a.b=1"),
        ("benchmark.space.' '=1", "benchmark.space.NAME=1"),
        ("++fixed.'a'=1", "fixed.a=1"),
        ("benchmark.environment.'A'=x", "benchmark.environment.A=x"),
        ("benchmark.metrics.'loss'=x", "benchmark.metrics.loss=x"),
        ("~benchmark.space.'a'", "benchmark.space.a"),
    ],
)
def test_a_name_with_quotes_or_blanks_around_it_is_refused_with_what_was_meant(typed, meant, script, tunekit):
    finished = tunekit(*script["typed"], typed)
    assert finished.status == 2
    assert f"Type '{meant}'" in finished.err
    assert finished.err.count("\n") == 1


def test_a_name_with_a_blank_in_it_is_what_was_typed(script, tunekit):
    finished = tunekit(*script["typed"], "benchmark.space.a b=uniform(0,1)", "--cfg", "job")
    assert "    a b: uniform(0.0, 1.0)\n" in finished.out


def test_names_can_be_swept(script, results):
    from tunekit.config.arguments import parse
    from tunekit.config.planning import plan_command

    line = [*script["typed"], "--multirun", "fixed.größe=0.25,0.5", "fixed.layers=[64],[64,32]"]
    assert [dict(spec.results["fixed"]) for spec in plan_command(parse(line)).specs] == [
        {"größe": size, "layers": layers} for size in (0.25, 0.5) for layers in ((64,), (64, 32))
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("3: uniform(0,1)", "The name 3 is no text: put it in quotes."),
        ("lr: !!set {a}", "m.yaml cannot be read: Value 'set' is not a supported primitive type\n"),
        ("lr: {type: uniform, min: 0, max: 1}", "is no domain. Write uniform(0, 1)."),
        ("lr: log uniform(1e-4, 1)", "Write loguniform(1e-4, 1)."),
        ("lr: uniform[0, 1]", "Write uniform(0, 1)."),
        ("lr: [uniform(0, 1)]", "a list is a choice of its elements"),
        ("lr: []", "there must be at least one category"),
        ("lr: {}", "An empty mapping holds no entry."),
    ],
)
def test_what_is_no_entry_in_a_file_is_refused(entry, told, tunekit, tmp_path):
    (tmp_path / "conf/benchmark").mkdir(parents=True)
    (tmp_path / "conf/benchmark/m.yaml").write_text(f"name: script\ncommand: echo\nspace:\n  {entry}\n")
    finished = tunekit("--config-dir=conf", "benchmark=m", "backend=local", "method=RS")
    assert finished.status == 2
    assert told in finished.err
    assert finished.err.count("\n") == 1


def test_an_error_of_what_a_recipe_chose_names_the_recipe(script, tunekit):
    finished = tunekit(*script["typed"], "method=MOBSTER", "fixed={}")
    assert finished.status == 2
    assert "Give benchmark.max_resource" in finished.err or "Set max_resource" in finished.err
    assert "The run has method=MOBSTER, with searcher=mobster and scheduler=asha_promotion." in finished.err
