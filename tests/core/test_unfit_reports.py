"""Reports without what is optimised, and reports that are dropped."""

import pytest

from tunekit_core import (
    AskTell,
    Decision,
    ExperimentRecord,
    Objective,
    Streams,
    TellError,
    create,
    load_experiment,
)
from tunekit_core.builtin.fifo import Fifo
from tunekit_core.builtin.random_search import RandomSearch
from tunekit_core.records.so_far import read_so_far
from tunekit_core.testing.components import PausesAndStops


def at_most(count):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=count)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (
            {"epoch": 1, "val_loss": 0.5},
            "the first report, of trial 0, has no 'loss', but epoch, val_loss. Did you mean 'val_loss'? Report it as "
            "'loss', or say what it is called: metric=val_loss",
        ),
        (
            {"loss": 0.5, "epochs": 1, "st_worker_time": 3.0},
            "the first report, of trial 0, has no 'epoch', but loss, epochs. Did you mean 'epochs'? Report it as "
            "'epoch', or say what it is called: resource=epochs",
        ),
        (
            {"a": 1},
            "the first report, of trial 0, has no 'loss' and no 'epoch', but a. Report it as 'loss', or say what it is "
            "called: metric=NAME",
        ),
        (
            {"epoch": 0, "loss": 0.5},
            "the first report, of trial 0, is at epoch 0, and resources count from 1: print or report epoch + 1, or "
            "leave benchmark.resource out, so that reports are counted",
        ),
        (
            {"st_misread": "loss matched '1' of '1.5'", "st_worker_timestamp": 5.0},
            "the first report, of trial 0, would not be true: loss matched '1' of '1.5'",
        ),
    ],
)
def test_a_first_report_that_lacks_what_is_optimised_ends_the_experiment(play, report, reason):
    played = play(lambda trial, run: [report, 0.5], stopping=[at_most(9)], n_workers=2)
    assert (played.result.failed, played.result.reason) == (True, reason)
    assert (played.metadata["status"], played.metadata["n_started"]) == ("failed", 2)
    assert played.metadata["failures"][0]["trial_id"] == 0


@pytest.mark.parametrize("report", [{"epoch": 1, "loss": "low"}, {}, {"epoch": 1.5, "loss": 0.5}, {"unreadable": "x"}])
def test_one_that_has_it_in_another_form_fails_its_trial_alone(play, report):
    played = play(lambda trial, run: [report] if trial == 0 else [0.5], stopping=[at_most(3)])
    assert (played.result.failed, played.result.n_failed) == (False, 1)


def test_later_reports_without_the_metric_are_kept_and_do_no_harm(play):
    script = lambda trial, run: [0.5, {"epoch": 1, "train": 0.25}, {"train": 0.125}, {"epoch": 2, "loss": 0.4}]
    played = play(script, stopping=[at_most(2)])
    assert (played.result.n_reports, played.result.n_failed, played.result.incumbent.report.losses) == (4, 0, (0.4,))
    assert (played.metadata["n_reports"], played.metadata["n_incomplete"]) == (4, 4)
    rows = load_experiment(played.folder).results
    assert rows["loss"].fillna(-1.0).tolist() == [0.5, -1.0, -1.0, 0.4] * 2
    assert rows["train"].fillna(-1.0).tolist() == [-1.0, 0.25, 0.125, -1.0] * 2
    assert load_experiment(played.folder).best_over_time()["loss"].tolist()[-1] == 0.4


def test_they_do_not_count_where_reports_are_counted(play, make_problem):
    problem = make_problem(objective=Objective("loss", "min"))
    script = lambda trial, run: [{"loss": 0.5}, {"train": 0.25}, {"loss": 0.4}]
    played = play(script, problem=problem, stopping=[at_most(1)])
    assert played.result.incumbent.report.resource == 2


def test_a_record_tells_the_same_as_the_experiment(play):
    script = lambda trial, run: [0.5, {"train": 0.25}, {"epoch": 1, "loss": 0.3}, {"epoch": 2, "loss": 0.4}]
    played = play(script, stopping=[at_most(3)])
    so_far = read_so_far(played.folder, played.metadata)
    assert {name: played.metadata[name] for name in so_far.summary} == so_far.summary
    assert so_far.summary["n_dropped"] == so_far.summary["n_incomplete"] == 3
    assert so_far.results == (played.folder / "results.csv.zip").read_bytes()


def test_a_resource_that_does_not_grow_is_counted_and_said(play):
    script = lambda trial, run: [0.5, {"epoch": 1, "loss": 0.1}, {"epoch": 3, "loss": 0.4}, {"epoch": 2, "loss": 0.1}]
    played = play(script, stopping=[at_most(2)])
    assert (played.metadata["n_reports"], played.metadata["n_dropped"]) == (4, 4)
    assert played.metadata["first_dropped"] == "trial 0 reported epoch 1 after epoch 1"


def test_a_trial_that_begins_anew_drops_nothing(play, make_problem):
    played = play(lambda trial, run: [0.5] * 9, scheduler=PausesAndStops, stopping=[at_most(6)], n_workers=2)
    assert "n_dropped" not in played.metadata


def test_who_tells_hears_of_a_report_without_the_metric_and_nothing_is_recorded(problem):
    with AskTell(Fifo(problem, Streams(0), RandomSearch(problem, Streams(0)))) as experiment:
        trial = experiment.ask()
        with pytest.raises(TellError, match="Did you mean 'val_loss'"):
            experiment.tell(trial, {"epoch": 1, "val_loss": 0.5})
        experiment.tell(trial, {"epoch": 1, "loss": 0.5})
        with pytest.raises(TellError, match="a number as loss"):
            experiment.tell(trial, {"epoch": 2})
        assert experiment.tell(trial, {"epoch": 2, "loss": 0.25}) is Decision.CONTINUE
        assert experiment.view.n_reports == 2


def test_who_tells_of_failures_alone_has_an_experiment_that_failed(problem, tmp_path):
    record = ExperimentRecord(tmp_path / "run")
    with AskTell(Fifo(problem, Streams(0), RandomSearch(problem, Streams(0))), record=record) as experiment:
        experiment.tell_end(experiment.ask(), failed="no")
    metadata = load_experiment(tmp_path / "run").metadata
    assert (metadata["status"], metadata["reason"]) == (
        "failed",
        "finished by its caller, and no trial has succeeded",
    )
