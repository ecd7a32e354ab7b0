"""Experiments on a backend that does what a script says."""

import heapq
import itertools
import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import settings

from tunekit_core import ExperimentRecord, Objective, Problem, SearchSpace, Streams, Tuner
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import Backend, TrialEnded, TrialReported
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.trials import Cause, Status
from tunekit_core.records.load import read_events
from tunekit_core.space import uniform

settings.register_profile("untimed", deadline=None)  # a loaded machine is no bug
settings.load_profile("untimed")


class ScriptedBenchmark(Benchmark):
    name = "scripted"


class ScriptedBackend(Backend):
    """Does what a script says, wherever the trial was sent; every report takes one second.

    Args:
        problem: What is solved.
        script: From trial id and run (0 at the start) to steps: a number is a loss at the next epoch, a mapping is
            reported as it is, a status or cause ends the run, as does an end whose trial, run and time are filled in,
            an exception fails the start. The run completes after its last step.
        lag: Seconds from the request to pause or stop to the end of a trial.
        batch: At most so many events are handed over at once.
        on_close: Called when the backend is closed.
    """

    name = "scripted"
    capabilities = frozenset({"pause", "checkpoint"})

    def __init__(self, problem, script, *, lag, batch, on_close):
        super().__init__(problem, ScriptedBenchmark(), None, Streams(0))
        self.script, self.lag, self.batch, self.on_close = script, lag, batch, on_close
        self.time = 0.0
        self.calls = []
        self.most_running = 0
        self.closed = 0
        self.queue = []
        self.numbers = itertools.count()
        self.runs = {}  # the current or last run of each trial
        self.end_number = {}  # of the end event that counts, by running trial

    def start(self, trial, until, checkpoint_of):
        self.calls.append(("start", trial.id, until))
        self._begin(trial)

    def resume(self, trial, until):
        self.calls.append(("resume", trial.id, until))
        self._begin(trial)

    def pause(self, trial):
        self.calls.append(("pause", trial.id))
        self._ask_to_end(trial.id)

    def stop(self, trial):
        self.calls.append(("stop", trial.id))
        self._ask_to_end(trial.id)

    def wait(self, deadline):
        events = []
        while self.queue and len(events) < self.batch:
            if deadline is not None and self.queue[0][0] > deadline:
                self.time = deadline
                break
            time, ended, number, run, event = heapq.heappop(self.queue)
            if event.trial_id not in self.end_number or run != self.runs[event.trial_id]:
                continue  # of a run that has ended
            if ended:
                if number != self.end_number[event.trial_id]:
                    continue  # it was asked to end at another time
                del self.end_number[event.trial_id]
            self.time = time
            events.append(event)
        return events

    def now(self):
        return self.time

    def release(self, trial_ids):
        self.calls.append(("release", trial_ids))

    def close(self):
        self.closed += 1
        self.on_close()

    def _begin(self, trial):
        self.runs[trial.id] = trial.run
        status, time = Status.COMPLETED, self.time
        for epoch, step in enumerate(self.script(trial.id, self.runs[trial.id]), start=1):
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Status | Cause | TrialEnded):
                status = step
                break
            time += 1.0
            metrics = {"epoch": epoch, "loss": step} if isinstance(step, int | float) else step
            self._push(time, TrialReported(trial.id, trial.run, metrics, time))
        self._end(trial.id, time, status)
        self.most_running = max(self.most_running, len(self.end_number))

    def _ask_to_end(self, trial_id):
        if trial_id in self.end_number:  # its end may have been handed over in one batch with what it reported
            self._end(trial_id, self.time + self.lag, Status.COMPLETED)

    def _end(self, trial_id, time, how):
        if how is Status.COMPLETED:
            how = TrialEnded(0, 0, Status.COMPLETED, 0.0)
        elif not isinstance(how, TrialEnded):
            cause = how if isinstance(how, Cause) else Cause.SCRIPT
            how = TrialEnded(0, 0, Status.FAILED, 0.0, cause, "exit code 1")
        event = attrs.evolve(how, trial_id=trial_id, run=self.runs[trial_id], time=time)
        self.end_number[trial_id] = self._push(time, event)

    def _push(self, time, event):
        number = next(self.numbers)
        heapq.heappush(self.queue, (time, isinstance(event, TrialEnded), number, self.runs[event.trial_id], event))
        return number


@attrs.define
class Played:
    """An experiment after its end."""

    folder: Path
    tuner: Tuner
    backend: ScriptedBackend
    scheduler: Any
    result: Any = None
    error: Any = None

    @property
    def metadata(self):
        return json.loads((self.folder / "metadata.json").read_text())

    @property
    def events(self):
        """What is in ``events.jsonl``, its header left out, without numbers and checksums."""
        lines = (self.folder / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [{k: v for k, v in e.items() if k not in ("number", "crc32")} for e in events[2:]]

    @property
    def recorded(self):
        """The events of the record, as they are folded."""
        return read_events(self.folder)

    def kinds(self, trial_id):
        """What happened to a trial, in order."""
        return [event["event"] for event in self.events if event.get("trial_id") == trial_id]


@pytest.fixture
def scripted_backend():
    """The backend that does what a script says, for tests that change it."""
    return ScriptedBackend


@pytest.fixture
def make_problem():
    """Builds a problem with one hyperparameter, a loss and epochs to 9, unless told otherwise."""

    def make(**changes):
        space = SearchSpace({"x": uniform(0.0, 1.0)})
        objective = Objective("loss", "min", "epoch")
        return Problem(**{"space": space, "objective": objective, "max_resource": 9, **changes})

    return make


@pytest.fixture
def problem(make_problem):
    return make_problem()


@pytest.fixture
def play(problem, tmp_path):
    """Runs an experiment to its end: one worker and FIFO, unless told otherwise.

    Criteria, composers and observers are given as functions of the problem.
    """
    default = problem

    def run(
        script,
        *,
        problem=None,
        scheduler=Fifo,
        searcher=RandomSearch,
        backend=ScriptedBackend,
        folder="run",
        lag=0.0,
        batch=1,
        on_close=lambda: None,
        raises=None,
        **options,
    ):
        problem = problem or default
        streams = Streams(0)
        backend = backend(problem, script, lag=lag, batch=batch, on_close=on_close)
        scheduler = scheduler(problem, streams, searcher(problem, streams))
        for key in ("stopping", "composers", "observers"):
            options[key] = [make(problem) for make in options.get(key, [])]
        record = ExperimentRecord(tmp_path / folder, keep_events=True)
        tuner = Tuner(scheduler=scheduler, backend=backend, record=record, **{"n_workers": 1, **options})
        played = Played(tmp_path / folder, tuner, backend, scheduler)
        if raises is None:
            played.result = tuner.run()
        else:
            with pytest.raises(raises) as caught:
                tuner.run()
            played.error = caught.value
        return played

    return run
