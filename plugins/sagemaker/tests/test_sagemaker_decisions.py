"""Over a deterministic script and with one worker, training jobs lead to the same decisions as local processes."""

import json

import pytest

from tunekit_core import load_experiment

from .experiment import Setup, local, tune

PER_RUN = ["st_tuner_time", "st_worker_timestamp", "st_worker_time", "st_worker_iter", "st_worker_cost"]
FREE = {"number", "crc32", "time", "metrics", "reason", "run", "has_checkpoint", "cause", "cost"}


def what_is_found(folder):
    table = load_experiment(folder).results
    return table.drop(columns=[name for name in PER_RUN if name in table])


def what_is_decided(folder):
    events = map(json.loads, (folder / "events.jsonl").read_text().splitlines())
    return [
        {key: value for key, value in event.items() if key not in FREE}
        for event in events
        if event["event"] not in ("tuner_started", "late", "criterion", "placed", "restarted")
    ]


@pytest.mark.parametrize(
    ("scheduler", "seed", "count"),
    [("random", 1, 2), ("asha_stopping", 2, 4), ("asha_promotion", 3, 1), ("asha_stopping", 5, 3)],
)
def test_jobs_lead_to_the_same_decisions_as_local_processes(tmp_path, emulator, at_any_rate, scheduler, seed, count):
    epochs = 3 if scheduler == "asha_promotion" else 9  # each resume is another job
    setup = Setup(scheduler=scheduler, seed=seed, count=count, epochs=epochs, seconds=0.05)
    here, there = tmp_path / "local", tmp_path / "sagemaker"
    tune(here, setup, local)
    tune(there, setup)
    assert what_is_found(there).equals(what_is_found(here))
    assert what_is_decided(there) == what_is_decided(here)
    assert {job.status for job in emulator.jobs} <= {"Completed", "Stopped", "Stopping"}
