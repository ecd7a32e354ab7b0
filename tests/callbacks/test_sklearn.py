"""Loops around ``partial_fit`` of scikit-learn."""

import numpy as np
from sklearn.linear_model import SGDClassifier

from tests.callbacks.contract import CallbackContract
from tunekit.callbacks.sklearn import PartialFit


class TestPartialFit(CallbackContract):
    metric = "accuracy"

    def train(self, digits, n, **options):
        x, y, x_valid, y_valid = digits
        training = PartialFit(SGDClassifier(alpha=1e-3, random_state=0), n, **options)
        for _ in training:
            training.model.partial_fit(x, y, classes=np.arange(10))
            training.report(accuracy=training.model.score(x_valid, y_valid))

    def test_an_epoch_may_go_without_a_report(self, trial):
        training = PartialFit({"sum": 0}, 4)
        for epoch in training:
            training.model["sum"] += epoch
            if epoch % 2 == 0:
                training.report(sum=training.model["sum"])
        assert trial.reports() == [{"sum": 3, "epoch": 2}, {"sum": 10, "epoch": 4}]
        assert trial.published() == [2, 4]
