"""Whatever ``metadata.json`` says: every command that reads it shows it, or says in a sentence what is damaged."""

import contextlib
import copy
import io
import json

import pytest
from hypothesis import given, settings, strategies as st

from tunekit.cli.main import main
from tunekit_core import find_experiments, uniform
from tunekit_core.space import SearchSpace

INCUMBENT = {"trial_id": 1, "resource": 9, "metrics": {"loss": 0.25}, "configuration": {"lr": 1e-05}}
WHOLE = {
    "experiment_tag": "default", "method": "ASHA", "method_choice": "as of 2026", "benchmark": "fcnet",
    "dataset": "robot_arm", "seed": 0, "random_seed": 0, "hash": "0123456789ab", "formerly": ["ab"],
    "tags": {"who": "me"}, "status": "completed",
    "config": {"benchmark": {"name": "fcnet"}, "stopping": {"max_wallclock_time": {"max_wallclock_time": 60.0}}},
    "format": 3, "metric": ["loss"], "mode": ["min"], "constraint": None, "resource": "epoch", "max_resource": 9,
    "n_workers": 4, "search_space": SearchSpace({"lr": uniform(0.0, 1.0)}).to_json(), "versions": {"tunekit-hpo": "0"},
    "numerics": {}, "started": "2026-01-01T00:00:00.000+00:00", "ended": "2026-01-01T00:01:00.000+00:00",
    "reason": "60 s are over", "time": 60.0, "n_started": 12, "n_completed": 0, "n_stopped": 0, "n_failed": 1,
    "n_paused": 11, "n_reports": 99, "n_restarted": 0, "n_anomalies": 1, "first_anomaly": "of no trial", "n_dropped": 1,
    "first_dropped": "epoch 1 again", "n_incomplete": 1, "failures": [{"trial_id": 3, "reason": "exit status 1"}],
    "failed_trials": [3], "first_failure": {"trial_id": 3, "reason": "exit status 1"}, "incumbent": INCUMBENT,
    "best_of_failed": INCUMBENT, "best_so_far": {"time": [1.0], "value": [0.25]}, "recommended": None,
    "cost": {"unit": "USD", "basis": "list", "total": 1.0, "of_trials": {}, "n_runs": 1, "n_unknown": 0,
             "n_running": 0},
}  # fmt: skip
ANYTHING = [None, [], {}, "", "many", True, -1, 0, 1e308, 10**400, 5.5, float("nan"), float("inf"), [None], [[1]]]


def places(value, before=()):
    """The place of each entry in nested objects."""
    for key in value:
        yield (*before, key)
        if isinstance(value[key], dict):
            yield from places(value[key], (*before, key))


def damaged(draw):
    metadata = copy.deepcopy(WHOLE)
    if draw(st.booleans()):
        metadata["status"] = draw(st.sampled_from(["running", "failed", "interrupted"]))
    for *above, key in draw(st.lists(st.sampled_from([*places(WHOLE)]), max_size=2)):
        inner = metadata
        for each in above:
            inner = inner.get(each) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            continue
        if draw(st.booleans()):
            inner.pop(key, None)
        else:
            inner[key] = draw(st.sampled_from(ANYTHING))
    return metadata


def statuses(folder, metadata, events):
    """The exit status of each command for an experiment with such metadata, and such events."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (folder / "events.jsonl").unlink(missing_ok=True)
    if events is not None:
        (folder / "events.jsonl").write_text(events)
    commands = [[verb, str(folder)] for verb in ("ls", "show", "export", "report")]
    found = {}
    for command in [*commands, ["watch", "--once", str(folder)], ["watch", "--once", str(folder.parent)]]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
            found[" ".join(command[:2])] = main(command)
        assert "Traceback" not in told.getvalue()
    return found


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_what_is_damaged_is_shown_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("results") / "a"
    events = data.draw(st.sampled_from([None, "", "no event\n"]))
    assert set(statuses(folder, damaged(data.draw), events).values()) <= {0, 2}


@pytest.mark.parametrize(
    ("metadata", "events", "told"),
    [
        ({**WHOLE, "n_paused": "many"}, None, "n_paused is 'many'"),
        ({**WHOLE, "n_completed": ...}, None, "it has no n_completed"),
        ({**WHOLE, "resource": ...}, None, "it has no resource"),
        ({**WHOLE, "status": "running", "time": ...}, "no event\n", "it has no time"),
        ({**WHOLE, "status": "failed", "metric": ...}, None, "it has no metric"),
    ],
)
def test_what_any_command_needs_is_missed_by_all(tmp_path, metadata, events, told):
    kept = {name: value for name, value in metadata.items() if value is not ...}
    found = statuses(tmp_path / "results" / "a", kept, events)
    assert set(found.values()) <= {0, 2}
    ((_, why),) = find_experiments(tmp_path).unreadable.items()
    assert f"is damaged: {told}." in why


def test_what_is_whole_is_shown(tmp_path):
    assert set(statuses(tmp_path / "results" / "a", WHOLE, None).values()) == {0}
