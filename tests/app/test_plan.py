"""``--plan`` of a study: a summary of many runs, the list of few, and what is left as earlier runs were."""

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tunekit.cli.plan_page import size
from tunekit.cli.time_left import TimeLeft, makespan
from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command

SHORT = "stopping.max_num_evaluations=50"


def lines_of(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.fixture
def earlier(tunekit, results):
    """Three runs of RS, of which one has failed, and that took 2 seconds each."""
    assert tunekit("--multirun", "method=RS", "seed=0,1,2", SHORT, "hydra.sweeper.n_jobs=1").status == 0
    for folder, metadata in zip(results.folders(), results.metadata(), strict=True):
        times = {"started": "2026-11-26T10:00:00.000+00:00", "ended": "2026-11-26T10:00:02.000+00:00"}
        failed = {"status": "failed"} if metadata["seed"] == 2 else {}
        (folder / "metadata.json").write_text(json.dumps({**metadata, **times, **failed}))
    return results


def test_many_runs_are_told_by_setup_and_problem_with_how_many_have_which_status(tunekit, earlier):
    study = ("--multirun", "method=RS,ASHA", "n_workers=4,2", "seed=range(15)", SHORT, "hydra.sweeper.n_jobs=4")
    finished = tunekit(*study, "--plan")
    assert finished.status == 0, finished.err
    table, lines = lines_of(finished.out)[:6], lines_of(finished.out)[6:]
    assert table[0] == "setup problem runs complete failed missing each takes left"
    assert table[2:] == [
        "RS n_workers=4 fcnet-robot_arm 15 2 1 12 2.0 s 26.0 s",
        "RS n_workers=2 fcnet-robot_arm 15 - - 15 2.0 s 30.0 s",
        "ASHA n_workers=4 fcnet-robot_arm 15 - - 15 - -",
        "ASHA n_workers=2 fcnet-robot_arm 15 - - 15 - -",
    ]
    sizes = [path.stat().st_size for seed in (0, 1) for path in _folder(earlier, seed).iterdir()]
    n_files, n_bytes = len(sizes) // 2 * 28, sum(sizes) / 2 * 28
    assert lines == [
        "60 runs: 2 complete, 58 to run, 4 at the same time.",
        f"About 14.0 s, {n_files} files and {size(n_bytes)}, "
        "without 30 runs of methods of which none is complete here yet.",
        "Known from complete runs of: the same setup, for 13 runs; the same method and benchmark, for 15 runs.",
    ]


def _folder(results, seed):
    return next(
        folder
        for folder, metadata in zip(results.folders(), results.metadata(), strict=True)
        if metadata["seed"] == seed
    )


def test_a_list_of_runs_tells_those_apart_that_differ_by_an_option_alone(tunekit, results):
    finished = tunekit("--multirun", "method=RS,ASHA", "n_workers=4,2", "--plan")
    rows = [line.split()[:4] for line in lines_of(finished.out) if line[:1].isdigit() and " fcnet-" in line]
    assert [" ".join(row[1:3]) for row in rows] == [f"{m} n_workers={n}" for m in ("RS", "ASHA") for n in (4, 2)]


def test_many_runs_are_listed_where_everything_is_to_be_told(tunekit, results):
    study = ("--multirun", "seed=range(41)", "--plan")
    assert len([line for line in lines_of(tunekit(*study).out) if line[:1].isdigit()]) == 1
    assert len([line for line in lines_of(tunekit(*study, "verbosity=2").out) if line[:1].isdigit()]) == 42


def test_where_nothing_is_known_or_nothing_is_left_that_is_said(tunekit, earlier):
    unknown = tunekit("--multirun", "method=ASHA", "seed=0,1", "--plan")
    assert lines_of(unknown.out)[-2:] == [
        "2 runs: 0 complete, 2 to run, 2 at the same time.",
        "How long that takes is not known: no run of these methods is complete here yet.",
    ]
    nothing = tunekit("--multirun", "method=RS", "seed=0,1", SHORT, "--plan")
    assert lines_of(nothing.out)[-1] == "2 runs: 2 complete, 0 to run."


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 5))
def test_the_time_of_several_at_once_is_that_of_one_second_after_the_other(seconds, n_jobs):
    waiting, running, clock = list(seconds), [], 0
    while waiting or running:
        running = [left for left in running if left > 0]
        while waiting and len(running) < n_jobs:
            first = waiting.pop(0)
            running += [first] if first > 0 else []
        if running:
            running, clock = [left - 1 for left in running], clock + 1
    assert makespan(seconds, n_jobs) == clock


REAL = ("backend=local", "benchmark=script", "benchmark.command=python fit.py {lr}", "benchmark.space.lr=uniform(0,1)")
REAL += ("method=RS", "n_workers=1", "--multirun")
FIT = "print('[tunekit-report] {\"loss\": 0.5}')\n"


@pytest.fixture
def fit(results):
    """A script that reports once."""
    path = Path("fit.py")
    path.write_text(FIT)
    return path


def as_if_it_took(results, seconds):
    for folder, metadata in zip(results.folders(), results.metadata(), strict=True):
        (folder / "metadata.json").write_text(json.dumps({**metadata, "time": seconds}))


def test_the_limit_of_runs_in_real_time_bounds_the_estimate_and_is_known_before_any_run(tunekit, results, fit):
    limit = "stopping.max_wallclock_time=3"
    unknown = lines_of(tunekit(*REAL, "seed=0,1", limit, "--plan").out)
    assert unknown[-1] == "At most about 6.0 s, by stopping.max_wallclock_time."
    assert tunekit(*REAL, "seed=0", "stopping.max_num_trials_started=1").status == 0
    as_if_it_took(results, 14.0)
    known = lines_of(tunekit(*REAL, "seed=0,1", limit, "--plan").out)
    assert known[-2].startswith("About 6.0 s, ")
    assert "At most" not in "".join(known)


def test_why_runs_in_real_time_are_run_one_by_one_is_said_unless_it_was_asked_for(tunekit, fit):
    counts = "2 runs: 0 complete, 2 to run, 1 at the same time"
    why = ", since their trials run in real time: hydra.sweeper.n_jobs=2 runs two."
    assert f"{counts}{why}\n" in tunekit(*REAL, "seed=0,1", "--plan").out
    assert f"{counts}.\n" in tunekit(*REAL, "seed=0,1", "hydra.sweeper.n_jobs=1", "--plan").out


def test_a_plan_says_that_a_script_was_edited_and_how_its_runs_count_again(tunekit, results, fit):
    end = "stopping.max_num_trials_started=1"
    assert tunekit(*REAL, "seed=0,1", end).status == 0
    before = results.folders()[0]
    fit.write_text(FIT + "# edited\n")
    told = tunekit(*REAL, "seed=0,1", end, "--plan").err
    assert told == (
        f"{before} is the same experiment with other sources (fit.py), and is complete. This one begins anew. To have "
        "that one count, put fit.py back as before.\nSo it is with 1 more of these runs.\n"
    )
    fit.write_text(FIT)
    again = tunekit(*REAL, "seed=0,1", end, "--plan")
    assert (again.err, "2 runs: 2 complete, 0 to run." in again.out) == ("", True)


def test_when_a_run_in_real_time_ends_is_said_as_it_begins(tunekit, fit):
    began = tunekit(*REAL[:-1], "stopping.max_num_trials_started=1", "stopping.max_wallclock_time=3600").err
    ends = "It ends after 1:00:00 at the latest; stopping.max_wallclock_time=SECONDS says otherwise.\n"
    assert f"Sources: fit.py.\n{ends}" in began
    assert "It ends after" not in tunekit("method=RS", SHORT).err


def test_the_time_that_is_left_of_a_sweep_is_that_of_each_setup_those_of_the_sweep_included(earlier):
    arguments = ("--multirun", "method=RS,ASHA", "n_workers=4,2", "seed=range(10)", SHORT)
    specs = plan_command(parse(arguments)).specs
    left = TimeLeft(specs, n_jobs=2)
    assert left.text() == "about 0:20 left without 20 runs of which no such is complete"
    by_setup = {}
    for spec in specs:
        by_setup.setdefault((spec.method_name, spec.results["n_workers"]), []).append(spec)
    slow, fast = by_setup["ASHA", 4], by_setup["RS", 2]
    left.note(slow[0], 100.0)
    left.note(fast[0], 1.0)
    left.note(fast[1], 0.0)  # of another process
    # Of nine runs of 100 s one of two workers has five, and half of 10 runs of 2 s and 8 of 1 s.
    assert left.text() == "about 8:34 left without 10 runs of which no such is complete"
