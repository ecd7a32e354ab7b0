"""``benchmark=script`` on the command line: domains that Hydra would take for its own functions, files, mistakes."""

import json
import sys

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, strategies as st

from tunekit.config.arguments import with_prefixes
from tunekit.config.hydra_values import quoted
from tunekit_core import load_experiment

TRAIN = """
import argparse
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_known_args()[0].lr
report = Reporter()
for epoch in range(1, 28):
    report(epoch=epoch, loss=abs(lr - 0.01) + 1 / epoch)
"""
COMMAND = f"benchmark.command={sys.executable} train.py"
LR = "benchmark.space.lr=loguniform(1e-4,1e-1)"
MINE = """
name: script
command: PYTHON train.py
space:
  lr: loguniform(1e-4, 1e-1)
  act: choice(['relu', 'tanh'])
metric: loss
resource: epoch
max_resource: 27
"""


@pytest.fixture
def project(results, tmp_path):
    """A script, and a folder of options files with one that describes it."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "conf" / "benchmark").mkdir(parents=True)
    (tmp_path / "conf" / "benchmark" / "mine.yaml").write_text(MINE.replace("PYTHON", sys.executable))
    return tmp_path


@pytest.mark.parametrize("mark", ["'", '"'])
@given(text=st.text(alphabet="ab'\"\\,()[]{}= :\n", max_size=12))
def test_hydra_reads_quoted_text_unchanged(mark, text):
    assert OverridesParser.create().parse_override(f"key={quoted(text, mark)}").value() == text


@pytest.mark.parametrize(
    ("typed", "for_hydra"),
    [
        (LR, "++benchmark.space.lr='loguniform(1e-4,1e-1)'"),
        ("++benchmark.space.a=choice([1,2])", "++benchmark.space.a='choice([1,2])'"),
        ("benchmark.space.a=choice(['b'])", r"++benchmark.space.a='choice([\'b\'])'"),
        ("benchmark.space.a='uniform(0,1)'", "++benchmark.space.a='uniform(0,1)'"),
        ("benchmark.space.a=1,2", "++benchmark.space.a=1,2"),
        ("benchmark.space.a=tanh", "++benchmark.space.a=tanh"),
        ("~benchmark.space.a", "~benchmark.space.a"),
        ("benchmark.dataset=choice(a,b)", "++benchmark.dataset=choice(a,b)"),
        ("searcher=choice(random,grid)", "searcher=choice(random,grid)"),
        ("seed=range(20)", "seed=range(20)"),
    ],
)
def test_domains_alone_get_quotes_and_get_them_once(typed, for_hydra):
    assert with_prefixes([typed]) == [for_hydra]
    assert with_prefixes([for_hydra]) == [for_hydra]


@given(text=st.text(alphabet="ab'\"\\,()[]{}= :\n$~", max_size=12))
def test_hydra_reads_a_command_as_it_is_typed(text):
    (override,) = with_prefixes([f"benchmark.command=python {text}"])
    assert OverridesParser.create().parse_override(override).value() == f"python {text}"


def test_commands_to_sweep_over_are_in_quotes_each():
    (override,) = with_prefixes(["benchmark.command='python a.py {lr},{x}',\"python 'b c.py' {lr}\""])
    parsed = OverridesParser.create().parse_override(override)
    assert list(parsed.sweep_string_iterator()) == ["'python a.py {lr},{x}'", "\"python 'b c.py' {lr}\""]


def benchmark_of(finished):
    assert finished.status == 0, finished.err
    return yaml.safe_load(finished.out)


def test_the_space_is_typed_entry_by_entry(tunekit, project):
    typed = ["benchmark=script", COMMAND, LR, "benchmark.space.act=choice(['relu', 'tanh'])", "benchmark.space.n=3"]
    benchmark = benchmark_of(tunekit("+method=ASHA", *typed, "--cfg", "job", "-p", "benchmark"))
    assert benchmark["space"] == {"lr": "loguniform(0.0001, 0.1)", "act": "choice(['relu', 'tanh'])", "n": 3}
    assert benchmark["command"] == f"{sys.executable} train.py"


def test_a_file_of_the_user_describes_a_script(tunekit, project):
    shown = tunekit("--config-dir", "conf", "benchmark=mine", "benchmark.space.act=tanh", "--cfg", "job")
    benchmark = benchmark_of(shown)["benchmark"]
    assert benchmark["space"] == {"lr": "loguniform(0.0001, 0.1)", "act": "tanh"}
    assert benchmark["name"] == "script"


MISTAKES = {
    "no command": (["benchmark=script", LR], ["benchmark.command=…"]),
    "program": (["benchmark=script", "benchmark.command=pyton train.py", LR], ["no program 'pyton' is on the PATH"]),
    "script": (["benchmark=script", f"benchmark.command={sys.executable} trian.py", LR], ["no file", "trian.py"]),
    "quotes of a command": (["benchmark=script", 'benchmark.command=python "train.py', LR], ["No closing quotation"]),
    "placeholder of a command": (
        ["benchmark=script", f"{COMMAND} {{lrr}}", LR],
        ["has the placeholder {lrr}", "Did you mean 'lr'?"],
    ),
    "dollar in a command": (
        ["benchmark=script", f"{COMMAND} ${{lr}}", LR],
        ["benchmark.command is made of ${lr}", "no dollar: {lr}", r"written \${{lr}}"],
    ),
    "no space": (["benchmark=script", COMMAND], ["benchmark.space={}", "loguniform(1e-4,1e-1)"]),
    "brackets of a domain": (
        ["benchmark=script", COMMAND, "benchmark.space.lr=uniform[0,1]"],
        ["uniform[0,1]", "Write uniform(0, 1)."],
    ),
    "domain in a mapping": (["benchmark=script", COMMAND, "benchmark.space={lr: uniform(0,1)}"], [LR]),
    "interval of one number": (
        ["benchmark=script", COMMAND, "benchmark.space.lr=uniform(0.1,0.1)"],
        ["benchmark.space.lr='uniform(0.1,0.1)'", "to keep it at 0.1 write 0.1 instead"],
    ),
    "sweep for a domain": (["benchmark=script", COMMAND, "benchmark.space.lr=range(3)"], ["range(3)", "Write randint"]),
    "option": (["benchmark=script", COMMAND, LR, "benchmark.modus=max"], ["benchmark.modus", "'mode'"]),
    "mode": (["benchmark=script", COMMAND, LR, "benchmark.mode=maximum"], ["benchmark.mode='maximum'", "'max'"]),
    "simulator": (
        ["benchmark=script", COMMAND, LR, "backend=simulator"],
        ["'script' has no recorded runs", "another backend"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_clear_message(mistake, tunekit, results, project):
    arguments, expected = MISTAKES[mistake]
    finished = tunekit(*arguments)
    assert finished.status == 2
    for text in expected:
        assert text in finished.err
    assert finished.out == ""
    assert len(finished.err.splitlines()) == 1
    assert not results.root.exists()


@pytest.mark.parametrize("method", ["RS", "BO", "ASHA"])
def test_a_script_is_tuned_that_takes_no_other_arguments_than_its_own(method, tunekit, results, project):
    train = TRAIN.replace("parse_known_args()[0]", "parse_args()").replace("range(1, 28)", "range(1, 10)")
    (project / "train.py").write_text(train)
    typed = ["benchmark=script", COMMAND, LR, "benchmark.resource=epoch", "benchmark.max_resource=9"]
    ends = ["stopping.max_num_trials_finished=4", "stopping.max_failures=0", "n_workers=2"]
    finished = tunekit(f"method={method}", "backend=local", *typed, *ends)
    assert finished.status == 0, finished.err
    assert "Best loss" in finished.out
    (folder,) = results.folders()
    assert folder.name.startswith("script-train-0-")
    assert json.loads((folder / "metadata.json").read_text())["status"] == "completed"


def test_an_argument_whose_domain_has_one_value_is_passed_in_every_trial(tunekit, results, project):
    typed = ["benchmark=script", COMMAND, LR, "benchmark.space.n=randint(1,1)", "benchmark.max_resource=27"]
    finished = tunekit("method=RS", "backend=local", *typed, "stopping.max_num_trials_finished=3")
    assert finished.status == 0, finished.err
    (folder,) = results.folders()
    assert set(load_experiment(folder).results["config_n"]) == {1}


def test_a_sweep_keeps_its_domains(tunekit, results, project):
    typed = ["--multirun", "--config-dir", "conf", "benchmark=mine", "seed=range(2)", "benchmark.space.lr=uniform(0,1)"]
    finished = tunekit(*typed, "backend=local", "stopping.max_num_trials_finished=2", "hydra.sweeper.n_jobs=1")
    assert finished.status == 0, finished.err
    assert [found["seed"] for found in results.metadata()] == [0, 1]
    assert {found["config"]["benchmark"]["space"]["lr"] for found in results.metadata()} == {"uniform(0.0, 1.0)"}
