"""What is edited of a function, or of what it uses, is named, also in the middle of its experiment."""

import json
import signal
import subprocess
import sys
import time

import pytest

from tunekit.functions.canonical import parts_of_function
from tunekit_core import load_experiment

FILES = {
    "helpers.py": "from package.rates import RATE\ndef loss(x):\n    return x * RATE\n",
    "package/__init__.py": "",
    "package/rates.py": "RATE = 1\n",
    "other.py": "x = 1\n",
}
SCRIPT = """
import sys
import helpers
from tunekit import tune

OFFSET = 1
SETTINGS = {"scale": [1, 2]}

class Model:
    def fit(self, x):
        return helpers.loss(x) * SETTINGS["scale"][0]

def shifted(x):
    return Model().fit(x) + OFFSET

def train(x, power=1):
    return shifted(x) ** power

if __name__ == "__main__":
    end = ["stopping.max_num_trials_finished=2"]
    tune(train, {"x": "uniform(0, 1)"}, n_workers=1, overrides=end, **ARGUMENTS)
"""


@pytest.fixture
def run(results, tmp_path):
    """Run a script, with modules beside it, in a process of its own; gives what it prints, as one line."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)

    def run_once(script=SCRIPT, **arguments):
        (tmp_path / "go.py").write_text(script.replace("**ARGUMENTS", f"**{arguments!r}"))
        finished = subprocess.run([sys.executable, "go.py"], cwd=tmp_path, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        return " ".join(finished.stderr.split())

    return run_once


FILE_EDITS = {
    "a module that it imports": ({"helpers.py": FILES["helpers.py"] + "x = 1\n"}, "helpers.py"),
    "a module that this imports": ({"package/rates.py": "RATE = 2\n"}, "package/rates.py"),
    "a package": ({"package/__init__.py": "x = 1\n"}, "package/__init__.py"),
    "several": (
        {"package/rates.py": "RATE = 2\n", "helpers.py": "from package.rates import *\ndef loss(x): return x\n"},
        "helpers.py, package/rates.py",
    ),
}
SCRIPT_EDITS = {
    "a constant": (("OFFSET = 1", "OFFSET = 2"), "OFFSET"),
    "what a container holds": (("[1, 2]", "[1, [3], 2]"), "SETTINGS"),
    "a function that it calls": (("Model().fit(x) + OFFSET", "Model().fit(x) - OFFSET"), "shifted"),
    "a method of a class": (("helpers.loss(x) *", "helpers.loss(x) +"), "Model"),
    "the function itself": (("shifted(x) ** power", "shifted(abs(x)) ** power"), "train"),
    "its default": (("power=1", "power=2"), "train"),
    "the function, and what it calls": (("def shifted(x):", "def shifted(x, y=2):"), "shifted"),
}


@pytest.mark.parametrize(("files", "named"), FILE_EDITS.values(), ids=FILE_EDITS)
def test_of_what_a_function_uses_the_edited_files_are_named(files, named, run, tmp_path):
    run()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert f"is the same experiment with other sources ({named}), and is complete." in run()


def parts(script):
    namespace = {"__name__": "__main__x"}
    exec(script.replace("**ARGUMENTS", ""), namespace)
    return parts_of_function(namespace["train"], "train").digests


@pytest.mark.parametrize(("edit", "named"), SCRIPT_EDITS.values(), ids=SCRIPT_EDITS)
def test_an_edit_shows_in_the_variable_that_it_is_in_alone(edit, named, run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = parts(SCRIPT)
    assert set(before) == {"train", "shifted", "Model", "SETTINGS", "OFFSET", "helpers", *FILES} - {"other.py"}
    after = parts(SCRIPT.replace(*edit))
    assert [name for name in before if before[name] != after[name]] == [named]
    for name in ("helpers", "package.rates", "package"):
        sys.modules.pop(name, None)


def test_of_what_a_function_uses_the_edited_variables_are_named(run):
    run()
    assert "with other sources (OFFSET), and is complete." in run(SCRIPT.replace("OFFSET = 1", "OFFSET = 2"))


def test_a_file_that_it_does_not_use_is_no_part_of_it(run, tmp_path):
    run()
    (tmp_path / "other.py").write_text("x = 2\n")
    assert "Found complete" in run()


@pytest.mark.parametrize("arguments", [({}, {"version": "2"}), ({"version": "1"}, {})])
def test_where_a_version_counts_the_function_is_named(arguments, run):
    before, after = arguments
    run(**before)
    assert "with other sources (train), and is complete." in run(**after)


@pytest.mark.parametrize("parts", [None, "text"])
def test_where_it_was_not_recorded_what_a_function_is_made_of_the_function_is_named(parts, run, results, tmp_path):
    run()
    (folder,) = results.folders()
    metadata = json.loads((folder / "metadata.json").read_text())
    assert "helpers.py" in metadata.pop("function_parts")
    if parts is not None:
        metadata["function_parts"] = parts
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (tmp_path / "helpers.py").write_text(FILES["helpers.py"] + "x = 1\n")
    assert "with other sources (train), and is complete." in run()


def test_what_a_function_is_made_of_is_no_part_of_what_the_run_is(run, results):
    run()
    (folder,) = results.folders()
    assert set(load_experiment(folder).metadata["config"]["sources"]) == {"train"}


EDITS_ITSELF = """
import helpers
from pathlib import Path
from tunekit import tune

def train(x):
    loss = helpers.loss(x)
    Path(helpers.__file__).write_text("def loss(x):\\n    return 5.0 + 0 * x\\n")
    return loss

tune(train, {"x": "uniform(0, 1)"}, n_workers=1, overrides=["stopping.max_num_trials_finished=3"], **ARGUMENTS)
"""


def test_an_edit_while_it_runs_is_told_once_and_the_run_is_another_one(run, results, tmp_path):
    printed = run(EDITS_ITSELF)
    assert printed.count("Edited while the experiment runs, and") == 1
    assert "helpers.py. The results will be those of more than one version" in printed
    (folder,) = results.folders()
    experiment = load_experiment(folder)
    assert folder.name.endswith(experiment.metadata["hash"])
    assert experiment.metadata["status"] == "completed"
    assert experiment.results["loss"].tolist() == [0.5, 5.0, 5.0]
    assert len(experiment.metadata["config"]["earlier_sources"]) == 1
    again = run(EDITS_ITSELF)
    assert "Found complete" not in again
    assert "with other sources (edited while it ran), and is complete" in again


def test_the_same_edit_a_second_time_leaves_the_experiment_where_it_is_and_gives_the_answer(run, results, tmp_path):
    before = (tmp_path / "helpers.py").read_text()
    run(EDITS_ITSELF)
    (first,) = results.folders()
    (tmp_path / "helpers.py").write_text(before)
    printed = run(EDITS_ITSELF)
    assert f"belongs to {first}, where there is one already." in printed
    assert [load_experiment(folder).metadata["status"] for folder in results.folders()] == ["completed", "completed"]


def test_a_module_that_is_gone_for_a_moment_ends_no_experiment(run, results):
    unlinking = EDITS_ITSELF.replace('.write_text("def loss(x):\\n    return 5.0 + 0 * x\\n")', ".unlink()")
    assert unlinking != EDITS_ITSELF
    printed = run(unlinking)
    assert printed.count("Edited while the experiment runs, and perhaps used by trial 0 already: helpers.py.") == 1
    (folder,) = results.folders()
    metadata = load_experiment(folder).metadata
    assert (metadata["status"], metadata["n_failed"]) == ("completed", 2)
    assert folder.name.endswith(metadata["hash"])
    assert metadata["config"]["sources"]["helpers.py"] == "cannot be read"


KILLED = """
import helpers, time
from pathlib import Path
from tunekit import tune

def train(x):
    if Path("edits").exists():
        if x != 0.5:
            time.sleep(600)
        Path(helpers.__file__).write_text("def loss(x):\\n    return 5.0\\n")
    return helpers.loss(x)

if __name__ == "__main__":
    tune(train, {"x": "uniform(0, 1)"}, n_workers=1, overrides=["stopping.max_num_trials_finished=3"])
"""


def test_one_that_was_killed_after_an_edit_is_not_gone_on_from_as_the_version_before(run, results, tmp_path):
    (tmp_path / "go.py").write_text(KILLED)
    (tmp_path / "edits").touch()
    process = subprocess.Popen([sys.executable, "go.py"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not any("earlier_sources" in file.read_text() for file in results.root.glob("*/*/*/metadata.json")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (tmp_path / "edits").unlink()
    (tmp_path / "helpers.py").write_text(FILES["helpers.py"])
    run(KILLED)
    both = {folder: load_experiment(folder).metadata for folder in results.folders()}
    assert len(both) == 2
    assert all(folder.name.endswith(metadata["hash"]) for folder, metadata in both.items())
