"""What a trial can rely on, whatever framework it trains with."""

from __future__ import annotations

import math

import pytest


class CallbackContract:
    """Tests of a callback. A class of a framework says how a model is trained with it.

    Attributes:
        resource: What reports are counted in.
        metric: A metric of each report.
        tolerance: How far, relatively, the metric of a trial that goes on may be from that of one that never stopped.
    """

    resource = "epoch"
    metric: str
    tolerance = 1e-6

    def train(self, digits, n, **options):
        """Train for ``n`` of the resource in all, with a callback that is given these options."""
        raise NotImplementedError

    def test_each_is_reported_with_a_checkpoint(self, trial, digits):
        self.train(digits, 3)
        reports = trial.reports()
        assert [report[self.resource] for report in reports] == [1, 2, 3]
        assert all(type(report[self.resource]) is int for report in reports)
        assert all(math.isfinite(report[self.metric]) for report in reports)
        assert trial.published() == [1, 2, 3]

    def test_what_goes_on_reports_what_it_would_have_reported(self, trial, digits):
        self.train(digits, 4)
        expected = trial.reports()
        trial.resume(2)
        self.train(digits, 4)
        assert [report[self.resource] for report in trial.reports()] == [3, 4]
        assert [report[self.metric] for report in trial.reports()] == pytest.approx(
            [report[self.metric] for report in expected[2:]], rel=self.tolerance
        )
        assert trial.published() == [1, 2, 3, 4]

    def test_what_is_complete_trains_nothing_more(self, trial, digits):
        self.train(digits, 2)
        trial.resume(2)
        self.train(digits, 2)
        assert trial.reports() == []

    def test_without_checkpoints_it_reports_all_the_same(self, trial, digits):
        self.train(digits, 2, checkpoint=False)
        assert [report[self.resource] for report in trial.reports()] == [1, 2]
        assert trial.published() == []

    def test_outside_of_tunekit_reports_are_printed_and_nothing_is_left(self, outside, digits, capfd):
        self.train(digits, 2)
        assert capfd.readouterr().out.count("[tunekit-report] {") == 2
        assert [path for path in outside.rglob("*") if "checkpoint" in path.name or path.suffix == ".ckpt"] == []
