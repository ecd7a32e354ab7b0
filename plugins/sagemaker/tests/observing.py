"""What tests look at: the record of an experiment, and the jobs of an emulator."""

import json
import threading
import time
from collections import Counter

from tunekit_core import load_experiment

ENDS = ("Completed", "Failed", "Stopped")


def epochs_of(folder):
    """The epochs that each trial has told, by its number."""
    table = load_experiment(folder).results
    return {trial: list(rows["epoch"]) for trial, rows in table.groupby("trial_id")}


def events_of(folder, kind):
    events = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return [event for event in events if event["event"] == kind]


def running(emulator):
    """The jobs that run and were not asked to end."""
    return [job.name for job in emulator.jobs if job.status not in (*ENDS, "Stopping")]


def run_of(job):
    return int(job.tags["tunekit:trial"]), int(job.tags["tunekit:run"])


def check_order(emulator, folder):
    """No run has got two instances, none is left running, and each trial has told its epochs in order, each once."""
    counts = Counter(run_of(job) for job in emulator.jobs if not (job.failure_reason or "").startswith("CapacityError"))
    assert set(counts.values()) <= {1}
    assert running(emulator) == []
    for epochs in epochs_of(folder).values():
        assert epochs == list(range(1, len(epochs) + 1))


def beside(watch):
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def until(condition, seconds=60.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
