"""An experiment is read back from its folder or by its name."""

import json
import math
import shutil

import numpy as np
import pytest

from tunekit_core import Objective, create, load_experiment
from tunekit_core.errors import RecordError
from tunekit_core.space import SearchSpace, choice

SPACE = SearchSpace({"act": choice(["relu", "None"]), "n": 7})


def finished(n):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=n)


def test_an_experiment_is_found_by_its_folder(play):
    played = play(lambda t, run: [0.5, 0.25], stopping=[finished(2)])
    for path in (played.folder, str(played.folder)):
        experiment = load_experiment(path)
        assert (experiment.path, experiment.name) == (played.folder, "run")
        assert experiment.metadata["status"] == "completed"
        assert len(experiment.results) == 4


def test_an_experiment_is_found_by_name_below_the_results(play, tmp_path):
    play(lambda t, run: [0.5], stopping=[finished(1)], folder="results/tag/ASHA/toy-0-abc")
    play(lambda t, run: [0.5], stopping=[finished(1)], folder="results/tag/ASHA/toy-1-def")
    found = load_experiment("toy-1-def", results_dir=tmp_path / "results")
    assert found.path == tmp_path / "results/tag/ASHA/toy-1-def"


def test_results_are_looked_for_in_the_folder_of_that_name(play, tmp_path, monkeypatch):
    play(lambda t, run: [0.5], stopping=[finished(1)], folder="results/tag/RS/toy-0-abc")
    monkeypatch.chdir(tmp_path)
    assert load_experiment("toy-0-abc").name == "toy-0-abc"


@pytest.fixture
def two(play, tmp_path):
    """Two experiments of one name; the folder with the results."""
    for method in ("RS", "ASHA"):
        play(lambda t, run: [0.5], stopping=[finished(1)], folder=f"results/tag/{method}/toy[0]")
    return tmp_path / "results"


def test_a_name_that_two_experiments_have_is_refused_with_both(two):
    with pytest.raises(RecordError, match=r"'toy\[0\]': found 2 experiments: .*ASHA/toy\[0\], .*RS/toy\[0\]\."):
        load_experiment("toy[0]", results_dir=two)


def test_folders_above_make_a_name_unique(two):
    assert load_experiment("RS/toy[0]", results_dir=two).path == two / "tag/RS/toy[0]"


@pytest.mark.parametrize(
    "path", ["other", "BO/toy[0]", "/nowhere/toy[0]", "", "toy", "*", "~nobody-of-this-name/toy[0]"]
)
def test_what_is_not_there_is_not_replaced_by_something_like_it(two, path):
    with pytest.raises(RecordError, match=r"found no experiment\. Give the folder that holds metadata\.json"):
        load_experiment(path, results_dir=two)


def test_results_that_do_not_exist_yet_are_an_error(play, tmp_path):
    with pytest.raises(RecordError, match="found no experiment"):
        load_experiment("toy", results_dir=tmp_path / "never")


def test_damaged_metadata_are_an_error(play):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    (played.folder / "metadata.json").write_text('{"status": "comp')
    with pytest.raises(RecordError, match=r"metadata\.json cannot be read"):
        load_experiment(played.folder)


def test_damaged_results_are_an_error(play):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    (played.folder / "results.csv.zip").write_bytes(b"PK")
    with pytest.raises(RecordError, match=r"results\.csv\.zip is damaged"):
        load_experiment(played.folder).results  # noqa: B018  they are read when they are looked up


def test_missing_results_say_what_state_the_experiment_is_in(play):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    (played.folder / "results.csv.zip").unlink()
    (played.folder / "events.jsonl").unlink()
    with pytest.raises(RecordError, match="does not exist: the experiment is completed"):
        load_experiment(played.folder).results  # noqa: B018  they are read when they are looked up


def test_an_experiment_can_be_moved(play, tmp_path):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    shutil.move(played.folder, tmp_path / "elsewhere")
    assert load_experiment(tmp_path / "elsewhere").best_configuration() == {"x": 0.5}


def test_the_best_configuration_is_that_of_the_incumbent_with_its_constants(play, make_problem):
    problem = make_problem(space=SPACE, points_to_evaluate=[{"act": "None"}, {"act": "relu"}])
    played = play(lambda t, run: [0.3 + t, 0.2 + t, math.nan], problem=problem)
    experiment = load_experiment(played.folder)
    assert experiment.best_configuration() == {"act": "None", "n": 7}
    assert list(experiment.results["config_act"]) == ["None"] * 3 + ["relu"] * 3
    assert list(experiment.results["config_n"]) == [7] * 6


def test_the_search_space_comes_back(play, make_problem):
    played = play(lambda t, run: [0.5], problem=make_problem(space=SPACE))
    assert load_experiment(played.folder).search_space == SPACE


@pytest.mark.parametrize(
    ("mode", "best"),
    [("min", [np.inf, np.inf, 0.5, 0.5, 0.25, 0.25]), ("max", [-np.inf, -np.inf, 0.5, 0.75, 0.75, 0.75])],
)
def test_the_best_value_over_time(play, make_problem, mode, best):
    problem = make_problem(objective=Objective("loss", mode, "epoch"))
    values = [math.nan, math.inf if mode == "max" else -math.inf, 0.5, 0.75, 0.25, math.nan]
    played = play(lambda t, run: values, problem=problem, stopping=[finished(1)])
    curve = load_experiment(played.folder).best_over_time()
    assert list(curve.columns) == ["st_tuner_time", "loss"]
    np.testing.assert_array_equal(curve["loss"], best)
    np.testing.assert_array_equal(curve["st_tuner_time"], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def test_only_what_meets_the_constraint_counts(play, make_problem):
    steps = [(1, 0.1, 5.0), (2, 0.9, 0.0), (3, 0.2, math.nan), (4, 0.7, -1.0), (5, 0.5, 1.0)]
    script = [{"epoch": epoch, "loss": loss, "memory": memory} for epoch, loss, memory in steps]
    played = play(lambda t, run: script, problem=make_problem(constraint="memory"), stopping=[finished(1)])
    experiment = load_experiment(played.folder)
    assert experiment.metadata["constraint"] == "memory"
    assert experiment.metadata["incumbent"]["resource"] == 4
    np.testing.assert_array_equal(experiment.best_over_time()["loss"], [np.inf, 0.9, 0.9, 0.7, 0.7])


@pytest.mark.parametrize("more", [{"memory": 1.0}, {}])
def test_where_nothing_meets_the_constraint_there_is_no_best_configuration(play, make_problem, more):
    script = [{"epoch": 1, "loss": 0.5, **more}]
    played = play(lambda t, run: script, problem=make_problem(constraint="memory"), stopping=[finished(1)])
    experiment = load_experiment(played.folder)
    with pytest.raises(RecordError, match="no trial has reported a finite value with memory at most 0"):
        experiment.best_configuration()
    np.testing.assert_array_equal(experiment.best_over_time()["loss"], [np.inf])


def test_without_a_report_there_is_no_best_configuration_and_no_best_value(play):
    played = play(lambda t, run: [], stopping=[finished(3)])
    experiment = load_experiment(played.folder)
    with pytest.raises(RecordError, match="no trial has reported a finite value"):
        experiment.best_configuration()
    assert len(experiment.results) == 0
    assert list(experiment.best_over_time().columns) == ["st_tuner_time", "loss"]
    assert len(experiment.best_over_time()) == 0


def test_nothing_is_unpickled(play, monkeypatch):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    monkeypatch.setattr("pickle.Unpickler", None)
    monkeypatch.setattr("pickle.load", None)
    monkeypatch.setattr("pickle.loads", None)
    experiment = load_experiment(played.folder)
    assert json.dumps(experiment.metadata)
    assert len(experiment.results) == 1
