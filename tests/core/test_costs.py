"""What the metadata tell of costs: of a backend that says in which unit they are."""

import json

import attrs
import pytest

from tunekit_core import RecordError, Status, TrialEnded, create, load_experiment
from tunekit_core.records.files import read_metadata

END = TrialEnded(0, 0, Status.COMPLETED, 0.0)


@pytest.fixture
def in_dollars(scripted_backend):
    class InDollars(scripted_backend):
        cost_unit = "dollars"
        cost_basis = "prices of a test"

    return InDollars


def finished(count):
    return lambda problem: create("stopping", "max_num_trials_finished", problem, count=count)


def reports(*costs):
    return [{"epoch": epoch, "loss": 0.5, "st_worker_cost": cost} for epoch, cost in enumerate(costs, start=1)]


def test_the_metadata_have_the_sum_and_what_each_trial_has_cost_at_its_end(play, in_dollars):
    ends = {0: 1.5, 1: 0.25}
    script = lambda t, run: [*reports(9.0), attrs.evolve(END, cost=ends[t])]
    played = play(script, backend=in_dollars, stopping=[finished(2)])
    assert played.metadata["cost"] == {
        "unit": "dollars",
        "basis": "prices of a test",
        "total": 1.75,
        "n_runs": 2,
        "n_unknown": 0,
        "n_running": 0,
        "of_trials": {"0": 1.5, "1": 0.25},
    }


def test_trials_whose_costs_are_not_known_and_those_that_run_on_are_counted(play, in_dollars):
    scripts = [[0.5], [0.5, 0.4, 0.3, 0.2], [0.5, 0.4, 0.3, *reports(2.0)]]
    played = play(lambda t, run: scripts[t], backend=in_dollars, stopping=[finished(1)], n_workers=3)
    cost = played.metadata["cost"]
    assert (cost["total"], cost["n_unknown"], cost["n_running"], cost["of_trials"]) == (0.0, 1, 2, {})


def test_without_a_unit_nothing_is_told(play):
    played = play(lambda t, run: reports(1.0, 2.0), stopping=[finished(1)])
    assert "cost" not in played.metadata


def test_an_experiment_whose_process_was_killed_tells_its_costs_too(play, in_dollars):
    played = play(
        lambda t, run: [*reports(1.0), attrs.evolve(END, cost=2.0)], backend=in_dollars, stopping=[finished(2)]
    )
    before = played.metadata["cost"]
    path = played.folder / "metadata.json"
    begun = {name: value for name, value in played.metadata.items() if name not in ("ended", "n_reports")}
    path.write_text(
        json.dumps({**begun, "cost": {"unit": "dollars", "basis": "prices of a test"}, "status": "running"})
    )
    assert load_experiment(played.folder).metadata["cost"] == before


@pytest.mark.parametrize(
    "cost", [1.5, {}, {"unit": "dollars"}, {"unit": 1, "basis": ""}, {"unit": "", "basis": "", "total": "much"}]
)
def test_costs_that_are_none_are_damage(play, cost):
    played = play(lambda t, run: [0.5], stopping=[finished(1)])
    (played.folder / "metadata.json").write_text(json.dumps({**played.metadata, "cost": cost}))
    with pytest.raises(RecordError, match="is damaged: cost is "):
        read_metadata(played.folder)
