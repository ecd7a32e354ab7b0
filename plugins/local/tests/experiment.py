"""An experiment with ``train.py`` in a process of its own.

``experiment.py FOLDER SCHEDULER N_WORKERS DEATH SECONDS COUNT [ARGUMENT …]``: the seconds are those of an epoch, the
count is that of trials that are finished, the arguments are those of the script. With
``DIE_AT=MODULE:CLASS.METHOD:MOMENT:N`` in its environment it kills itself before or after the n-th call of a method.
"""

import importlib
import os
import signal
import sys
from pathlib import Path

from tunekit_core import (
    Benchmark,
    Checkpoint,
    Decision,
    ExperimentRecord,
    Objective,
    Problem,
    Resume,
    Scheduler,
    Script,
    SearchSpace,
    Start,
    Status,
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
        return Script(
            (
                sys.executable,
                str(Path(__file__).with_name("train.py")),
                *sys.argv[7:],
                "--st_checkpoint_dir",
                "{checkpoint}",
            )
        )


class Copying(Scheduler):
    """Sends a trial to 3, has another go on from there to 6, and then the first to its end; and so on."""

    name = "copying"
    needs = frozenset({"pause", "copy"})

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.paused = []
        self.copied = []

    def suggest(self, trial_id):
        if not self.paused:
            return Start(self.searcher.suggest(trial_id, resource=3).configuration, until=3)
        (donor,) = self.paused
        if donor in self.copied:
            return Resume(donor)
        configuration = self.searcher.suggest(trial_id, resource=6).configuration
        return Start(configuration, until=6, checkpoint_of=Checkpoint(donor, 3))

    def on_start(self, trial):
        self.searcher.on_start(trial)
        if trial.parent is not None:
            self.copied.append(trial.parent.trial_id)

    def on_resume(self, trial, note):
        self.paused.remove(trial.id)

    def on_report(self, trial, report):
        copy_is_done = trial.parent is not None and report.resource == 6
        return Decision.STOP if copy_is_done else Decision.CONTINUE

    def on_pause(self, trial):
        self.paused.append(trial.id)

    def on_end(self, trial, outcome):
        assert outcome is not Status.FAILED


def die_at(place):
    """Have this process killed at a moment that it names."""
    module, name, moment, n_calls = place.split(":")
    class_name, method = name.split(".")
    owner = getattr(importlib.import_module(module), class_name)
    original, left = getattr(owner, method), [int(n_calls)]

    def dying(*arguments, **options):
        left[0] -= 1
        if left[0] == 0 and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **options)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, dying)


def scheduler_of(name, problem, streams):
    """One of ours, or the one above."""
    searcher = create("searcher", "random", problem, streams)
    if name == "copying":
        return Copying(problem, streams, searcher)
    return create("scheduler", name, problem, streams, searcher)


signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
folder, scheduler_name, n_workers, on_tuner_death = sys.argv[1:5]
benchmark, streams = Training(), Streams(4)
options = LocalOptions(on_tuner_death=on_tuner_death, grace_period=2.0, trial_retries=1)
problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=9)
if "DIE_AT" in os.environ:
    die_at(os.environ["DIE_AT"])
Tuner(
    scheduler=scheduler_of(scheduler_name, problem, streams),
    backend=LocalBackend(problem, benchmark, Path(folder), streams, options),
    stopping=[create("stopping", "max_num_trials_finished", problem, count=int(sys.argv[6]))],
    n_workers=int(n_workers),
    record=ExperimentRecord(folder, keep_events=True),
).run()
