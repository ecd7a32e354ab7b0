"""Ctrl-C at any moment, from the first import on, gives status 130 and a line, never a traceback.

SIGTERM and SIGHUP do the same with status 143 and 129.
"""

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from tunekit_core import load_experiment

IMPORTS = """
import os, runpy, signal, sys
wanted = sys.argv[1]

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            {how}

signal.signal(signal.{number}, signal.{before})
sys.meta_path.insert(0, Interrupts())
sys.argv[:2] = ["__main__.py"]
runpy.run_module("tunekit", run_name="__main__", alter_sys=True)
"""
KILL = "os.kill(os.getpid(), signal.{number})"
HOW = {
    "plain": KILL,
    "in generated code": f"exec('{KILL}')",
    "swallowed": f"\n            try: {KILL}\n            except BaseException: pass",
    "made another error": f"\n            try: {KILL}\n            finally: 1 / 0",
}


def interrupted_at(module, how, *arguments, number="SIGINT", before="default_int_handler"):
    """Run the command, which is interrupted where it imports a module."""
    code = IMPORTS.replace("{how}", HOW[how]).format(number=number, before=before)
    return subprocess.run([sys.executable, "-c", code, module, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("tunekit.cli.main", "plain"),
        ("rich.console", "swallowed"),
        ("tunekit_core.plugins.registry", "in generated code"),
        ("tunekit_core.builtin", "made another error"),
        ("hydra", "swallowed"),
        ("tunekit.cli.run", "in generated code"),
        ("tunekit_simulator.backend", "made another error"),
    ],
)
def test_an_interruption_before_anything_runs_is_a_line_and_status_130(results, module, how):
    finished = interrupted_at(module, how, "searcher=random", "benchmark=fcnet")
    again = "Interrupted. To go on, type: python -m tunekit searcher=random benchmark=fcnet\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (130, "", again)
    assert not results.root.exists()


def test_an_interruption_while_options_are_composed_says_what_was_typed(results):
    typed = ("benchmark=script", "benchmark.command=python -u train.py", "benchmark.space.lr=uniform(0,1)")
    finished = interrupted_at("tunekit_local.conf", "plain", *typed)
    assert finished.stderr == f"Interrupted. To go on, type: python -m tunekit {shlex.join(typed)}\n"


@pytest.mark.parametrize(("number", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("module", ["tunekit.cli.main", "hydra"])
def test_a_signal_to_end_before_anything_runs_is_a_line_and_a_status(results, module, number, status):
    finished = interrupted_at(
        module, "swallowed", "searcher=random", "benchmark=fcnet", number=number, before="SIG_DFL"
    )
    again = "Interrupted. To go on, type: python -m tunekit searcher=random benchmark=fcnet\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (status, "", again)
    assert not results.root.exists()


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_where_interruptions_are_ignored_they_still_are(results, number):
    finished = interrupted_at("rich.console", "plain", "plugins", number=number, before="SIG_IGN")
    assert (finished.returncode, finished.stderr) == (0, "")


SLOW_TO_IMPORT = textwrap.dedent("""
    import os
    import time
    from tunekit_core.builtin.random_search import RandomSearch

    class Mine(RandomSearch):
        name = "mine"

    @hookimpl
    def tunekit_register_searchers():
        return [Mine]

    with open(os.environ["IMPORTED"], "a") as log:
        log.write("x")
    if os.path.getsize(os.environ["IMPORTED"]) == int(os.environ["SLOW_AT"]):
        time.sleep(4)  # the server of workers is there until it has imported them
""")


@pytest.mark.parametrize("slow_at", [1, 2], ids=["in the command", "in the server of its workers"])
def test_an_interruption_while_a_plugin_is_imported_is_a_line_and_status_130(site, start, results, tmp_path, slow_at):
    site.add("tunekit-slow-to-import", SLOW_TO_IMPORT)
    log = tmp_path / "imported"
    process = start(
        *("searcher=mine", "benchmark=fcnet", "--multirun", "seed=range(2)", "hydra.sweeper.n_jobs=2"),
        PYTHONPATH=str(site.path),
        IMPORTED=str(log),
        SLOW_AT=str(slow_at),
    )
    deadline = time.monotonic() + 30
    while not (log.exists() and log.stat().st_size == slow_at):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does: every process of the group gets it
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    lines = err.splitlines()
    assert lines[:-1] == ["2 runs: 0 complete, 2 to run, 2 at the same time."] * (slow_at - 1)
    assert lines[-1].startswith("Interrupted. To go on, type: python -m tunekit searcher=mine ")


WAITS = """
import os
import time
from tunekit import Reporter

report = Reporter()
report(epoch=1, loss=0.5)
limit = time.monotonic() + 120
while not os.path.exists("it-may-end") and time.monotonic() < limit:
    time.sleep(0.02)
report(epoch=2, loss=0.25)
"""
OWN = (
    *(
        "backend=local",
        "benchmark=script",
        f"benchmark.command={sys.executable} waits.py",
        "searcher=random",
    ),
    *("benchmark.space.lr=uniform(0,1)", "benchmark.metric=loss", "n_workers=1", "stopping.max_num_trials_started=1"),
)


def wait_for(condition):
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_reported(results):
    return lambda: any('"report"' in path.read_text() for path in results.root.glob("**/events.jsonl"))


def processes_with(variable):
    """The processes that have it in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder.name)
    return found


@pytest.fixture
def mark(monkeypatch):
    """In the environment of all that a test starts."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("MARK", mark)
    return f"MARK={mark}"


@pytest.mark.parametrize(("number", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("often", [1, 2])
def test_a_signal_to_end_leaves_results_and_says_how_to_go_on(start, results, tmp_path, mark, number, status, often):
    (tmp_path / "waits.py").write_text(WAITS)
    process = start(*OWN)
    wait_for(has_reported(results))
    for _ in range(often):
        os.kill(process.pid, getattr(signal, number))
    _, err = process.communicate(timeout=120)
    assert process.returncode == status, err
    assert "Traceback" not in err
    *_, best, last = err.splitlines()
    assert best == f"Best loss so far: 0.5 at report 1 of trial 0. Results so far: {results.folders()[0]}"
    assert last.startswith("Interrupted. To go on, type: python -m tunekit backend=local ")
    (metadata,) = results.metadata()
    assert (metadata["status"], metadata["reason"]) == ("interrupted", f"interrupted by {number}")
    assert len(load_experiment(results.folders()[0]).results) == 1
    wait_for(lambda: not processes_with(mark))


def test_under_nohup_a_terminal_that_is_closed_changes_nothing(results, tmp_path, start):
    (tmp_path / "waits.py").write_text(WAITS)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = start(*OWN)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_for(has_reported(results))
    os.killpg(process.pid, signal.SIGHUP)
    time.sleep(0.5)
    (tmp_path / "it-may-end").touch()
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert [run["status"] for run in results.metadata()] == ["completed"]


COUNTS = """
import time
from tunekit import Reporter

report = Reporter()
for epoch in range(1, 5):
    report(epoch=epoch, loss=1 / epoch)
    time.sleep(0.2)
"""
COLUMNS = ["trial_id", "config_lr", "epoch", "loss", "st_decision", "st_status"]


def test_what_a_killed_experiment_had_come_to_is_read_as_often_as_it_is_killed(start, shell, results, tmp_path, mark):
    (tmp_path / "counts.py").write_text(COUNTS)
    command = [each.replace("waits.py", "counts.py") for each in OWN]
    command[-1] = "stopping.max_num_trials_finished=4"
    read = []
    for n_reports in (1, 2, 4, 7, 10):
        process = start(*command)
        wait_for(lambda n=n_reports: any(decisions(path) >= n for path in results.root.glob("**/events.jsonl")))
        process.kill()
        process.wait()
        wait_for(lambda: not processes_with(mark))
        (folder,) = results.folders()
        before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        read.append(load_experiment(folder))
        assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert read[-1].metadata["status"] == "interrupted"
        assert len(read[-1].results) >= n_reports
    assert shell(*command).status == 0
    whole = load_experiment(folder)
    assert len(whole.results) >= 16
    for experiment in read:
        n = len(experiment.results)
        assert experiment.results[COLUMNS].equals(whole.results[COLUMNS][:n])
        assert experiment.best_value() == whole.results["loss"][:n].min()
        assert experiment.failed_trials == []


def decisions(record):
    return record.read_text().count('"event": "decision"')
