"""What a trial can rely on, whatever framework it trains with."""

from __future__ import annotations

import abc
import math

import pytest


class CallbackContract(abc.ABC):
    """Tests of a callback. A class of a framework says how a model is trained with it.

    Attributes:
        resource: What reports are counted in.
        metric: A metric of each report.
        tolerance: How far, relatively, the metric of a trial that goes on may be from that of one that never stopped.
    """

    resource = "epoch"
    metric: str
    tolerance = 1e-6

    @abc.abstractmethod
    def train(self, digits, n, **options):
        """Train for ``n`` of the resource in all, with a callback that is given these options."""

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


class BoostingContract(CallbackContract):
    """Tests of a callback that counts rounds.

    Attributes:
        callback: Its class.
    """

    resource = "round"
    callback: type

    @abc.abstractmethod
    def rounds_of(self, model):
        """How many rounds a model has that :meth:`train` has returned."""

    def test_every_few_rounds_and_the_last(self, trial, digits):
        self.train(digits, 7, every=3)
        assert [report["round"] for report in trial.reports()] == [3, 6, 7]
        assert trial.published() == [3, 6, 7]
        trial.resume(3)
        assert self.rounds_of(self.train(digits, 7, every=3)) == 7
        assert [report["round"] for report in trial.reports()] == [6, 7]

    @pytest.mark.parametrize("every", [0, -1, "5", 2.5, True])
    def test_what_is_no_number_of_rounds_is_refused(self, every):
        with pytest.raises(ValueError, match=r"every=.* must be a whole number from 1 on"):
            self.callback(every=every)
