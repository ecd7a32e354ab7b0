"""Workers that runs of a sweep are sent to, one after the other."""

import os
import signal

from tests.app.conftest import SHORT
from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose
from tunekit.config.schema import check
from tunekit.config.specs.run_spec import resolve
from tunekit.runs.worker_pool import WorkerPool
from tunekit_core.contracts.status import ExperimentStatus


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
