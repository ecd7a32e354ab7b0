"""Processes that are started import from where the command does, and not from the folder in which it is typed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunekit import tune

CONSOLE_SCRIPT = "import sys\nfrom tunekit.__main__ import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
SHORT = "stopping.max_wallclock_time=50"  # simulated seconds
SWEEP = ["+method=ASHA", "benchmark=fcnet", "--multirun", "seed=0,1", "hydra.sweeper.n_jobs=2", SHORT]
NAMES = ["tunekit_asha", "tunekit", "multiprocessing", "json", "pickle", "tunekit_simulator"]
FUNCTION = """
from tunekit import tune
from beside import center
tune(lambda x: (x - center) ** 2, {"x": "uniform(0, 1)"}, overrides=["stopping.max_num_trials_finished=1"])
"""


@pytest.fixture
def traps(tmp_path):
    """Modules in the current folder that have no business there; those that were imported."""
    (tmp_path / "here").mkdir()
    for name in NAMES:
        (tmp_path / "here" / f"{name}.py").write_text(
            f"open({str(tmp_path / 'here')!r} + '/{name}.caught', 'w')\n1 / 0\n"
        )
    return lambda: sorted(path.stem for path in (tmp_path / "here").glob("*.caught"))


def python(tmp_path, *arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path / "here",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_workers_of_a_sweep_import_nothing_from_the_current_folder(results, tmp_path, traps):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tunekit").write_text(CONSOLE_SCRIPT)
    done = python(tmp_path, str(tmp_path / "bin" / "tunekit"), *SWEEP)
    assert traps() == []
    assert done.returncode == 0, done.stderr
    assert len(results.folders()) == 2


def test_workers_import_what_the_command_imports(results, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "paths.py").write_text(
        "import os, sys\nfrom tunekit_core import Observer, hookimpl\n"
        "class Paths(Observer):\n    name = 'paths'\n    def on_experiment_start(self, *_):\n"
        "        line = repr((sys.path, os.environ.get('PYTHONPATH'), os.getcwd()))\n"
        "        open('paths.txt', 'a').write(line + '\\n')\n"
        "@hookimpl\ndef tunekit_register_observers():\n    return [Paths]\n"
    )
    info = tmp_path / "here" / "paths-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paths\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tunekit]\npaths = paths\n")
    arguments = [*SWEEP, "+observers.paths=true"]
    code = f"import sys; from tunekit.cli.main import main; print(sys.path); sys.exit(main({arguments!r}))"
    done = python(tmp_path, "-c", code, PYTHONPATH="relative")
    assert done.returncode == 0, done.stderr
    before = ast.literal_eval(done.stdout.splitlines()[0])
    here = str(tmp_path / "here")
    expected = repr(([path or here for path in before], "relative", here))
    assert (tmp_path / "here" / "paths.txt").read_text().splitlines() == [expected, expected]


def test_trials_of_a_function_import_nothing_from_the_current_folder(results, tmp_path, traps):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "beside.py").write_text("center = 0.5\n")
    (tmp_path / "bin" / "program.py").write_text(FUNCTION)
    done = python(tmp_path, str(tmp_path / "bin" / "program.py"))
    assert traps() == []
    assert done.returncode == 0, done.stderr
    assert results.metadata()[0]["n_completed"] >= 1


def test_a_function_is_found_where_the_tuner_was_when_it_was_sent(results, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "module_of_the_user.py").write_text("def square(x):\n    return x * x\n")
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    from module_of_the_user import square

    result = tune(square, {"x": "uniform(0, 1)"}, overrides=["stopping.max_num_trials_finished=1"])
    assert 0.0 <= result.best_value <= 1.0
    assert Path.cwd() == tmp_path
