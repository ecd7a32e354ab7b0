"""An experiment with ``train.py`` in a process of its own: ``experiment.py FOLDER SCHEDULER N_WORKERS DEATH SECONDS``.

The seconds are those of an epoch.
"""

import signal
import sys
from pathlib import Path

from tunekit_core import (
    Benchmark,
    ExperimentRecord,
    Objective,
    Problem,
    Script,
    SearchSpace,
    Streams,
    Tuner,
    create,
    uniform,
)
from tunekit_local.backend import LocalBackend
from tunekit_local.options import LocalOptions


class Training(Benchmark):
    """``train.py``, told how far to go."""

    name = "training"
    max_resource = 9
    max_resource_attr = "epochs"
    max_wallclock_time = 600.0
    space = SearchSpace({"x": uniform(0.0, 1.0), "epochs": 9, "seconds": float(sys.argv[5])})
    objective = Objective("score", "min", "epoch")

    def script(self) -> Script:
        """The script beside this file."""
        return Script((sys.executable, str(Path(__file__).with_name("train.py"))))


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
folder, scheduler_name, n_workers, on_tuner_death, _ = sys.argv[1:]
benchmark, streams = Training(), Streams(4)
options = LocalOptions(on_tuner_death=on_tuner_death, grace_period=2.0)
problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=9)
searcher = create("searcher", "random", problem, streams)
Tuner(
    scheduler=create("scheduler", scheduler_name, problem, streams, searcher),
    backend=LocalBackend(problem, benchmark, Path(folder), streams, options),
    stopping=[create("stopping", "max_num_trials_finished", problem, count=12)],
    n_workers=int(n_workers),
    record=ExperimentRecord(folder, keep_events=True),
).run()
