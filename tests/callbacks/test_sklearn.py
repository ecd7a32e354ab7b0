"""Loops around ``partial_fit`` of scikit-learn."""

import numpy as np
import pytest
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

    def test_the_model_that_was_given_goes_on_since_the_loop_may_use_it(self, trial, digits):
        x, y, x_valid, y_valid = digits

        def train():
            model = SGDClassifier(random_state=0)
            training = PartialFit(model, 4)
            for _ in training:
                model.partial_fit(x, y, classes=np.arange(10))
                training.report(accuracy=model.score(x_valid, y_valid))

        train()
        expected = trial.reports()
        trial.resume(2)
        train()
        assert trial.reports() == expected[2:]

    @pytest.mark.parametrize("n_epochs", [0, -1, "5", 2.5, None, True])
    def test_what_is_no_number_of_epochs_is_refused(self, n_epochs):
        with pytest.raises(ValueError, match=r"n_epochs=.* must be a whole number from 1 on"):
            PartialFit({}, n_epochs)

    def test_a_report_outside_of_the_loop_is_refused(self):
        with pytest.raises(RuntimeError, match=r"report\(\) belongs into the loop"):
            PartialFit({}, 3).report(loss=1.0)

    def test_an_epoch_may_go_without_a_report(self, trial):
        training = PartialFit({"sum": 0}, 4)
        for epoch in training:
            training.model["sum"] += epoch
            if epoch % 2 == 0:
                training.report(sum=training.model["sum"])
        assert trial.reports() == [{"sum": 3, "epoch": 2}, {"sum": 10, "epoch": 4}]
        assert trial.published() == [2, 4]
