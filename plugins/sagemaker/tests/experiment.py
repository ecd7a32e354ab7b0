"""Experiments with ``train.py`` beside this file, by Tuner and with an emulator.

``experiment.py FOLDER SETUP``: the setup is JSON, the fields of :class:`Setup`. With
``DIE_AT=MODULE:CLASS.METHOD:MOMENT:N`` in its environment the process kills itself before or after the n-th call.
"""

import importlib
import json
import os
import signal
import sys
from pathlib import Path

import attrs

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

QUICK = {"poll_interval": 0.05, "settle_time": 2.0, "image": "image"}


@attrs.frozen(kw_only=True)
class Setup:
    """What is run.

    Attributes:
        options: Of the backend.
        values: Of the script, constants.
        count: Trials that are finished.
        limits: Further criteria by name, with their options.
    """

    scheduler: str = "random"
    n_workers: int = 1
    count: int = 3
    seed: int = 4
    epochs: int = 9
    seconds: float = 0.0
    options: dict = attrs.field(factory=dict)
    values: dict = attrs.field(factory=dict)
    limits: dict = attrs.field(factory=dict)
    arguments: tuple = ()


class Training(Benchmark):
    """``train.py``, told how far to go."""

    name = "training"
    max_resource_attr = "epochs"
    max_wallclock_time = 600.0

    def __init__(self, setup):
        self.max_resource = setup.epochs
        values = {"epochs": setup.epochs, "seconds": setup.seconds, **setup.values}
        self.space = SearchSpace({"x": uniform(0.0, 1.0), **values})
        self.objective = Objective("score", "min", "epoch")
        self.arguments = setup.arguments

    def script(self):
        here = Path(__file__).parent
        return Script((sys.executable, str(here / "train.py"), *self.arguments), here, sources=(Path("train.py"),))


def problem_of(benchmark):
    return Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)


def sagemaker(folder, setup):
    from tunekit_sagemaker.backend.backend import SageMakerBackend
    from tunekit_sagemaker.backend.options import SageMakerOptions

    benchmark = Training(setup)
    options = SageMakerOptions(**{**QUICK, **setup.options})
    return SageMakerBackend(problem_of(benchmark), benchmark, Path(folder), Streams(setup.seed), options)


def local(folder, setup):
    from tunekit_local.backend import LocalBackend
    from tunekit_local.options import LocalOptions

    benchmark = Training(setup)
    return LocalBackend(problem_of(benchmark), benchmark, Path(folder), Streams(setup.seed), LocalOptions())


def tune(folder, setup, make_backend=sagemaker):
    """Run an experiment to its end, or go on with it."""
    problem, streams = problem_of(Training(setup)), Streams(setup.seed)
    searcher = create("searcher", "random", problem, streams)
    name = {"random": "fifo"}.get(setup.scheduler, setup.scheduler)
    limits = {"max_num_trials_finished": {"count": setup.count}, **setup.limits}
    return Tuner(
        scheduler=create("scheduler", name, problem, streams, searcher),
        backend=make_backend(folder, setup),
        stopping=[create("stopping", each, problem, **options) for each, options in limits.items()],
        n_workers=setup.n_workers,
        record=ExperimentRecord(folder, keep_events=True),
    ).run()


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


if __name__ == "__main__":
    from tunekit_sagemaker.aws import rates

    signal.signal(signal.SIGINT, signal.default_int_handler)  # where tests run in the background it is ignored
    if "KEEP_RATES" not in os.environ:
        rates.RATES.clear()
    if "DIE_AT" in os.environ:
        die_at(os.environ["DIE_AT"])
    tune(sys.argv[1], Setup(**json.loads(sys.argv[2])))
