"""``python -m tunekit plot``."""

import pytest

from tests.app.figures.made import experiment, trial
from tunekit.cli.verbs import plot


@pytest.fixture
def made(results):
    return experiment(
        results.root / "default" / "ASHA" / "made-0-0123456789ab", trial(0, [1.0, 0.5]), hash="0123456789ab"
    )


def test_all_that_apply_are_drawn_and_why_others_are_not_is_told(made, tunekit, tmp_path):
    done = tunekit("plot", "0123456789ab")
    assert done.status == 0, done.err
    names = ("learning_curves", "parallel_coordinates", "worker_timeline")
    stems = [f"figures/ASHA_made-0-0123456789ab_{name}" for name in names]
    assert done.out.split() == [f"{stem}.{suffix}" for stem in stems for suffix in ("png", "pdf")]
    assert all((tmp_path / file).stat().st_size > 1000 for file in done.out.split())
    assert "Not drawn, rung_occupancy: its scheduler has no rungs" in done.err
    assert "Not drawn, importance: importance takes 20 trials" in done.err
    assert "Not drawn, pareto_front: it has one metric" in done.err


def test_what_is_named_is_drawn_where_it_is_said(made, tunekit, tmp_path):
    done = tunekit("plot", str(made.path), "figures=worker_timeline,learning_curves", "folder=paper/one")
    assert done.status == 0
    assert len(list((tmp_path / "paper" / "one").iterdir())) == 4
    before = {file: file.read_bytes() for file in (tmp_path / "paper" / "one").iterdir()}
    tunekit("plot", str(made.path), "figures=worker_timeline,learning_curves", "folder=paper/one")
    assert {file: file.read_bytes() for file in (tmp_path / "paper" / "one").iterdir()} == before


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["figures=importance"], ["importance takes 20 trials", "Leave figures= out to draw all that apply."]),
        (["figures=learning_curvs"], ["there is no figure 'learning_curvs'", "Did you mean 'learning_curves'?"]),
        (["figures=best_over_time"], ["best_over_time is of a study, and this is one experiment", "rung_occupancy"]),
        (["figures="], ["there is no figure ''"]),
        (["folder=taken"], ["folder=taken is no folder"]),
        (["format=svg"], ["`plot` has no option 'format'"]),
        (["--svg"], ["`plot` has no flag '--svg'"]),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(typed, said, made, tunekit, tmp_path):
    (tmp_path / "taken").touch()
    done = tunekit("plot", str(made.path), *typed)
    assert done.status == 2
    assert all(part in done.err for part in said), done.err
    assert not (tmp_path / "figures").exists()


def test_nobody_is_refused(tunekit, results, tmp_path):
    assert "`plot` takes one experiment, and got none." in tunekit("plot").err
    (tmp_path / "empty").mkdir()
    assert "There are no experiments in empty." in tunekit("plot", "empty").err
    assert tunekit("plot", "empty").status == 2


def test_a_folder_of_many_is_a_study(tunekit, results, tmp_path):
    sweep = ("method=RS,ASHA", "stopping.max_wallclock_time=100", "--multirun", "seed=0,1")
    assert tunekit(*sweep).status == 0
    done = tunekit("plot", "results/default")
    assert done.out.split() == ["figures/default_best_over_time.png", "figures/default_best_over_time.pdf"]
    assert "Not drawn, critical_difference: a critical-difference diagram takes 10 benchmarks" in done.err
    refused = tunekit("plot", "results/default", "figures=importance")
    assert refused.status == 2
    assert "importance is of one experiment, and this is a study" in refused.err


def test_its_help_names_every_figure(tunekit, results):
    page = tunekit("plot", "--help").out
    assert all(name in page for name in (*plot.OF_EXPERIMENT, *plot.OF_STUDY))
    assert "plot EXPERIMENT" in tunekit("--help").out
