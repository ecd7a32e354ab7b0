"""Rounds of LightGBM."""

import pytest

from tests.callbacks.contract import BoostingContract

lightgbm = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.filterwarnings("ignore")  # LightGBM has some, and they are not ours

TunekitCallback = pytest.importorskip("tunekit.callbacks.lightgbm").TunekitCallback

OPTIONS = {"objective": "multiclass", "num_class": 10, "max_depth": 3, "num_threads": 1, "verbose": -1}


class TestLightgbm(BoostingContract):
    callback = TunekitCallback
    metric = "valid_0-multi_logloss"

    def rounds_of(self, model):
        return model.current_iteration()

    def train(self, digits, n, more=(), **options):
        x, y, x_valid, y_valid = digits
        report = TunekitCallback(**options)
        n_rounds = report.n_left(n)
        if n_rounds == 0:  # LightGBM refuses to train for no round
            return None
        data = lightgbm.Dataset(x, y)
        valid = lightgbm.Dataset(x_valid, y_valid, reference=data)
        callbacks = [*more, report]
        return lightgbm.train(OPTIONS, data, n_rounds, [valid], callbacks=callbacks, init_model=report.resume_from)

    def test_the_round_at_which_it_is_stopped_early_is_reported(self, trial, digits):
        stop = lightgbm.early_stopping(1, verbose=False, min_delta=1e9)
        self.train(digits, 50, [stop])
        assert [report["round"] for report in trial.reports()] == [1, 2]

    def test_estimators_take_it_too(self, trial, digits):
        x, y, x_valid, y_valid = digits
        report = TunekitCallback()
        model = lightgbm.LGBMClassifier(n_estimators=report.n_left(2), max_depth=2, n_jobs=1, verbose=-1)
        model.fit(x, y, eval_set=[(x_valid, y_valid)], callbacks=[report], init_model=report.resume_from)
        assert [sorted(report) for report in trial.reports()] == [["round", "valid_0-multi_logloss"]] * 2

    def test_cross_validation_is_reported_with_means_and_deviations(self, trial, digits):
        x, y, *_ = digits
        table = lightgbm.cv(OPTIONS, lightgbm.Dataset(x, y), 2, nfold=2, callbacks=[TunekitCallback()])
        assert [report.pop("round") for report in trial.reports()] == [1, 2]
        last = trial.reports()[-1]
        assert last["valid-multi_logloss-mean"] == table["valid multi_logloss-mean"][-1]
        assert last["valid-multi_logloss-stdv"] == table["valid multi_logloss-stdv"][-1]
        assert trial.published() == []

    @pytest.mark.parametrize("passed", ["the model alone", "the rounds alone"])
    def test_a_training_that_does_not_go_on_is_refused(self, trial, digits, passed):
        self.train(digits, 2)
        trial.resume(2)
        x, y, x_valid, y_valid = digits
        data = lightgbm.Dataset(x, y)
        report = TunekitCallback()
        if passed == "the model alone":
            resumed = {"num_boost_round": 4, "init_model": report.resume_from}
        else:
            resumed = {"num_boost_round": report.n_left(4)}
        valid = lightgbm.Dataset(x_valid, y_valid, reference=data)
        with pytest.raises(ValueError, match=r"Type lightgbm\.train\(…, num_boost_round=report\.n_left\(rounds\)"):
            lightgbm.train(OPTIONS, data, valid_sets=[valid], callbacks=[report], **resumed)
        assert trial.reports() == []
