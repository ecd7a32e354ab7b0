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
