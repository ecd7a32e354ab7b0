"""What runs have cost: a line of the summary, a column of the comparison."""

import re

import numpy as np
import pytest

from tunekit.results.best_so_far import BestSoFar
from tunekit.results.costs import amount, line_of_costs, total_of_costs
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.tables import print_panels

BASIS = "billable seconds; list prices of 2026-09-24 in us-east-1"


def metadata(*costs, n_started=None, n_unknown=0, n_running=0, unit="dollars"):
    of_trials = {str(trial_id): cost for trial_id, cost in enumerate(costs)}
    counts = {"n_runs": len(costs) + 3, "n_unknown": n_unknown, "n_running": n_running}
    cost = {"unit": unit, "basis": BASIS, "total": sum(costs), **counts, "of_trials": of_trials}
    return {"n_started": n_started or len(costs), "cost": cost}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "dollars", "$0.00"),
        (0.00012345, "dollars", "$0.00012"),
        (0.01, "dollars", "$0.01"),
        (1234.567, "dollars", "$1,234.57"),
        (2.5, "node hours", "2.5 node hours"),
    ],
)
def test_an_amount_is_in_its_unit(value, unit, text):
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("of_run", "line"),
    [
        ({"n_started": 3}, None),
        ({"n_started": 3, "cost": {"unit": "dollars", "basis": BASIS}}, None),
        (metadata(1.0, 0.25), f"Cost: $1.25, 5 runs of 2 trials ({BASIS})."),
        (
            metadata(1.0, n_started=4, n_unknown=1, n_running=2),
            f"Cost: $1.00, 4 runs of 4 trials ({BASIS}). Not in it: 1 trial whose cost is not known; what 2 trials "
            "that still ran cost after the last report.",
        ),
        (metadata(n_started=2, n_unknown=2), f"Cost: not known, 3 runs of 2 trials ({BASIS})."),
    ],
)
def test_a_run_tells_what_it_has_cost_and_what_is_not_in_that(of_run, line):
    assert line_of_costs(of_run) == line


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([{"n_started": 1}], ""),
        ([metadata(1.0), metadata(2.0, 0.5)], "$3.50"),
        ([metadata(1.0), metadata(2.0, n_unknown=1)], "≥ $3.00"),
        ([metadata(1.0), {"n_started": 1}], "≥ $1.00"),
        ([metadata(n_unknown=1)], "not known"),
        ([metadata(1.0), metadata(1.0, unit="node hours")], "in several units"),
    ],
)
def test_runs_cost_their_sum(runs, text):
    assert total_of_costs(runs) == text


def methods(*costs):
    curve = BestSoFar(np.array([1.0]), np.array([0.5]), 100.0)
    return [MethodCurves(f"METHOD-{number}", [curve], cost=cost) for number, cost in enumerate(costs)]


def test_a_comparison_has_a_column_of_costs_where_any_run_has_one(capsys):
    print_panels([Panel("problem", "loss", "min", 100.0, methods("$1.00", ""))])
    shown = capsys.readouterr().out
    assert re.search(r"100%\s+cost\b", shown)
    assert re.search(r"METHOD-0.*\$1\.00\s*$", shown, re.MULTILINE)
    print_panels([Panel("problem", "loss", "min", 100.0, methods("", ""))])
    assert "cost" not in capsys.readouterr().out
