"""Another engine in the place of this machine's processes: nothing is asked of it but what the protocol says."""

import json

import pytest

from tunekit_core import Cause, Status, TrialEnded, TrialPlaced, TrialReported, UnfinishedTrial
from tunekit_local import backend as backend_module

from .snippet import Snippet, local_backend, trial_of


class Job:
    """A run that does what a test says."""

    def __init__(self, folder):
        self.folder = folder
        self.end = None
        self.is_lost = False
        self.calls = []

    def is_over(self):
        return self.is_lost or self.end is not None

    def ending(self):
        return self.end

    def ask_to_end(self):
        self.calls.append("ask_to_end")
        self.end = ending("asked", exit_code=1)

    def wake(self):
        pass

    def end_by_force(self):
        self.calls.append("end_by_force")

    def report(self, **metrics):
        with open(self.folder / "reports.jsonl", "a") as file:
            file.write(json.dumps(metrics) + "\n")


class Queue:
    """An engine that keeps its jobs, whatever becomes of the tuner."""

    def __init__(self):
        self.jobs = {}
        self.n_closed = 0

    def launch(self, folder):
        assert (folder / "spec.json").exists()
        self.jobs[folder] = Job(folder)
        return self.jobs[folder]

    def find(self, folder):
        return self.jobs[folder]

    def close(self):
        self.n_closed += 1


def ending(cause="ended", exit_code=0):
    return {
        "cause": cause,
        "exit_code": exit_code,
        "signal": None,
        "message": "",
        "oom_killed": False,
        "lost_output": "",
    }


@pytest.fixture
def queue(monkeypatch):
    queue = Queue()
    monkeypatch.setattr(backend_module, "SupervisedRuns", lambda *, end_with_tuner: queue)
    return queue


@pytest.fixture
def make(queue, tmp_path):
    backends = []

    def build():
        backends.append(local_backend(Snippet("", told="steps", max_resource=9), tmp_path))
        return backends[-1]

    yield build
    for backend in backends:
        backend.close()


@pytest.fixture
def backend(make):
    return make()


def kinds(events):
    return [type(event) for event in events]


def test_a_run_is_begun_followed_and_ended(backend, queue):
    trial = trial_of(backend)
    backend.start(trial, None, None)
    assert kinds(backend.wait(None)) == [TrialPlaced]
    (job,) = queue.jobs.values()
    job.report(step=1, loss=0.5)
    assert kinds(backend.wait(None)) == [TrialReported]
    backend.stop(trial)
    (ended,) = backend.wait(None)
    assert (ended.status, job.calls) == (Status.COMPLETED, ["ask_to_end"])
    backend.close()
    assert queue.n_closed == 1


def test_a_run_that_nobody_is_left_to_record_the_end_of_is_lost_and_what_is_left_of_it_is_ended(backend, queue):
    backend.start(trial_of(backend), None, None)
    (job,) = queue.jobs.values()
    job.is_lost = True
    ended = (backend.wait(None) + backend.wait(None))[-1]
    assert isinstance(ended, TrialEnded)
    assert (ended.cause, job.calls) == (Cause.INFRASTRUCTURE, ["end_by_force"])


def test_a_run_is_found_again(backend, make, queue):
    backend.start(trial_of(backend), None, None)
    (job,) = queue.jobs.values()
    after = make()
    after.restore([UnfinishedTrial(trial_of(after), 0, False)], 1.0)
    job.report(step=9, loss=0.5)
    job.end = ending()
    events = after.wait(None) + after.wait(None)
    assert kinds(events) == [TrialPlaced, TrialReported, TrialEnded]
    assert events[-1].status is Status.COMPLETED
