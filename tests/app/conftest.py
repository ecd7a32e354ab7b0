"""Runs the application: in this process, where that is all it takes, or as a user does, from the shell."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from tunekit.cli.main import main
from tunekit.config.options_files import files, offered
from tunekit_core import ExperimentRecord, Streams, Tuner, create
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.plugins.registry import registry
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

TROUBLE = Path(__file__).parent / "trouble"
SHORT = "stopping.max_wallclock_time=50"  # simulated seconds: some 20 trials of ASHA


@attrs.frozen
class Finished:
    """What a command left behind."""

    status: int
    out: str
    err: str


class Results:
    """The folder of results of one test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folders(self, pattern: str = "default/*/*") -> list[Path]:
        return sorted(path.parent for path in self.root.glob(f"{pattern}/metadata.json"))

    def metadata(self, pattern: str = "default/*/*") -> list[dict]:
        return [json.loads((folder / "metadata.json").read_text()) for folder in self.folders(pattern)]

    def bytes(self, pattern: str = "default/*/*") -> dict[str, bytes]:
        return {folder.name: (folder / "results.csv.zip").read_bytes() for folder in self.folders(pattern)}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNEKIT_RESULTS", str(tmp_path / "results"))
    return Results(tmp_path / "results")


@attrs.frozen
class Site:
    """A folder of distributions that are not ours."""

    path: Path

    def add(self, name: str, code: str = "", files: dict[str, str] | None = None) -> None:
        """Add a distribution.

        Args:
            name: Its name; its package is called the same with underscores.
            code: What stands in its package beside the hook for its configs.
            files: Its options files, by path below ``conf``.
        """
        package = self.path / name.replace("-", "_")
        (package / "conf").mkdir(parents=True)
        (package / "conf" / "__init__.py").touch()
        hook = f"@hookimpl\ndef tunekit_config_packages():\n    return ['{package.name}.conf']\n"
        (package / "__init__.py").write_text(f"from tunekit_core import hookimpl\n\n{code}\n\n{hook}")
        for file, text in (files or {}).items():
            (package / "conf" / file).parent.mkdir(parents=True, exist_ok=True)
            (package / "conf" / file).write_text(text)
        info = self.path / f"{package.name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[tunekit]\n{name} = {package.name}\n")


def forget_what_is_installed() -> None:
    for cached in (registry, files.config_folders, files.files, offered.groups):
        cached.cache_clear()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where a test puts distributions that this process then finds installed, when it first looks for any."""
    loaded = set(sys.modules)
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    forget_what_is_installed()
    yield Site(tmp_path / "site")
    for name in sys.modules.keys() - loaded:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    forget_what_is_installed()


@pytest.fixture
def tunekit(results, capfd):
    """Run the command in this process."""

    def run(*arguments: str) -> Finished:
        capfd.readouterr()
        status = main(arguments)
        return Finished(status, *capfd.readouterr())

    return run


def listen_to_interruptions() -> None:
    """A shell in the background ignores them, and so would every process that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(results):
    """Start the command in a process of its own, with the plugin that makes trouble installed."""
    processes = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen:
        variables = {**os.environ, "PYTHONPATH": str(TROUBLE), **environment}
        command = [sys.executable, "-m", "tunekit", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        options = {"env": variables, "start_new_session": True, "preexec_fn": listen_to_interruptions}
        processes.append(subprocess.Popen(command, **options, **pipes))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def shell(start):
    """Run the command in a process of its own to its end."""

    def run(*arguments: str, **environment: str) -> Finished:
        process = start(*arguments, **environment)
        out, err = process.communicate(timeout=120)
        return Finished(process.returncode, out, err)

    return run


@pytest.fixture
def ended(tmp_path):
    """The folder of an experiment that keeps a record and has ended."""
    benchmark = ToyBenchmark()
    problem = toy_problem(benchmark)
    Tuner(
        scheduler=create("scheduler", "fifo", problem, Streams(0), RandomSearch(problem, Streams(0))),
        backend=ToyBackend(problem, benchmark, None, Streams(0)),
        n_workers=2,
        stopping=[create("stopping", "max_num_evaluations", problem, count=40)],
        record=ExperimentRecord(tmp_path / "run", keep_events=True),
    ).run()
    return tmp_path / "run"
