"""What runs have taken, which the plan of a launcher is made of."""

import json

from tunekit.runs.durations import SAME_METHOD, SAME_PROBLEM, SAME_SETUP, EarlierRuns, usual_seconds
from tunekit_core.records.files import EVENTS, METADATA


def add(results, tag, name, **fields):
    folder = results / tag / "ASHA" / name
    folder.mkdir(parents=True)
    metadata = {
        "format": 3,
        "status": "completed",
        "metric": ["loss"],
        "mode": ["min"],
        "resource": None,
        "search_space": [],
        "reason": "enough",
        "time": 1.0,
        "n_started": 1,
        "n_completed": 1,
        "n_paused": 0,
        "n_reports": 1,
        "n_failed": 0,
        "started": "2026-11-26T10:00:00.000+00:00",
        "ended": "2026-11-26T10:00:10.000+00:00",
    }
    (folder / METADATA).write_text(json.dumps({**metadata, **fields}))


def test_it_is_the_mean_of_complete_runs_of_the_same_method_and_problem(tmp_path):
    assert usual_seconds(tmp_path, "ASHA", "fcnet-digits") is None
    add(tmp_path, "first", "fcnet-digits-0-0123456789ab")
    add(tmp_path, "second", "fcnet-digits-1-0123456789ab", ended="2026-11-26T10:00:30.000+00:00")
    add(tmp_path, "second", "fcnet-digits-2-0123456789ab", status="failed", ended="2026-11-26T11:00:00.000+00:00")
    add(tmp_path, "second", "fcnet-robot_arm-1-0123456789ab", ended="2026-11-26T11:00:00.000+00:00")
    assert usual_seconds(tmp_path, "ASHA", "fcnet-digits") == 20.0


def test_a_night_between_an_interruption_and_its_end_does_not_count(tmp_path):
    add(tmp_path, "first", "height-0-0123456789ab", time=12.5, ended="2026-11-27T10:00:00.000+00:00")
    (tmp_path / "first" / "ASHA" / "height-0-0123456789ab" / EVENTS).touch()
    assert usual_seconds(tmp_path, "ASHA", "height") == 12.5


def test_what_is_damaged_or_has_no_times_does_not_count(tmp_path):
    add(tmp_path, "first", "fcnet-digits-0-0123456789ab", started="yesterday")
    add(tmp_path, "first", "fcnet-digits-1-0123456789ab")
    (tmp_path / "first" / "ASHA" / "fcnet-digits-1-0123456789ab" / METADATA).write_text("{")
    assert usual_seconds(tmp_path, "ASHA", "fcnet-digits") is None


def test_runs_of_the_setup_count_before_those_of_the_method_on_the_problem_and_these_before_others(tmp_path):
    asked = {"seed": 7, "n_workers": 4, "points": (1, 2)}
    assert EarlierRuns(tmp_path).usual("ASHA", "fcnet-digits", asked) is None
    add(tmp_path, "first", "fcnet-robot_arm-0-0123456789ab")
    found = EarlierRuns(tmp_path).usual("ASHA", "fcnet-digits", asked)
    assert (found.seconds, found.like) == (10.0, SAME_METHOD)
    other = {"seed": 7, "n_workers": 2, "points": [1, 2]}
    add(tmp_path, "first", "fcnet-digits-0-0123456789ab", config=other, ended="2026-11-26T10:00:20.000+00:00")
    found = EarlierRuns(tmp_path).usual("ASHA", "fcnet-digits", asked)
    assert (found.seconds, found.like) == (20.0, SAME_PROBLEM)
    same = {"seed": 3, "n_workers": 4, "points": [1, 2]}
    add(tmp_path, "first", "fcnet-digits-1-0123456789ab", config=same, ended="2026-11-26T10:00:30.000+00:00")
    found = EarlierRuns(tmp_path).usual("ASHA", "fcnet-digits", asked)
    assert (found.seconds, found.like) == (30.0, SAME_SETUP)


def test_files_and_bytes_are_those_in_the_folder_and_below_it(tmp_path):
    add(tmp_path, "first", "fcnet-digits-0-0123456789ab")
    folder = tmp_path / "first" / "ASHA" / "fcnet-digits-0-0123456789ab"
    (folder / "0").mkdir()
    (folder / "0" / "stdout.log").write_bytes(b"x" * 1000)
    found = EarlierRuns(tmp_path).usual("ASHA", "fcnet-digits", {})
    assert (found.n_files, found.n_bytes) == (2, 1000 + (folder / METADATA).stat().st_size)
