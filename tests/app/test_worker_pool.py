"""Workers that runs of a sweep are sent to, one after the other."""

import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from tests.app.conftest import SHORT
from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose
from tunekit.config.schema import check
from tunekit.config.specs.run_spec import resolve
from tunekit.runs import worker_pool
from tunekit.runs.run import Outcome
from tunekit.runs.worker_pool import WorkerPool
from tunekit_core.contracts.status import ExperimentStatus

INTERRUPTED_WHILE_IT_STARTS = """
import signal
from multiprocessing import forkserver
from tunekit.runs import worker_pool
from tunekit.runs.run import Outcome
from tunekit.runs.worker_pool import WorkerPool

signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored in the background
connect = forkserver.connect_to_new_process

def interrupted(fds):
    forkserver.connect_to_new_process = connect
    connected = connect(fds)
    signal.raise_signal(signal.SIGINT)
    return connected

forkserver.connect_to_new_process = interrupted
try:
    WorkerPool(1)
except KeyboardInterrupt:
    print("interrupted")
WorkerPool(1).close()  # a server that has started this one has dealt with the first
"""


def test_a_signal_that_comes_between_two_runs_interrupts_the_next_one_whatever_threads_there_are(results):
    """The first run leaves a thread that renews leases, and the system may hand the signal to that one."""
    composed = compose(parse(["--multirun", "seed=range(3)", SHORT])).configs
    first, second, third = (resolve(check(config), i) for i, config in enumerate(composed))
    with WorkerPool(1) as pool:
        statuses = [outcome.status for _, outcome in pool.run([first])]
        os.kill(pool._workers[0].process.pid, signal.SIGTERM)
        statuses += [outcome.status for _, outcome in pool.run([second])]
        statuses += [outcome.status for _, outcome in pool.run([third])]
    completed = ExperimentStatus.COMPLETED
    assert statuses == [completed, ExperimentStatus.INTERRUPTED, completed]


def test_an_interruption_while_a_worker_is_started_waits_until_it_has_been_told_what_to_do():
    """It would print a traceback if the process that starts it ended in between."""
    command = [sys.executable, "-c", INTERRUPTED_WHILE_IT_STARTS]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "interrupted\n", "")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12 and up
def test_a_worker_whose_outcome_nobody_waits_for_ends_in_silence(capfd, monkeypatch):
    """As after a second Ctrl-C."""
    forked = multiprocessing.get_context("fork")
    ours, theirs = forked.Pipe()

    def run_until_nobody_listens(spec, as_planned):
        ours.close()
        return Outcome(ExperimentStatus.COMPLETED, "")

    monkeypatch.setattr(worker_pool, "_run_interruptibly", run_until_nobody_listens)
    ours.send("a run")
    worker = forked.Process(target=worker_pool._serve, args=(theirs, {}, None))
    worker.start()
    ours.close()
    worker.join(60)
    assert (worker.exitcode, capfd.readouterr().err) == (0, "")
