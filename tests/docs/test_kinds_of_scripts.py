"""Scripts of every kind, as the tutorial shows them, with methods that need different things of a script."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.test_pages import ROOT, blocks
from tunekit import tune
from tunekit.cli.main import main
from tunekit_core import load_experiment

PAGE = ROOT / "docs/tutorials/tune-your-own-script.md"
ROW = re.compile(r"^\| .*? \| `((?:python|bash|Rscript) .*?)` \|$", re.MULTILINE)
KINDS = ["with_argparse", "with_flags", "with_hydra", "with_file", "with_bash", "with_lightning_cli"]
R = pytest.param("with_r", marks=pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R"))
METHODS = ["RS", "BO", "ASHA", "MOBSTER", "AUTO"]
END = "stopping.max_num_trials_completed=1"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files of the page, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNEKIT_RESULTS", raising=False)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for block in blocks(PAGE):
        if block.title is not None:
            (tmp_path / block.title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    return tmp_path


def test_the_table_has_the_command_of_each_kind(files):
    commands = [yaml.safe_load((files / f"conf/benchmark/{kind}.yaml").read_text())["command"] for kind in KINDS]
    commands.insert(-1, yaml.safe_load((files / "conf/benchmark/with_r.yaml").read_text())["command"])
    assert ROW.findall(PAGE.read_text(encoding="utf-8")) == commands


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", [*KINDS, R])
def test_a_script_of_each_kind_is_tuned_with_each_method(files, kind, method):
    line = ["--config-dir", "conf", f"method={method}", "backend=local", f"benchmark={kind}", "n_workers=2", END]
    assert main(line) == 0
    check(load_experiment(next(files.glob("results/default/*/*"))))


@pytest.mark.parametrize("method", METHODS)
def test_a_function_of_a_notebook_is_tuned_with_each_method(files, method):
    text, _, _ = (files / "notebook.py").read_text().partition("result = ")
    cell = {"__name__": "__main__"}
    exec(compile(text, "cell", "exec"), cell)
    options = {"resource": "epoch", "max_resource": 3, "method": method, "n_workers": 2}
    result = tune(cell["train"], cell["space"], **options, overrides=[END])
    check(result.experiment)


def check(experiment):
    """One trial has come to its end, and none has failed."""
    assert (experiment.metadata["status"], experiment.metadata["n_failed"]) == ("completed", 0)
    assert experiment.results["epoch"].max() == 3
    assert experiment.results["loss"].notna().all()
