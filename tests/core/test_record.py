"""What an experiment leaves on disk, also when its process dies."""

import fcntl
import itertools
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import numpy as np
import pytest

from tunekit_core import ExperimentRecord, Objective, Streams, __version__, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.backends import TrialReported
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Status
from tunekit_core.engine.events import TunerStarted, Workers
from tunekit_core.engine.fold import fold
from tunekit_core.engine.state import ExperimentState
from tunekit_core.errors import ExperimentLocked, RecordError
from tunekit_core.records.files import read_metadata, write_metadata
from tunekit_core.records.load import read_events
from tunekit_core.records.lock import FolderLock, is_locked
from tunekit_core.testing import ToyBenchmark, toy_problem

TIMES = ("started", "ended")
BEGUN = {"format": 3, "metric": ["loss"], "mode": ["min"], "resource": None, "search_space": []}
COUNTS = {"n_started": 0, "n_completed": 0, "n_paused": 0, "n_reports": 0, "n_failed": 0, "time": 0.0}


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


def test_metadata_tell_the_whole_story(play, make_problem):
    problem = make_problem(objective=Objective(["loss", "size"], ["max", "min"], "epoch"))
    script = {0: [{"epoch": 1, "loss": 0.5, "size": 3}], 1: [{"epoch": 1, "loss": 0.7, "size": 4}, Status.FAILED]}
    played = play(lambda t, run: script[t], problem=problem, stopping=[finished(2)])
    metadata = played.metadata
    began, ended = (datetime.fromisoformat(metadata.pop(name)) for name in TIMES)
    assert began <= ended
    assert began.utcoffset().total_seconds() == 0
    numerics = metadata.pop("numerics")
    assert set(numerics) == {"python", "numpy", "machine", "blas"}
    assert numerics["numpy"] == np.__version__
    assert [metadata["incumbent"].pop("configuration"), metadata["incumbents"][0].pop("configuration")] == [
        {"x": 0.5}
    ] * 2
    assert 0.0 <= metadata["best_of_failed"].pop("configuration")["x"] <= 1.0
    assert metadata == {
        "format": 3,
        "status": "completed",
        "reason": "2 trials were finished",
        "metric": ["loss", "size"],
        "mode": ["max", "min"],
        "constraint": None,
        "resource": "epoch",
        "max_resource": 9,
        "n_workers": 1,
        "search_space": problem.space.to_json(),
        "versions": {"tunekit-hpo": __version__},
        "n_started": 2,
        "n_completed": 1,
        "n_stopped": 0,
        "n_failed": 1,
        "n_paused": 0,
        "n_reports": 2,
        "time": 2.0,
        "n_restarted": 0,
        "n_anomalies": 0,
        "incumbent": {"trial_id": 0, "resource": 1, "metrics": {"loss": 0.5, "size": 3}},
        "incumbents": [{"trial_id": 0, "resource": 1, "metrics": {"loss": 0.5, "size": 3}}],
        "best_so_far": {"time": [1.0], "value": [0.5]},
        "recommended": None,
        "best_of_failed": {"trial_id": 1, "resource": 1, "metrics": {"loss": 0.7, "size": 4}},
        "failures": [{"trial_id": 1, "reason": "exit code 1"}],
        "first_failure": {"trial_id": 1, "reason": "exit code 1"},
        "failed_trials": [1],
    }


def test_what_the_user_wants_to_find_again_is_kept(tmp_path, problem):
    record = ExperimentRecord(tmp_path)
    record.begin(problem, 4, [], {"tags": {"team": "vision"}, "path": tmp_path, "size": np.int64(3)})
    assert json.loads((tmp_path / "metadata.json").read_text())["tags"] == {"team": "vision"}
    record.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    metadata = read_metadata(tmp_path)
    assert (metadata["tags"], metadata["path"], metadata["size"]) == ({"team": "vision"}, str(tmp_path), 3)


def test_metadata_say_running_while_it_runs(play, tmp_path):
    seen = []
    play(lambda t, run: [0.5], stopping=[finished(1)], on_close=lambda: seen.append(read_metadata(tmp_path / "run")))
    assert seen[0]["status"] == "running"
    assert "ended" not in seen[0]


class Interrupts:
    """Raises what an interruption is, at a line of the modules that keep records, counted from 0."""

    def __init__(self, at, modules=("records/experiment.py", "records/files.py")):
        self.at, self.modules, self.has = at, modules, False

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.endswith(self.modules):
            return None
        if event == "line":
            self.at -= 1
            if self.at == -1:
                self.has = True
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("restores", [False, True])
def test_an_interruption_at_any_line_of_the_beginning_leaves_no_metadata_that_say_running(tmp_path, problem, restores):
    for at in itertools.count():
        folder = tmp_path / str(at)
        if restores:
            before = ExperimentRecord(folder, keep_events=True)
            before.begin(problem, 1, [], {})
            before.write(TunerStarted(2, 0.0))
            before.finish(ExperimentStatus.INTERRUPTED, "before", COUNTS)
        record, interrupts = ExperimentRecord(folder, keep_events=True), Interrupts(at)
        sys.settrace(interrupts)
        try:
            list(record.begin(problem, 1, [], {}, restores=restores))
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        record.finish(ExperimentStatus.INTERRUPTED, "interrupted", COUNTS)
        if not interrupts.has:
            break
        if (folder / "metadata.json").exists():
            assert json.loads((folder / "metadata.json").read_text())["status"] == "interrupted", at
            assert len(load_experiment(folder).results) == 0
    assert at > 20


def test_an_interruption_at_any_line_while_an_event_is_written_is_no_other_process(tmp_path, problem):
    for at in itertools.count():
        folder = tmp_path / str(at)
        record = ExperimentRecord(folder, keep_events=True)
        list(record.begin(problem, 1, [], {}))
        record.write(TunerStarted(2, 0.0))
        interrupts = Interrupts(at, ("records/experiment.py", "records/event_file.py", "records/appended_file.py"))
        sys.settrace(interrupts)
        try:
            record.write(Workers(1, 0.0))
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        record.finish(ExperimentStatus.INTERRUPTED, "interrupted", COUNTS)
        assert load_experiment(folder).metadata["status"] == "interrupted", at
        assert len(read_events(folder)) in (1, 2), at
        if not interrupts.has:
            break
    assert at > 15


def test_the_first_twenty_failures_have_their_reason_and_all_their_number(play):
    played = play(lambda t, run: [Status.FAILED], stopping=[finished(30)])
    assert [failure["trial_id"] for failure in played.metadata["failures"]] == list(range(20))
    assert played.metadata["failed_trials"] == list(range(30))
    assert played.metadata["n_failed"] == 30


def test_a_failure_is_named_once_with_its_first_reason(play):
    played = play(lambda t, run: [{"loss": "x"}, Status.FAILED], stopping=[finished(1)], lag=5.0)
    (failure,) = played.metadata["failures"]
    assert failure["reason"].startswith("it reported {'loss': 'x'}")


def test_numbers_of_numpy_and_things_that_json_does_not_know_do_no_harm(play):
    strange = {"epoch": np.int64(1), "loss": np.float32(0.5), "model": object, "path": {"a": np.float64(2.0)}}
    played = play(lambda t, run: [strange], stopping=[finished(1)])
    assert played.metadata["incumbent"]["metrics"] == {"loss": 0.5}
    assert played.events[1]["metrics"] == {"epoch": 1, "loss": 0.5, "model": str(object), "path": {"a": 2.0}}


def test_the_files_of_an_experiment(play):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    assert sorted(file.name for file in played.folder.iterdir()) == ["events.jsonl", "metadata.json", "results.csv.zip"]


def test_events_are_kept_only_where_asked(tmp_path, problem):
    record = ExperimentRecord(tmp_path)
    record.begin(problem, 1, [], {})
    record.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    assert not (tmp_path / "events.jsonl").exists()
    with pytest.raises(RecordError, match="run without keep_events"):
        read_events(tmp_path)


def test_nothing_of_an_earlier_experiment_passes_for_this_one(play, tmp_path, problem):
    folder = play(lambda t, run: [0.5], stopping=[finished(1)]).folder
    record = ExperimentRecord(folder)
    record.begin(problem, 1, [], {})
    assert not (folder / "results.csv.zip").exists()
    assert not (folder / "events.jsonl").exists()
    record.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    assert len(load_experiment(folder).results) == 0


def test_metadata_are_replaced_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    write_metadata(tmp_path, {**BEGUN, **COUNTS, "reason": "done", "status": "completed", "value": 1})

    def no_space(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_space)
        with pytest.raises(OSError, match="no space left"):
            write_metadata(tmp_path, {**BEGUN, **COUNTS, "reason": "done", "status": "completed", "value": 2})
    assert read_metadata(tmp_path)["value"] == 1


def test_a_reader_never_sees_half_of_the_metadata(tmp_path):
    long = "x" * 200_000
    write_metadata(tmp_path, {**BEGUN, **COUNTS, "reason": "done", "status": "completed", "value": long})
    seen = set()

    def read():
        while not done.is_set():
            seen.add(read_metadata(tmp_path)["value"] == long)

    done = threading.Event()
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        write_metadata(tmp_path, {**BEGUN, **COUNTS, "reason": "done", "status": "completed", "value": long})
    done.set()
    reader.join()
    assert seen == {True}


def test_a_folder_without_an_experiment_is_an_error(tmp_path):
    with pytest.raises(RecordError, match=r"holds no experiment: it has no metadata\.json"):
        read_metadata(tmp_path)
    record = ExperimentRecord(tmp_path)
    assert record.status() is None
    record.release()


HOLD = """
import sys, time
from tunekit_core import ExperimentRecord
record = ExperimentRecord(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""
ENDLESS = """
import sys
from pathlib import Path
from tunekit_core import ExperimentRecord, Streams, Tuner
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.testing import ToyBackend, ToyBenchmark, toy_problem

benchmark, streams = ToyBenchmark(), Streams(0)
problem = toy_problem(benchmark)
record = ExperimentRecord(Path(sys.argv[1]), keep_events=True)
scheduler = Fifo(problem, streams, RandomSearch(problem, streams))
Tuner(scheduler=scheduler, backend=ToyBackend(problem, benchmark, None, streams), record=record).run()
"""


@pytest.fixture
def process():
    """Starts Python code with arguments in a process of its own, which does not outlive the test."""
    started = []

    def start(code, *arguments, **environment):
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *map(str, arguments)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
        )
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_an_experiment_that_another_process_writes_is_locked(tmp_path, process):
    holder = process(HOLD, tmp_path)
    assert holder.stdout.readline() == "held\n"
    assert is_locked(tmp_path)
    with pytest.raises(ExperimentLocked, match=f"is being written by process {holder.pid} on {platform.node()} since "):
        ExperimentRecord(tmp_path)
    holder.kill()
    holder.wait()
    assert not is_locked(tmp_path)
    ExperimentRecord(tmp_path).release()


def test_an_experiment_is_locked_within_a_process_too(tmp_path):
    with FolderLock(tmp_path):
        with pytest.raises(ExperimentLocked):
            ExperimentRecord(tmp_path)
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_looking_at_a_folder_writes_nothing(tmp_path):
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_running_without_a_live_process_reads_interrupted(tmp_path):
    write_metadata(tmp_path, {**BEGUN, "status": "running"})
    assert read_metadata(tmp_path)["status"] == "interrupted"
    with FolderLock(tmp_path):
        assert read_metadata(tmp_path)["status"] == "running"
    assert read_metadata(tmp_path)["status"] == "interrupted"


def test_who_takes_over_a_dead_experiment_finds_it_interrupted(tmp_path, problem):
    write_metadata(tmp_path, {**BEGUN, "status": "running"})
    record = ExperimentRecord(tmp_path)
    assert record.status() is ExperimentStatus.INTERRUPTED
    record.begin(problem, 1, [], {})
    assert record.status() is ExperimentStatus.RUNNING
    record.finish(ExperimentStatus.COMPLETED, "done", COUNTS)
    assert record.status() is ExperimentStatus.COMPLETED


def test_those_who_look_at_a_folder_at_the_same_time_do_not_take_each_other_for_its_writer(tmp_path):
    FolderLock(tmp_path).release()
    seen = []

    def look():
        seen.extend(is_locked(tmp_path) for _ in range(500))

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert seen == [False] * 2000


def test_a_writer_is_not_kept_out_by_one_who_looks(tmp_path, monkeypatch):
    flock, lookers = fcntl.flock, []

    def looked_at(file, operation):
        if not lookers:
            lookers.append((tmp_path / ".lock").open())
            flock(lookers[0], fcntl.LOCK_SH)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", looked_at)
    monkeypatch.setattr(time, "sleep", lambda seconds: lookers[0].close())
    ExperimentRecord(tmp_path).release()
    assert lookers[0].closed


@pytest.fixture
def killed(tmp_path, process):
    """The folder of an experiment whose process was killed in the middle."""
    running = process(ENDLESS, tmp_path / "run")
    events = tmp_path / "run" / "events.jsonl"
    while not events.exists() or events.stat().st_size < 50_000:
        assert running.poll() is None
        time.sleep(0.01)
    assert read_metadata(tmp_path / "run")["status"] == "running"
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    return tmp_path / "run"


def test_a_killed_experiment_is_interrupted_and_its_events_fold(killed, play):
    assert load_experiment(killed).metadata["status"] == "interrupted"
    events = read_events(killed)
    problem = toy_problem(ToyBenchmark())
    state = ExperimentState(problem, Fifo(problem, Streams(0), RandomSearch(problem, Streams(0))))
    fold(events, state)
    assert state.n_reports == sum(isinstance(event, TrialReported) for event in events) > 100
    played = play(lambda t, run: [0.5], stopping=[finished(2)])  # again, in its folder
    assert played.folder == killed
    assert played.metadata["status"] == "completed"
    assert len(load_experiment(killed).results) == 2
    assert not list(killed.glob("*.part"))


@pytest.mark.parametrize("name", ["results.csv.zip", "events.jsonl", "metadata.json"])
def test_an_equal_experiment_leaves_equal_files(play, name):
    script = lambda t, run: [(t * 7 + e) % 11 / 10 for e in range(9)] if t % 4 else [Status.FAILED]
    contents = []
    for folder in ("first", "second"):
        stopping = [lambda problem: create("stopping", "max_num_evaluations", problem, count=300)]
        folder = play(script, n_workers=3, batch=2, stopping=stopping, folder=folder).folder
        content = (folder / name).read_bytes()
        if name == "metadata.json":
            content = {key: value for key, value in json.loads(content).items() if key not in TIMES}
        contents.append(content)
    assert contents[0] == contents[1]


COUNTED = ENDLESS.replace(
    ", record=record)",
    ", record=record, stopping=[create('stopping', 'max_num_evaluations', problem, count=300)])",
).replace("import ExperimentRecord,", "import ExperimentRecord, create,")


def test_hashing_and_threads_do_not_change_a_byte(tmp_path, process):
    environments = [
        {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    ]
    runs = [process(COUNTED, tmp_path / str(i), **environment) for i, environment in enumerate(environments)]
    assert [run.wait() for run in runs] == [0, 0]
    for name in ("results.csv.zip", "events.jsonl"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()
    first, second = (json.loads((tmp_path / i / "metadata.json").read_text()) for i in "01")
    assert {**first, **dict.fromkeys(TIMES)} == {**second, **dict.fromkeys(TIMES)}


def test_libraries_that_were_loaded_on_the_way_are_named_in_the_numerics(tmp_path, process):
    program = """
import json, sys
from pathlib import Path
from tunekit_core import Objective, Problem, SearchSpace, uniform, ExperimentRecord
from tunekit_core.contracts.status import ExperimentStatus

record = ExperimentRecord(Path(sys.argv[1]))
record.begin(Problem(space=SearchSpace({"x": uniform(0.0, 1.0)}), objective=Objective("loss")), 1, [], {})
before = json.loads(Path(sys.argv[1], "metadata.json").read_text())["numerics"]["blas"]
import scipy.linalg
record.finish(ExperimentStatus.COMPLETED, "done", {})
after = json.loads(Path(sys.argv[1], "metadata.json").read_text())["numerics"]["blas"]
sys.exit(0 if len(after) > len(before) else 1)
"""
    assert process(program, tmp_path).wait() == 0
