"""The folders of trials may lie elsewhere than the experiment, and may be gone when it goes on."""

import shutil

import pytest

from tunekit_core import Status, TrialEnded, TrialReported, UnfinishedTrial

from .snippet import Snippet, local_backend, trial_of, until_idle

STEPS = """
folder = Path(os.environ["TUNEKIT_CHECKPOINT_DIR"])
first = int((folder / "step").read_text()) + 1 if (folder / "step").exists() else 1
report = Reporter()
for step in range(first, int(sys.argv[sys.argv.index("--steps") + 1]) + 1):
    with report.checkpoint(step) as new:
        (new / "step").write_text(str(step))
    report(step=step, loss=1 / step)
"""


@pytest.fixture
def make(tmp_path):
    backends = []

    def build():
        backends.append(local_backend(Snippet(STEPS, told="steps", max_resource=9), tmp_path / "experiment"))
        return backends[-1]

    yield build
    for backend in backends:
        backend.close()


def steps(events):
    return [event.metrics["step"] for event in events if isinstance(event, TrialReported)]


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_they_are_in_that_of_the_experiment(make, tmp_path):
    backend = make()
    backend.start(trial_of(backend), 3, None)
    until_idle(backend)
    assert names(tmp_path / "experiment") == ["0"]


def test_with_the_variable_they_are_below_another_folder_under_the_name_of_the_experiment(make, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEKIT_TRIALS", str(tmp_path / "elsewhere"))
    backend = make()
    backend.start(trial_of(backend), 3, None)
    assert steps(until_idle(backend)) == [1, 2, 3]
    backend.resume(trial_of(backend, run=1, reached=3), 5)
    assert steps(until_idle(backend)) == [4, 5]
    assert names(tmp_path / "experiment") == []
    assert names(tmp_path / "elsewhere") == ["experiment"]
    assert names(tmp_path / "elsewhere" / "experiment") == ["0"]


def test_a_paused_trial_whose_folder_is_gone_begins_anew_and_that_is_told_once(make, tmp_path):
    first = make()
    for trial_id in (0, 1):
        first.start(trial_of(first, trial_id), 3, None)
    until_idle(first, 2)
    first.close()
    shutil.rmtree(tmp_path / "experiment")
    backend = make()
    paused = [trial_of(backend, trial_id, run=1, reached=3, status=Status.PAUSED) for trial_id in (0, 1)]
    lost = (
        f"Trials that are not at their end have lost their folders in {tmp_path}/experiment: 2 of them, trial 0 first."
    )
    with pytest.warns(RuntimeWarning, match=lost) as told:
        backend.restore([UnfinishedTrial(trial, 0, False) for trial in paused], 1.0)
    assert len(told) == 1
    backend.resume(trial_of(backend, 0, run=2, reached=3), 5)
    events = until_idle(backend)
    assert steps(events) == [1, 2, 3, 4, 5]
    assert events[-1].status is Status.COMPLETED


def test_a_trial_that_was_about_to_run_again_begins_anew_too(make, tmp_path):
    first = make()
    first.start(trial_of(first), 3, None)
    until_idle(first)
    first.close()
    shutil.rmtree(tmp_path / "experiment")
    backend = make()
    with pytest.warns(RuntimeWarning, match="1 of them, trial 0 first"):
        backend.restore([UnfinishedTrial(trial_of(backend, run=1, reached=3, status=Status.RUNNING), 0, False)], 1.0)
    events = until_idle(backend)
    assert steps(events) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_run_that_had_reported_was_lost_with_its_machine(make, tmp_path):
    first = make()
    first.start(trial_of(first), 3, None)
    until_idle(first)
    first.close()
    shutil.rmtree(tmp_path / "experiment")
    backend = make()
    running = trial_of(backend, run=1, reached=3, status=Status.RUNNING)
    with pytest.warns(RuntimeWarning, match="begin anew"):
        backend.restore([UnfinishedTrial(running, 2, False)], 1.0)
    (ended,) = [event for event in until_idle(backend) if isinstance(event, TrialEnded)]
    assert (ended.status, ended.cause.value, ended.has_checkpoint) == (Status.FAILED, "infrastructure", False)
