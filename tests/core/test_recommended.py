"""A searcher may recommend a trial when the experiment ends: what is recorded of that, and what is read back."""

import contextlib
import json
from datetime import datetime, timezone

import pytest

from tunekit_core import AskTell, ComponentError, ExperimentRecord, Recommends, Streams, create, load_experiment
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.contracts.trials import Status
from tunekit_core.errors import RecordError
from tunekit_core.records.finding import ListedExperiment
from tunekit_core.records.removal import checkpoints_of


def losses(trial_id, run):
    return [[0.5], [0.25], [0.125, Status.FAILED], [0.75]][trial_id]


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


def recommending(answer):
    """Random search that gives an answer, or raises it, and counts how often it was asked."""

    class Recommending(RandomSearch):
        name = "recommending"
        n_asked = 0

        def recommended_trial(self):
            self.n_asked += 1
            if isinstance(answer, BaseException):
                raise answer
            return answer

    return Recommending


def test_searchers_have_the_ability_by_having_the_method():
    assert issubclass(recommending(0), Recommends)
    assert not issubclass(RandomSearch, Recommends)


def test_a_searcher_is_asked_once_and_its_trial_is_recorded_beside_the_best(play):
    played = play(losses, searcher=recommending(0), stopping=[finished(4)])
    experiment = load_experiment(played.folder)
    assert played.scheduler.searcher.n_asked == 1
    first = played.events[0]["configuration"]
    assert played.metadata["recommended"] == {"trial_id": 0, "configuration": first}
    assert experiment.recommended_configuration() == first
    assert (played.metadata["incumbent"]["trial_id"], experiment.best_value()) == (1, 0.25)
    assert experiment.best_configuration() != first


@pytest.mark.parametrize("searcher", [RandomSearch, recommending(None)])
def test_where_nothing_is_recommended_it_is_the_best(searcher, play):
    played = play(losses, searcher=searcher, stopping=[finished(4)])
    experiment = load_experiment(played.folder)
    assert played.metadata["recommended"] is None
    assert experiment.recommended_configuration() == experiment.best_configuration()


def test_an_experiment_of_a_version_that_recorded_none_is_read_as_one_that_recommends_none(play):
    played = play(losses, stopping=[finished(4)])
    metadata = played.metadata
    del metadata["recommended"]
    (played.folder / "metadata.json").write_text(json.dumps(metadata))
    experiment = load_experiment(played.folder)
    assert experiment.recommended_configuration() == experiment.best_configuration()


def test_an_experiment_without_a_best_has_nothing_to_recommend(play):
    experiment = load_experiment(play(lambda t, run: [Status.FAILED], stopping=[finished(2)]).folder)
    with pytest.raises(RecordError, match="no trial has reported a finite value"):
        experiment.recommended_configuration()


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (2, "recommends the trial 2, which is failed"),
        (4, "recommends the trial 4, which does not exist"),
        (True, "recommends the trial True, which does not exist"),
        (ZeroDivisionError("oh"), "raised ZeroDivisionError in recommended_trial: oh"),
    ],
)
def test_a_wrong_answer_and_an_error_end_the_experiment_and_name_the_searcher(answer, what, play):
    played = play(losses, searcher=recommending(answer), stopping=[finished(4)], raises=ComponentError)
    assert str(played.error).startswith("The searcher 'recommending'")
    assert what in str(played.error)
    assert played.error.method == "recommended_trial"
    assert (played.metadata["status"], played.metadata["recommended"]) == ("failed", None)


@pytest.mark.parametrize(("answer", "recorded"), [(0, 0), (ZeroDivisionError("oh"), None), (2, None)])
def test_an_experiment_that_is_interrupted_is_asked_too_and_ends_whatever_is_answered(answer, recorded, play):
    def interrupted(trial_id, run):
        if trial_id == 3:
            raise KeyboardInterrupt
        return losses(trial_id, run)

    played = play(interrupted, searcher=recommending(answer), raises=KeyboardInterrupt)
    recommended = played.metadata["recommended"]
    assert played.metadata["status"] == "interrupted"
    assert (recommended and recommended["trial_id"]) == recorded


def test_an_experiment_that_has_failed_by_an_error_is_not_asked(play):
    class Breaks(recommending(0)):
        def on_end(self, trial, outcome):
            raise ZeroDivisionError("oh")

    played = play(losses, searcher=Breaks, raises=ComponentError)
    assert (played.scheduler.searcher.n_asked, played.metadata["recommended"]) == (0, None)


@pytest.mark.parametrize("answer", [0, ZeroDivisionError("oh")])
def test_one_whose_trials_the_caller_runs_is_asked_when_it_is_finished(answer, problem, tmp_path):
    streams = Streams(0)
    scheduler = Fifo(problem, streams, recommending(answer)(problem, streams))
    experiment = AskTell(scheduler, record=ExperimentRecord(tmp_path / "run"))
    for loss in (0.5, 0.25):
        trial = experiment.ask()
        experiment.tell(trial, {"epoch": 1, "loss": loss})
        experiment.tell_end(trial)
    if answer == 0:
        experiment.finish()
    else:
        with pytest.raises(ComponentError, match="recommended_trial"):
            experiment.finish()
    experiment.finish()
    metadata = load_experiment(tmp_path / "run").metadata
    assert scheduler.searcher.n_asked == 1
    assert metadata["status"] == ("completed" if answer == 0 else "failed")
    assert (metadata["recommended"] and metadata["recommended"]["trial_id"]) == (0 if answer == 0 else None)


@pytest.mark.parametrize(("answer", "recorded"), [(0, 0), (ZeroDivisionError("oh"), None), (KeyboardInterrupt(), None)])
def test_one_whose_caller_is_interrupted_is_asked_too_and_ends_whatever_is_answered(
    answer, recorded, problem, tmp_path
):
    streams = Streams(0)
    scheduler = Fifo(problem, streams, recommending(answer)(problem, streams))
    experiment = AskTell(scheduler, record=ExperimentRecord(tmp_path / "run"))
    experiment.tell(experiment.ask(), {"epoch": 1, "loss": 0.5})
    with contextlib.suppress(KeyboardInterrupt), experiment:
        raise KeyboardInterrupt
    metadata = load_experiment(tmp_path / "run").metadata
    assert metadata["status"] == "interrupted"
    assert (metadata["recommended"] and metadata["recommended"]["trial_id"]) == recorded


def test_where_the_end_was_lost_nothing_of_it_is_believed(play):
    played = play(losses, searcher=recommending(0), stopping=[finished(4)])
    (played.folder / "results.csv.zip").unlink()
    lines = (played.folder / "events.jsonl").read_text().splitlines(keepends=True)
    (played.folder / "events.jsonl").write_text("".join(lines[:-6]))
    experiment = load_experiment(played.folder)
    assert "recommended" not in experiment.metadata
    assert experiment.recommended_configuration() == experiment.best_configuration()


@pytest.mark.parametrize("damaged", [7, {}, {"trial_id": -1, "configuration": {}}, {"trial_id": 0}])
def test_what_is_no_recommendation_is_damage(damaged, play):
    played = play(losses, stopping=[finished(4)])
    (played.folder / "metadata.json").write_text(json.dumps({**played.metadata, "recommended": damaged}))
    with pytest.raises(RecordError, match="is damaged: recommended is "):
        load_experiment(played.folder)


def test_checkpoints_of_the_best_and_of_the_recommended_trial_are_not_to_be_removed(play):
    played = play(losses, searcher=recommending(0), stopping=[finished(4)])
    for trial_id in range(4):
        (played.folder / str(trial_id) / "checkpoint").mkdir(parents=True)
    named = checkpoints_of(ListedExperiment(played.folder, played.metadata, datetime.now(timezone.utc)))
    assert {folder.parent.name for folder in named} == {"2", "3"}
