"""What runs have taken, which the plan of a launcher is made of."""

import json

from tunekit.runs.durations import usual_seconds
from tunekit_core.records.files import METADATA


def add(results, tag, name, **fields):
    folder = results / tag / "ASHA" / name
    folder.mkdir(parents=True)
    metadata = {
        "format": 3,
        "status": "completed",
        "metric": ["loss"],
        "mode": ["min"],
        "search_space": [],
        "reason": "enough",
        "time": 1.0,
        "n_started": 1,
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


def test_what_is_damaged_or_has_no_times_does_not_count(tmp_path):
    add(tmp_path, "first", "fcnet-digits-0-0123456789ab", started="yesterday")
    add(tmp_path, "first", "fcnet-digits-1-0123456789ab")
    (tmp_path / "first" / "ASHA" / "fcnet-digits-1-0123456789ab" / METADATA).write_text("{")
    assert usual_seconds(tmp_path, "ASHA", "fcnet-digits") is None
