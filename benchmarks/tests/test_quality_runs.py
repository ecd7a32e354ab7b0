"""What is kept of a run whose quality is compared."""

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from tunekit_core import Benchmark, Curve, Incumbent, Objective, Report, SearchSpace, uniform

sys.path.insert(0, str(Path(__file__).parents[1] / "performance"))
from quality.store import Store
from runs import run as run_module
from runs.run import FRACTIONS, IncumbentLosses, Job, carry_out, recipe


def report(loss, time, trial_id=0, resource=1):
    return Report(trial_id, 0, resource, {}, (loss,), time)


def view(incumbent, time):
    """A view whose incumbent has reported this; ``None`` for none."""
    return SimpleNamespace(incumbent=None if incumbent is None else Incumbent(incumbent, {"x": 0.25}), now=time)


def test_the_budget_is_looked_at_after_forty_equal_steps():
    assert len(FRACTIONS) == 40
    assert [FRACTIONS[i] for i in (0, 3, 9, 19, 39)] == [0.025, 0.1, 0.25, 0.5, 1.0]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-5, 5)), max_size=20))
def test_at_each_time_the_loss_is_the_best_that_was_reported_by_then(reported):
    reports = [report(float(loss), float(time)) for time, loss in sorted(reported, key=lambda pair: pair[0])]
    times = [1.0, 4.0, 4.5, 10.0]
    losses, best = IncumbentLosses(times), None
    for each in reports:
        if best is None or each.losses[0] < best.losses[0]:
            best = each
        losses.on_report(view(best, each.time), None, each, None)
    by_then = [[each.losses[0] for each in reports if each.time <= time] for time in times]
    assert losses.losses == [min(seen) if seen else None for seen in by_then]


def test_a_report_of_a_trial_that_failed_since_no_longer_counts():
    losses = IncumbentLosses([1.0, 2.0, 3.0])
    losses.on_report(view(report(5.0, 0.5), 0.5), None, None, None)
    losses.on_report(view(report(1.0, 1.5), 1.5), None, None, None)
    losses.on_trial_end(view(report(5.0, 0.5), 2.5), None, None)
    assert losses.losses == [5.0, 1.0, 5.0]


@pytest.mark.parametrize("loss", [math.inf, math.nan])
def test_a_loss_that_is_not_finite_is_none(loss):
    losses = IncumbentLosses([1.0, 2.0], lambda configuration, resource: loss)
    losses.on_report(view(report(5.0, 0.5), 0.5), None, None, None)
    assert losses.losses == [None, None]


class Noisy(Benchmark):
    """What is reported is lower where ``x`` is larger; without the noise it is ``x`` by the resource."""

    name = "noisy"
    space = SearchSpace({"x": uniform(0.0, 1.0)})
    objective = Objective("loss", "min", resource="epoch")
    max_resource = 3
    max_wallclock_time = 60.0
    n_seeds = 1

    def __init__(self):
        self.points_to_evaluate = ()

    def blackbox(self):
        return self

    def curve(self, configuration, seed):
        return Curve([1, 2, 3], [1.0, 2.0, 3.0], {"loss": [9.0 - configuration["x"] - epoch for epoch in range(3)]})

    def noiseless(self, configuration, resource):
        return resource * configuration["x"]


def test_the_incumbent_is_chosen_by_what_was_reported_and_judged_without_noise(monkeypatch):
    monkeypatch.setattr(run_module, "open_task", lambda task: Noisy())
    run = carry_out(Job("RS", recipe("RS"), "noisy", 0, 60.0, ""))
    assert run.trials > 50
    assert run.failures == 0
    # The best report is of the largest x at the third epoch: without noise it has the highest loss of all.
    assert run.losses[-1] > 2.7
    assert list(run.losses[2:]) == sorted(run.losses[2:])


def test_a_line_of_an_older_version_is_refused_by_its_number(tmp_path):
    path = tmp_path / "quality.jsonl"
    path.write_text(
        '{"method": "BO", "task": "a", "seed": 0, "seconds": 1.0, "label": "", "losses": [1.0], "trials": 1, '
        '"failures": 0, "reports": 1, "suggestions": 1, "suggest_seconds": 0.1, "processor_seconds": 0.1}\n'
    )
    with pytest.raises(ValueError, match=r"line 1 is no run \(it has 1 losses, not 40\): remove that line\."):
        Store(path).runs()
