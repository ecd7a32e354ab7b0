"""Scripts of a few lines, and the backend that runs them."""

import sys

from tunekit_core import (
    Benchmark,
    Objective,
    Problem,
    Report,
    Script,
    SearchSpace,
    Streams,
    Trial,
    TrialEnded,
    literal_word,
    uniform,
)
from tunekit_local.backend import LocalBackend
from tunekit_local.options import LocalOptions

IMPORTS = "import json, os, signal, sys, time\nfrom pathlib import Path\nfrom tunekit import Reporter\n"


class Snippet(Benchmark):
    """A script of a few lines, after the imports that it needs; ``told`` is the argument that says how far to go."""

    name = "snippet"
    max_wallclock_time = 60.0

    def __init__(self, code, *, told=None, max_resource=None, resource="step", mode="min"):
        self.code = IMPORTS + code
        self.space = SearchSpace({"x": uniform(0.0, 1.0), **({} if told is None else {told: max_resource})})
        self.objective = Objective("loss", mode, resource)
        self.max_resource, self.max_resource_attr = max_resource, told

    def script(self):
        return Script((sys.executable, "-c", literal_word(self.code)))


def problem_of(benchmark):
    return Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)


def local_backend(benchmark, folder, n_workers=2, **options):
    backend = LocalBackend(problem_of(benchmark), benchmark, folder, Streams(0), LocalOptions(**options))
    backend.open(n_workers)
    return backend


def trial_of(backend, trial_id=0, run=0, reached=None, **values):
    """A trial in this run, which has come so far in the runs before."""
    last = None if reached is None else Report(trial_id, run - 1, reached, {}, (0.0,), 1.0)
    return Trial(trial_id, backend.problem.space.default(), n_runs=run + 1, last_report=last, **values)


def until_idle(backend, n_running=1):
    """All that is told until so many runs are over."""
    events = []
    while n_running:
        told = backend.wait(None)
        assert told, "nothing runs any more"
        for event in told:
            events.append(event)
            n_running -= isinstance(event, TrialEnded)
    return events
