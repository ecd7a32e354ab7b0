"""Machines that share a folder share a sweep, though they see by nothing but leases whether the others live."""

import fcntl
import multiprocessing
import os
import platform
import signal
import sys
import time
import traceback

import attrs
import pytest

from tests.app.conftest import SHORT, TROUBLE, forget_what_is_installed
from tunekit.cli.main import main
from tunekit.results.index import write_index
from tunekit.runs.batch import SECONDS_BETWEEN_LOOKS
from tunekit_core import ExperimentRecord, load_experiment
from tunekit_core.errors import ExperimentLocked
from tunekit_core.records import lock

SEEDS = 5
SWEEP = ("--multirun", "searcher=trouble", SHORT, f"seed=range({SEEDS})", "hydra.sweeper.n_jobs=1")
SECONDS = 1.0  # that leases last

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12 and up


@attrs.frozen
class Machine:
    """A process that takes itself for the only one of a machine."""

    process: multiprocessing.Process
    said: os.PathLike

    def end(self):
        """Its exit status, and what it printed."""
        self.process.join(60)
        return self.process.exitcode, " ".join(self.said.read_text().split())

    def send(self, number):
        os.kill(self.process.pid, number)


@pytest.fixture
def machine(results, tmp_path, monkeypatch):
    """Types a command on a machine of that name; its locks may reach the others or not."""
    monkeypatch.syspath_prepend(TROUBLE)
    monkeypatch.setenv("TROUBLE_LOG", str(tmp_path / "log"))
    forget_what_is_installed()
    if "matplotlib.figure" not in sys.modules:  # so that all is imported before it forks
        assert main([*SWEEP, "seed=0,1", "experiment_tag=first"]) == 0
        (tmp_path / "log").unlink()
    started = []

    def run(said, name, arguments, variables, reach):
        with open(said, "wb") as file:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        os.environ |= variables
        lock.place_of, lock.SECONDS = lambda folder: name, SECONDS
        platform.node = lambda: name
        if not reach:
            fcntl.flock = lambda file, operation: None
        try:
            status = main(arguments)
        except BaseException:
            traceback.print_exc()
            status = 99
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def start(name, *arguments, reach=False, **variables):
        said = tmp_path / f"{name}.txt"
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(said, name, arguments or SWEEP, variables, reach)
        )
        process.start()
        started.append(process)
        return Machine(process, said)

    yield start
    for process in started:
        process.kill()
        process.join()
    forget_what_is_installed()


@pytest.fixture
def begun(tmp_path):
    """The seeds of all runs that were begun, in order."""

    def read():
        log = tmp_path / "log"
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    return read


def wait_for(condition):
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def check(results, begun, twice):
    """Every run is complete and was begun once, but for those that were begun again."""
    assert sorted(begun()) == sorted([*range(SEEDS), *twice])
    folders = results.folders()
    assert len(folders) == SEEDS
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == ["metadata.json", "results.csv.zip"]
        experiment = load_experiment(folder)
        assert experiment.metadata["status"] == "completed"
        assert len(experiment.results) == experiment.metadata["n_reports"]


def is_whole(said):
    return f"{SEEDS} seeds" in said or "Figure: " in said


def test_three_machines_do_each_run_once_and_one_that_is_killed_is_replaced(machine, results, begun):
    first = machine("node1", HANGS_FROM="2")
    wait_for(lambda: begun() == [0, 1, 2])
    others = [machine(name) for name in ("node2", "node3")]
    wait_for(lambda: len(begun()) == SEEDS)
    wait_for(lambda: all("Waiting for 1 run that node1 runs." in other.said.read_text() for other in others))
    first.send(signal.SIGKILL)
    for other in others:
        status, said = other.end()
        assert (status, is_whole(said)) == (0, True), said
    check(results, begun, twice=[2])


@pytest.mark.parametrize("reach", [False, True])
def test_one_that_stands_still_for_longer_than_its_lease_leaves_the_run_to_who_took_it(machine, results, begun, reach):
    arguments = (*SWEEP, "searcher.seconds=0.4")
    first = machine("node1", *arguments, reach=reach)
    wait_for(lambda: begun() == [0])
    first.send(signal.SIGSTOP)
    other = machine("node2", *arguments, reach=reach)
    wait_for(lambda: begun().count(0) == 2)
    if reach:  # else it goes on while the other runs it
        assert other.end()[0] == 0
    first.send(signal.SIGCONT)
    for each in (first, other):
        status, said = each.end()
        assert (status, is_whole(said)) == (0, True), said
    assert "is not this process's to write any more: .lock is that of" in first.end()[1] or reach
    check(results, begun, twice=[0])


def test_who_is_kept_out_though_nobody_is_seen_looks_again_after_a_while(tunekit, results, monkeypatch):
    refusals, slept = iter([True, True, True]), []

    def record(*arguments, **options):
        if next(refusals, False):
            raise ExperimentLocked("another process has just taken it over")
        return ExperimentRecord(*arguments, **options)

    monkeypatch.setattr("tunekit.runs.run.ExperimentRecord", record)
    monkeypatch.setattr(time, "sleep", slept.append)
    assert tunekit("method=RS", "benchmark=fcnet", SHORT).status == 0
    assert slept == [SECONDS_BETWEEN_LOOKS] * 3


def test_two_machines_that_write_the_index_at_the_same_time_both_can(tunekit, results, monkeypatch):
    tunekit("method=RS", SHORT, "--multirun", "seed=0", "hydra.sweeper.n_jobs=1")
    index = results.root / "default" / "index.csv"
    before = index.read_bytes()
    index.unlink()
    replace, written = os.replace, []

    def overtaken(source, target):
        if not written:
            written.append(source)
            write_index(index.parent)
        replace(source, target)

    monkeypatch.setattr(fcntl, "flock", lambda file, operation: None)
    monkeypatch.setattr(os, "replace", overtaken)
    write_index(index.parent)
    assert index.read_bytes() == before
    assert [path.name for path in index.parent.glob(".*part")] == []
