"""``python -m tunekit plot``."""

import re
import shutil

import pytest

from tests.app.figures.made import experiment, trial
from tunekit.cli.verbs import plot


def without_hashes(printed):
    """Names of files, where the hash that tells experiments and studies of one name from each other is #."""
    return [re.sub("-[0-9a-f]{8}_", "-#_", name) for name in printed.split()]


@pytest.fixture
def made(results):
    return experiment(
        results.root / "default" / "ASHA" / "made-0-0123456789ab", trial(0, [1.0, 0.5]), hash="0123456789ab"
    )


def test_all_that_apply_are_drawn_and_why_others_are_not_is_told(made, tunekit, tmp_path):
    done = tunekit("plot", "0123456789ab")
    assert done.status == 0, done.err
    names = ("learning_curves", "parallel_coordinates", "worker_timeline")
    stems = [f"figures/ASHA_made-0-0123456789ab-#_{name}" for name in names]
    assert without_hashes(done.out) == [f"{stem}.{suffix}" for stem in stems for suffix in ("png", "pdf")]
    assert all((tmp_path / file).stat().st_size > 1000 for file in done.out.split())
    assert "Not drawn, rung_occupancy: its scheduler has no rungs" in done.err
    assert "Not drawn, importance: importance takes 20 trials" in done.err
    assert "Not drawn, pareto_front: it has one metric" in done.err


@pytest.mark.parametrize(
    ("events", "told", "drawn"),
    [
        ("", "events.jsonl tells of no trial that was started", {"learning_curves", "parallel_coordinates"}),
        ("no event\n", "events.jsonl is damaged", {"parallel_coordinates"}),
    ],
)
def test_where_events_are_lost_the_figures_that_need_none_are_drawn(made, tunekit, events, told, drawn):
    (made.path / "events.jsonl").write_text(events)
    done = tunekit("plot", "0123456789ab")
    assert done.status == 0, done.err
    assert {line.partition("-#_")[2].partition(".")[0] for line in without_hashes(done.out)} == drawn
    assert told in next(line for line in done.err.splitlines() if line.startswith("Not drawn, worker_timeline: "))


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
        (["folder=taken/below"], ["folder=taken/below: ", "taken is not a folder. Type folder=figures"]),
        (
            ["folder=/proc/x"],
            ["folder=/proc/x: nothing can be written in /proc: No such file or directory. Type folder="],
        ),
        (["format=svg"], ["`plot` has no option or filter 'format'"]),
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


@pytest.fixture
def study(tunekit, results):
    sweep = ("method=RS,ASHA", "stopping.max_wallclock_time=100", "--multirun", "seed=0,1")
    assert tunekit(*sweep).status == 0
    return results.root / "default"


def test_a_folder_of_many_is_a_study(study, tunekit):
    done = tunekit("plot", "results/default")
    drawn = ["figures/default-#_best_over_time.png", "figures/default-#_best_over_time.pdf"]
    assert without_hashes(done.out) == drawn
    assert "Not drawn, critical_difference: a critical-difference diagram takes 10 benchmarks" in done.err
    assert tunekit("plot", "results/default/", "results/default").out == done.out
    refused = tunekit("plot", "results/default", "figures=importance")
    assert refused.status == 2
    assert "importance is of one experiment, and this is a study" in refused.err


def test_a_study_takes_the_filters_and_the_keys_of_report(study, tunekit, tmp_path, monkeypatch):
    drawn = []
    original = plot.draw.best_over_time
    monkeypatch.setattr(plot.draw, "best_over_time", lambda found: drawn.append(found) or original(found))
    printed = [
        tunekit("plot", *typed).out
        for typed in (
            ["results/default"],
            ["results/default", "seed=0", "method=RS"],
            ["results/default", "method=RS", "seed=0"],
            ["setups=scheduler.name,seed"],
        )
    ]
    methods = [[(each.label, len(each.curves)) for each in found.panels[0].methods] for found in drawn]
    assert sorted(methods[0]) == [("ASHA", 2), ("RS", 2)]
    assert methods[1] == [("RS", 1)]
    assert len(methods[3]) == 4
    assert printed[1] == printed[2]
    assert len(set(printed)) == 3


def test_two_studies_of_one_name_have_files_of_their_own(study, tunekit, tmp_path):
    shutil.copytree(study, tmp_path / "other" / "default")
    tunekit("plot", "results/default")
    tunekit("plot", "other/default")
    assert len(list((tmp_path / "figures").iterdir())) == 4


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["method=RS", "results_dir=results"], "Type its folder without results_dir=: plot results"),
        (["nobody", "seed=0"], "nobody is no folder."),
        (["empty", "empty/"], "There are no experiments in empty. Type:"),
        (["empty", "setups=method,"], "setups=method, lacks a key."),
    ],
)
def test_what_is_no_study_is_refused(tunekit, results, tmp_path, typed, told):
    (tmp_path / "empty").mkdir()
    refused = tunekit("plot", *typed)
    assert refused.status == 2
    assert told in refused.err


def test_its_help_names_every_figure(tunekit, results):
    page = tunekit("plot", "--help").out
    assert all(name in page for name in (*plot.OF_EXPERIMENT, *plot.OF_STUDY))
    assert "plot EXPERIMENT" in tunekit("--help").out
