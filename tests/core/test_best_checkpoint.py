"""The checkpoint of the best trial is found, or it is said why there is none."""

import json

import pytest

from tunekit_core import create, load_experiment
from tunekit_core.errors import RecordError


def finished(problem):
    return create("stopping", "max_num_trials_finished", problem, count=2)


@pytest.fixture
def experiment(play):
    """Trial 1 is the best, at epoch 2."""
    scripts = [[0.9], [0.5, 0.2, 0.3, 0.4, 0.5]]
    return load_experiment(play(lambda t, run: scripts[t], stopping=[finished]).folder)


def publish(trial, *resources, taken=None):
    for resource in resources:
        (trial / "checkpoints" / str(resource)).mkdir(parents=True)
    if taken is not None:
        (trial / "checkpoints" / "taken.json").write_text(json.dumps({"resource": taken}))


def write(trial):
    (trial / "checkpoint").mkdir(parents=True)
    (trial / "checkpoint" / "model").touch()


def test_it_is_the_one_at_the_resource_of_the_best_report(experiment):
    trial = experiment.path / "1"
    publish(trial, 1, 2, 3, taken=3)
    write(trial)
    assert experiment.best_checkpoint() == trial / "checkpoints" / "2"


def test_it_is_the_newest_where_that_is_gone(experiment):
    trial = experiment.path / "1"
    publish(trial, 9, 10, 11, taken=9)
    write(trial)
    assert experiment.best_checkpoint() == trial / "checkpoints" / "11"


@pytest.mark.parametrize("published", [[], [1]])
def test_it_is_what_the_script_has_written_itself_where_nothing_newer_was_published(experiment, published):
    trial = experiment.path / "1"
    publish(trial, *published, taken=1 if published else None)
    write(trial)
    assert experiment.best_checkpoint() == trial / "checkpoint"


def test_it_is_found_where_the_folders_of_trials_are_kept(experiment, tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEKIT_TRIALS", str(tmp_path / "elsewhere"))
    trial = tmp_path.joinpath("elsewhere", *experiment.path.parts[-3:], "1")
    publish(trial, 2)
    assert experiment.best_checkpoint() == trial / "checkpoints" / "2"


def refusal(experiment):
    with pytest.raises(RecordError) as caught:
        experiment.best_checkpoint()
    return str(caught.value).removeprefix(f"{experiment.path}: ")


def test_a_script_that_wrote_none_is_told_how_to(experiment):
    (experiment.path / "1" / "checkpoint").mkdir(parents=True)
    assert refusal(experiment) == (
        "there is no checkpoint of its best trial, which is 1. Neither checkpoints/ nor checkpoint/ in "
        f"{experiment.path / '1'} has one: its script has written none, or it was removed for backend.max_checkpoints "
        "or by somebody. A script writes one with `with report.checkpoint(epoch) as folder:`; see "
        "docs/how-to/keep-checkpoints.md."
    )


def test_a_folder_that_is_elsewhere_is_told_how_to_be_found(experiment):
    assert refusal(experiment) == (
        f"there is no checkpoint of its best trial, which is 1. The folder of the trial, {experiment.path / '1'}, does "
        "not exist. If folders of trials were kept elsewhere, set TUNEKIT_TRIALS as it was set when they ran."
    )


def test_a_backend_that_keeps_nothing_on_this_machine_is_named(experiment):
    experiment.metadata["config"] = {"backend": {"name": "simulator"}}
    assert refusal(experiment) == (
        "there is no checkpoint of its best trial, which is 1. Trials of backend=simulator have no folders on this "
        "machine; those of backend=local have."
    )


def test_a_link_to_a_folder_is_none(experiment, tmp_path):
    (experiment.path / "1" / "checkpoints").mkdir(parents=True)
    (experiment.path / "1" / "checkpoints" / "2").symlink_to(tmp_path)
    assert "its script has written none" in refusal(experiment)


def test_an_experiment_without_a_best_trial_says_why(play):
    played = play(lambda t, run: [{"epoch": 1, "loss": float("inf")}], stopping=[finished])
    with pytest.raises(RecordError, match="no trial has reported a finite value"):
        load_experiment(played.folder).best_checkpoint()
