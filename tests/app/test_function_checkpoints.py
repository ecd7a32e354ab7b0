"""What is concluded of the checkpoints of a function before it is run."""

import functools
import importlib
import os
import sys

import cloudpickle
import pytest

from tunekit import tune
from tunekit.functions.canonical import parts_of_function
from tunekit.functions.checkpoints import keeps_no_checkpoint

PLAIN = "from tunekit import Reporter\n\ndef train(x):\n    Reporter()(epoch=1, loss=x)\n"
AROUND = "\ndef around(function):\n    return lambda x: function(x)\n\ntrain = around(train)\n"
SAVES = "\ndef train(x):\n    with Reporter().checkpoint(1):\n        pass\n"
FUNCTIONS = {
    "plain": (PLAIN, True),
    "in another": (PLAIN + AROUND, True),
    "an object": ("class Plain:\n    def __call__(self, x):\n        return x\n\ntrain = Plain()\n", True),
    "its method": ("class Plain:\n    def train(self, x):\n        return x\n\ntrain = Plain().train\n", True),
    "with a part given": (f"import functools\n{PLAIN}\ntrain = functools.partial(train, x=1)\n", True),
    "saves": (PLAIN + SAVES, False),
    "saves in another": (PLAIN + SAVES + AROUND, False),
    "finds the folder": ("import os\nPLACE = 'TUNEKIT_CHECKPOINT_DIR'\ndef train(x):\n    os.environ[PLACE]\n", False),
    "has callbacks": ("def train(x):\n    import tunekit\n    tunekit.callbacks\n", False),
    "its method saves": (
        "class O:\n    def train(self, x):\n        self.checkpoint\n\ntrain = O().train\n",
        False,
    ),
    "starts a program of the shell": ("import os\ndef train(x):\n    os.system('python train.py')\n", False),
    "becomes a program": ("import os\ndef train(x):\n    os.execvp('python', ['python', 'train.py'])\n", False),
    "runs text": ("def train(x):\n    exec(open('train.txt').read())\n", False),
    "imports what is named": ("import importlib\ndef train(x):\n    importlib.import_module('it').fit(x)\n", False),
    "imports by a function": ("def train(x):\n    __import__('it').fit(x)\n", False),
    "starts a program": ("import subprocess\ndef train(x):\n    subprocess.run(['python', 'train.py'])\n", False),
}


def is_concluded(function):
    return keeps_no_checkpoint(function, cloudpickle.dumps(function), parts_of_function(function, "f").files)


def of_notebook(text):
    """The function of a cell, which no other process can import."""
    variables = {"__name__": "__main__"}
    exec(compile(text, "<cell>", "exec"), variables)
    return variables["train"]


@pytest.fixture
def of_module(tmp_path, monkeypatch):
    """The function of a module of the user's own, beside a module ``helper``."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(text, helper=""):
        (tmp_path / "helper_of_it.py").write_text(helper)
        (tmp_path / "own_training.py").write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("own_training").train

    yield load
    for name in ("own_training", "helper_of_it"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("which", FUNCTIONS)
def test_a_function_keeps_none_if_neither_it_nor_what_it_uses_names_any(which):
    text, concluded = FUNCTIONS[which]
    assert is_concluded(of_notebook(text)) == concluded


@pytest.mark.parametrize("which", ["plain", "an object", "saves", "finds the folder"])
def test_the_module_of_a_function_is_read(of_module, which):
    text, concluded = FUNCTIONS[which]
    assert is_concluded(of_module(text)) == concluded


@pytest.mark.parametrize(("helper", "concluded"), [("", True), ("PLACE = 'TUNEKIT_CHECKPOINT_DIR'\n", False)])
def test_the_local_modules_that_it_imports_are_read(of_module, helper, concluded):
    assert is_concluded(of_module(f"import helper_of_it\n{PLAIN}", helper)) == concluded


@pytest.mark.parametrize("function", [abs, os.path.join, functools.lru_cache(of_notebook(PLAIN))])
def test_of_what_is_not_read_nothing_is_concluded(function):
    assert not keeps_no_checkpoint(function, b"", parts_of_function(of_notebook(PLAIN), "f").files)


def tuned(method, **more):
    arguments = {"resource": "epoch", "max_resource": 3, "n_workers": 1, "max_trials": 1}
    found = tune(of_notebook(PLAIN), {"x": "uniform(0, 1)"}, method=method, **arguments, **more)
    return found.experiment.metadata


def test_a_method_takes_what_fits_a_function_that_keeps_none(results, capfd):
    assert tuned("AUTO")["config"]["scheduler"]["name"] == "asha_stopping"
    assert (
        "AUTO is MOBSTER-STOP here (searcher=mobster scheduler=asha_stopping), since the function keeps no checkpoint, "
        "and a paused trial would begin anew.\n"
    ) in capfd.readouterr().err


def test_a_method_that_pauses_a_function_that_keeps_none_is_warned_of(results, capfd):
    assert "keeps no checkpoint" in tuned("ASHA")["paused_trials_begin_anew"]
    assert capfd.readouterr().err.startswith(
        "Warning: ASHA pauses trials, but the function keeps no checkpoint, and a paused trial would begin anew. Type "
        "method='AUTO', which takes what fits, or overrides=['scheduler=asha_stopping'], which stops instead.\n"
    )


def test_nothing_is_concluded_of_a_function_whose_version_counts_in_its_place(results, capfd):
    assert "paused_trials_begin_anew" not in tuned("ASHA", version="1")
    assert "Warning" not in capfd.readouterr().err
