"""What a method decides on a script is what it decides on the recorded runs of that script in the simulator."""

import inspect
import json
import sys
from collections import defaultdict, deque

import attrs
import pytest

from tunekit_core import (
    Benchmark,
    Curve,
    ExperimentRecord,
    Objective,
    Problem,
    Script,
    SearchSpace,
    Streams,
    TrialEnded,
    TrialPlaced,
    Tuner,
    create,
    literal_word,
    loguniform,
    uniform,
)
from tunekit_local.backend import LocalBackend
from tunekit_local.options import LocalOptions
from tunekit_simulator.backend import Simulator
from tunekit_simulator.options import SimulatorOptions

EPOCHS = 9
LEAVES = {"asha_stopping": "STOP", "asha_promotion": "PAUSE"}  # what is decided on a trial that is not good enough
WITHOUT_GPUS = LocalOptions(num_gpus_per_trial=0)
METHODS = pytest.mark.parametrize("scheduler", LEAVES)
SEARCHERS = pytest.mark.parametrize("searcher", ["random", "mobster"])


def loss(x, lr, epoch):
    return (x - 0.3) ** 2 + 10 * lr + (1 + x) / epoch


TRAIN = f"""
import argparse
from pathlib import Path
from tunekit import Reporter

{inspect.getsource(loss)}
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--lr", type=float)
parser.add_argument("--epochs", type=int)
parser.add_argument("--st_checkpoint_dir", type=Path)
arguments = parser.parse_args()
checkpoint = arguments.st_checkpoint_dir / "epoch"
done = int(checkpoint.read_text()) if checkpoint.exists() else 0
report = Reporter()
for epoch in range(done + 1, arguments.epochs + 1):
    checkpoint.write_text(str(epoch))
    report(epoch=epoch, loss=loss(arguments.x, arguments.lr, epoch))
"""


NOT_COMPARED = ("tuner_started", "late", "placed")
OF_THE_FILE = ("number", "crc32", "has_checkpoint")  # a simulated trial always has one


class Twofold(Benchmark):
    """A script and its recorded runs."""

    name = "twofold"
    space = SearchSpace({"x": uniform(0.0, 1.0), "lr": loguniform(1e-4, 1e-1), "epochs": EPOCHS})
    objective = Objective("loss", "min", "epoch")
    max_resource = EPOCHS
    max_resource_attr = "epochs"
    max_wallclock_time = 600.0
    n_seeds = 1

    def script(self):
        return Script((sys.executable, "-c", literal_word(TRAIN), "--st_checkpoint_dir", "{checkpoint}"))

    def blackbox(self):
        return self

    def curve(self, configuration, seed):
        epochs = range(1, EPOCHS + 1)
        x, lr = configuration["x"], configuration["lr"]
        return Curve(epochs, [(1 + x) * epoch for epoch in epochs], {"loss": [loss(x, lr, epoch) for epoch in epochs]})


class Remembering(Simulator):
    """Remembers what happened: kinds of events, trials and times, in their order."""

    name = "remembering"

    def __init__(self, *context):
        super().__init__(*context, SimulatorOptions())
        self.order = []

    def wait(self, deadline):
        events = super().wait(deadline)
        self.order += [(type(event), event.trial_id, event.time) for event in events]
        return events


class InThatOrder(LocalBackend):
    """Relays what trials do in a given order, on the clock that goes with it."""

    name = "in that order"

    def __init__(self, *context, order):
        super().__init__(*context, WITHOUT_GPUS)
        self._order = deque(order)
        self._arrived = defaultdict(deque)
        self._asked = set()  # to end; in the simulator they report no more
        self._time = 0.0

    def stop(self, trial):
        arrived = self._arrived[trial.id]
        while arrived and not isinstance(arrived[0], TrialEnded):
            arrived.popleft()
        self._asked.add(trial.id)
        super().stop(trial)

    def wait(self, deadline):
        kind, trial_id, self._time = self._order.popleft()
        while not self._arrived[trial_id]:
            for event in super().wait(None):
                if isinstance(event, TrialPlaced):
                    continue
                if isinstance(event, TrialEnded) or event.trial_id not in self._asked:
                    self._arrived[event.trial_id].append(event)
        event = self._arrived[trial_id].popleft()
        assert type(event) is kind
        if kind is TrialEnded:
            self._asked.discard(trial_id)
        return [attrs.evolve(event, time=self._time)]

    def now(self):
        return self._time


@pytest.fixture
def run(tmp_path):
    """Run an experiment and return its events, without what is known only where a process ran."""

    def run(backend, scheduler, searcher, n_workers, n_reports):
        folder = tmp_path / backend.name
        problem, streams = backend.problem, Streams(3)
        options = {"num_init_random": 3} if searcher == "mobster" else {}
        Tuner(
            scheduler=create(
                "scheduler", scheduler, problem, streams, create("searcher", searcher, problem, streams, **options)
            ),
            backend=backend,
            stopping=[create("stopping", "max_num_evaluations", problem, count=n_reports)],
            n_workers=n_workers,
            record=ExperimentRecord(folder, keep_events=True),
        ).run()
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        return [without_processes(event) for event in events if event["event"] not in NOT_COMPARED]

    return run


def without_processes(event):
    metrics = {name: value for name, value in (event.get("metrics") or {}).items() if not name.startswith("st_worker")}
    return {**{name: value for name, value in event.items() if name not in OF_THE_FILE}, "metrics": metrics}


def without_times(events):
    return [{name: value for name, value in event.items() if name != "time"} for event in events]


@pytest.fixture
def context(tmp_path):
    """What every backend is given."""
    benchmark = Twofold()
    problem = Problem(
        space=benchmark.space, objective=benchmark.objective, max_resource=EPOCHS, metrics=frozenset({"epoch", "loss"})
    )
    return problem, benchmark, tmp_path / "trials", Streams(3)


@METHODS
@SEARCHERS
def test_with_one_worker_decisions_are_those_of_the_simulator(run, context, scheduler, searcher):
    backends = Simulator(*context, SimulatorOptions()), LocalBackend(*context, WITHOUT_GPUS)
    simulated, real = (without_times(run(backend, scheduler, searcher, 1, 40)) for backend in backends)
    assert real == simulated
    assert {"CONTINUE", LEAVES[scheduler]} <= {event.get("decision") for event in real}


@METHODS
@SEARCHERS
def test_with_several_workers_the_same_order_of_arrival_gives_the_same_decisions(run, context, scheduler, searcher):
    simulator = Remembering(*context)
    simulated = run(simulator, scheduler, searcher, 3, 40)
    real = run(InThatOrder(*context, order=simulator.order), scheduler, searcher, 3, 40)
    assert real == simulated
    assert {"CONTINUE", LEAVES[scheduler]} <= {event.get("decision") for event in real}
