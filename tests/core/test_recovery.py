"""An experiment whose process died goes on in another: first its record is folded, then the backend is opened."""

import pytest

from tunekit_core import ExperimentRecord, Streams, Tuner, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.trials import Decision, Status
from tunekit_core.engine.events import Decided, TunerStarted, Workers
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.records.load import read_events
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem


class Wall:
    """The clock on the wall, which goes on while a record is folded."""

    def __init__(self):
        self.seconds = 0.0


class Timed(ToyBackend):
    """Keeps the order in which it is called; its clock runs with the one on the wall from when it is opened."""

    def __init__(self, problem, log, wall):
        super().__init__(problem, ToyBenchmark(), None, Streams(0))
        self.log, self.wall = log, wall
        self.began = None

    def open(self, n_workers):
        self.log.append(("open", n_workers))
        self.began = self.wall.seconds

    def restore(self, trials, time):
        self.log.append(("restore", [unfinished.trial.id for unfinished in trials], time))
        super().restore(trials, time)

    def start(self, trial, until, checkpoint_of):
        self.log.append(("start", trial.id))
        super().start(trial, until, checkpoint_of)

    def resume(self, trial, until):
        self.log.append(("resume", trial.id))
        super().resume(trial, until)

    def stop(self, trial):
        self.log.append(("stop", trial.id))
        super().stop(trial)

    def now(self):
        return super().now() + (self.wall.seconds - self.began)


class Tells(Fifo):
    """Keeps the order in which it is called, and takes a second for each report."""

    def on_workers(self, n_workers):
        self.log.append(("on_workers", n_workers))

    def on_start(self, trial):
        self.log.append(("on_start", trial.id))
        super().on_start(trial)

    def on_report(self, trial, report):
        self.wall.seconds += self.takes
        return Decision.STOP if trial.id == 1 and report.resource == 3 else super().on_report(trial, report)


class Watches(Observer):
    name = "watches"

    def __init__(self, problem, log, dies_after):
        super().__init__(problem, None)
        self.log, self.left = log, dies_after

    def on_experiment_start(self, view, metadata):
        self.log.append(("on_experiment_start", view.n_started, view.now))

    def on_report(self, view, trial, report, decision):
        self.left -= 1
        if self.left == 0:
            raise Died


class Died(KeyboardInterrupt):
    """Taken for a death: the record goes no further."""


def run(folder, *, dies_after=0, takes=0.0, n_workers=3, n_reports=60):
    log, wall = [], Wall()
    problem, streams = toy_problem(ToyBenchmark()), Streams(0)
    scheduler = Tells(problem, streams, RandomSearch(problem, streams))
    scheduler.log, scheduler.wall, scheduler.takes = log, wall, takes
    tuner = Tuner(
        scheduler=scheduler,
        backend=Timed(problem, log, wall),
        stopping=[create("stopping", "max_num_evaluations", problem, count=n_reports)],
        n_workers=n_workers,
        observers=[Watches(problem, log, dies_after)],
        record=ExperimentRecord(folder, keep_events=True),
    )
    if dies_after:
        with pytest.raises(Died):
            tuner.run()
    else:
        tuner.run()
    return log


def kinds(log):
    return [entry[0] for entry in log]


def test_the_record_is_folded_before_the_backend_is_opened(tmp_path):
    run(tmp_path, dies_after=40)
    log = run(tmp_path)
    n_folded = log.index(("open", 3))
    assert kinds(log[:n_folded]) == ["on_workers", *["on_start"] * (n_folded - 1)]
    assert n_folded > 4
    assert kinds(log[n_folded : n_folded + 3]) == ["open", "restore", "on_experiment_start"]
    assert log[n_folded + 2][1] == n_folded - 1  # the trials that were folded are there when observers begin


def test_a_new_experiment_opens_the_backend_once_the_scheduler_knows_its_workers_and_restores_nothing(tmp_path):
    log = run(tmp_path)
    assert log[:4] == [("on_workers", 3), ("open", 3), ("on_experiment_start", 0, 0.0), ("on_start", 0)]
    assert "restore" not in kinds(log)


def test_the_time_that_folding_takes_is_not_on_the_clock_of_the_experiment(tmp_path):
    run(tmp_path, dies_after=40)
    died_at = max(event.time for event in read_events(tmp_path) if not isinstance(event, Decided))
    log = run(tmp_path, takes=1000.0, n_reports=41)
    restored = next(entry for entry in log if entry[0] == "restore")
    began = next(entry for entry in log if entry[0] == "on_experiment_start")
    assert restored[2] == began[2] == died_at
    again = [event for event in read_events(tmp_path) if isinstance(event, TunerStarted)][1]
    assert again.time == died_at
    assert load_experiment(tmp_path).metadata["time"] < died_at + 2000.0  # one report is live, forty were folded


def test_trials_that_run_are_handed_over_and_those_whose_end_was_decided_are_asked_to_end(tmp_path):
    run(tmp_path, dies_after=60)
    state = folded(tmp_path)
    log = run(tmp_path, n_reports=100)
    restored = next(entry for entry in log if entry[0] == "restore")
    assert restored[1] == [trial.id for trial in state.trials if trial.status is Status.RUNNING]
    after = log[log.index(restored) + 1 :]
    assert [entry for entry in after[: len(state.endings)] if entry[0] == "stop"] == [
        ("stop", t) for t in state.endings
    ]


def test_a_scheduler_hears_of_another_number_of_workers_after_the_fold(tmp_path):
    run(tmp_path, dies_after=40)
    log = run(tmp_path, n_workers=5)
    told = [position for position, entry in enumerate(log) if entry[0] == "on_workers"]
    assert [log[position] for position in told] == [("on_workers", 3), ("on_workers", 5)]
    assert told[1] == log.index(("open", 5)) - 1
    assert [event.n for event in read_events(tmp_path) if isinstance(event, Workers)] == [3, 5]


@pytest.mark.parametrize("n_lines", range(2, 40, 3))
def test_with_one_worker_an_experiment_that_died_anywhere_goes_on_to_the_same_results(tmp_path, n_lines):
    run(tmp_path / "whole", n_workers=1)
    run(tmp_path / "died", n_workers=1)
    path = tmp_path / "died" / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:n_lines]))
    run(tmp_path / "died", n_workers=1)
    whole, died = (load_experiment(tmp_path / name).results for name in ("whole", "died"))
    pairs = ["trial_id", "epoch", "score", "st_decision"]
    assert died[pairs].equals(whole[pairs])
    assert folded(tmp_path / "died").n_reports == 60


def folded(folder):
    """The state to which the record of an experiment folds."""
    problem, streams = toy_problem(ToyBenchmark()), Streams(0)
    scheduler = Tells(problem, streams, RandomSearch(problem, streams))
    scheduler.log, scheduler.wall, scheduler.takes = [], Wall(), 0.0
    state = ExperimentState(problem, scheduler)
    fold(read_events(folder), state)
    return state
