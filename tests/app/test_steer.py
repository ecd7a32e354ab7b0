"""An experiment of processes is steered from another terminal while it runs."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.page_requests import ask_watched
from tunekit_core.engine.events import Resumed, Started, Steered
from tunekit_core.records.load import read_events

SCRIPT = """
import sys, time
from tunekit import Reporter
report, x = Reporter(), float(sys.argv[-1])
for epoch in range(1, 10):
    time.sleep(0.05)
    report(epoch=epoch, loss=x + 1 / epoch)
"""
TRIED_LATER = (
    "tries the configuration once it is told to continue: x=0.25. It is paused. To continue, type: "
    "python -m tunekit steer {where} continue"
)
SECONDS = 60  # at most, for what takes one


@pytest.fixture
def running(results, tmp_path):
    """Begins an experiment in another process."""
    begun = []

    def begin(*words):
        (tmp_path / "train.py").write_text(SCRIPT)
        command = [
            sys.executable, "-m", "tunekit", "method=ASHA", "backend=local", "benchmark=script", "n_workers=2",
            f"benchmark.command='{sys.executable} train.py'", "benchmark.space.x=uniform(0,1)", "benchmark.metric=loss",
            "benchmark.resource=epoch", "benchmark.max_resource=9", *words,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun.append(process)
        until(lambda: any(results.root.glob("default/*/*/events.jsonl")) and len(events(results)) > 8)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def until(happens):
    end = time.monotonic() + SECONDS
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)


def folder(results):
    return next(path.parent for path in results.root.glob("default/*/*/events.jsonl"))


def events(results):
    return read_events(folder(results))


def started(results):
    return [event for event in events(results) if isinstance(event, Started)]


def kinds(results):
    return [event.kind.value for event in events(results) if isinstance(event, Steered)]


def test_it_is_paused_tries_what_is_asked_for_and_gets_another_end(running, results, tunekit):
    process = running("stopping.max_num_trials_finished=500")
    where = str(folder(results))
    paused = tunekit("steer", where, "pause")
    to_continue = f"It is paused. To continue, type: python -m tunekit steer {where} continue"
    assert (paused.status, paused.out.strip().endswith(to_continue)) == (0, True)
    n_before = len(events(results))
    again = tunekit("steer", where, "pause")
    assert (again.status, "refused to pause: It is paused already." in again.err) == (2, True)
    page = ask_watched(WatchedExperiment(folder(results)), {"kind": "try", "values": ["x=0.25"]})
    assert (page["is_done"], page["text"].partition(": ")[2]) == (True, TRIED_LATER.format(where=where))
    assert not [event for event in events(results)[n_before:] if isinstance(event, Started | Resumed)]
    assert tunekit("steer", where, "continue").status == 0
    until(lambda: any(each.configuration["x"] == 0.25 for each in started(results)))
    n = len(started(results))
    finished = tunekit("steer", where, "extend", "stopping.max_num_trials_finished=null",
                       f"stopping.max_num_trials_started={n + 20}")  # fmt: skip
    assert finished.status == 0, finished.err
    changes = f"stopping.max_num_trials_finished 500 -> none, stopping.max_num_trials_started none -> {n + 20}"
    assert f": gets another end: {changes}." in finished.out
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    assert to_continue in err
    assert f"Asked for from outside: the experiment gets another end: {changes}." in err
    (metadata,) = results.metadata()
    assert metadata["config"]["stopping"]["max_num_trials_started"]["count"] == n + 20
    assert "max_num_trials_finished" not in metadata["config"]["stopping"]
    assert metadata["status"] == "completed"
    (where,) = results.folders()
    assert where.name.endswith(metadata["hash"])
    assert kinds(results) == ["pause", "try", "continue", "extend"]
    (tried,) = (i for i, each in enumerate(started(results)) if each.configuration["x"] == 0.25)
    explained = tunekit("explain", str(where), str(tried))
    assert "it starts, since somebody asked to try it, and runs until it is decided on or complete" in explained.out
    explained = tunekit("explain", str(where), str(tried - 1))
    assert "it starts, to run to epoch 1" in explained.out
    assert not list((where / "requests").iterdir())


def test_it_is_stopped_and_goes_on(running, results, tunekit):
    process = running("stopping.max_num_trials_finished=400")
    assert tunekit("steer", str(folder(results)), "stop").status == 0
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "To go on, type: " in err
    (metadata,) = results.metadata()
    assert (metadata["status"], metadata["reason"]) == ("interrupted", "somebody asked it to stop")
    n = metadata["n_completed"] + metadata["n_stopped"] + 1
    resumed = tunekit("resume", str(folder(results)), f"stopping.max_num_trials_finished={n}")
    assert resumed.status == 0, resumed.err
    assert results.metadata()[0]["status"] == "completed"


REFUSED = {
    ("fly",): "cannot 'fly'. It can pause, continue, stop, extend, try.",
    ("try",): "takes a value of at least one of: x",
    ("try", "x=7"): "x: 7 is not in uniform(0.0, 1.0)",
    ("try", "y=7"): "'y'",
    ("try", "x=0.3", "x=0.4"): "x is given twice",
    ("pause", "x=7"): "takes no values, and x=7 was given",
    ("extend",): "can be given another end, and nothing was asked for",
    ("extend", "n_workers=3"): "can be given another end, and n_workers=3 was asked for",
    ("extend", "stopping.max_cost=1", "seed=3", "~stopping=1"): (
        "can be given another end, and seed=3, ~stopping=1 was asked for. Type: python -m tunekit steer EXPERIMENT "
        "extend stopping.max_wallclock_time=SECONDS;"
    ),
    ("extend", "stopping.max_cost=[1"): "Type: python -m tunekit steer EXPERIMENT extend stopping.",
    ("extend", "stopping.max_num_trials_finished=400"): "That is the end that it has.",
    ("extend", "stopping=null"): "type stopping.max_num_trials_finished=null to take that one away",
    ("extend", "stopping.max_cost=1", "stopping.max_cost=2"): "stopping.max_cost is given twice: give it one value.",
    ("extend", "stopping.max_num_trials_started=1"): "would end at once",
    ("extend", "stopping.nonsense=1"): "nonsense",
    ("pause", "--now"): "has no flag '--now'",
    (): "takes an experiment and what is asked of it",
}


def test_what_cannot_be_is_refused(running, results, tunekit):
    process = running("stopping.max_num_trials_finished=400")
    where = str(folder(results))
    for words, told in REFUSED.items():
        finished = tunekit("steer", where, *words)
        assert finished.status == 2, words
        assert told in finished.err, words
    assert kinds(results) == []
    process.send_signal(signal.SIGSTOP)
    threading.Timer(0.5, process.kill).start()
    finished = tunekit("steer", where, "try", "x=0.3")
    assert finished.status == 2
    assert "has ended before it answered, so that this was not done: try. To have it go on, type: " in finished.err
    assert list((folder(results) / "requests").iterdir()) == []


def test_what_does_not_run_is_not_steered(tunekit, results):
    tunekit("method=RS", "benchmark=fcnet", "stopping.max_num_evaluations=20")
    finished = tunekit("steer", str(results.folders()[0]), "pause")
    assert finished.status == 2
    assert "does not run: it is completed" in finished.err
    assert not (results.folders()[0] / "requests").exists()
    assert json.loads((results.folders()[0] / "metadata.json").read_text())["status"] == "completed"
