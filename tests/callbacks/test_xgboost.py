"""Rounds of XGBoost."""

import pytest

from tests.callbacks.contract import BoostingContract

xgboost = pytest.importorskip("xgboost")
pytestmark = pytest.mark.filterwarnings("ignore")  # XGBoost has some, and they are not ours

TunekitCallback = pytest.importorskip("tunekit.callbacks.xgboost").TunekitCallback

OPTIONS = {"objective": "multi:softprob", "num_class": 10, "eta": 0.5, "max_depth": 3, "nthread": 1}


def matrices(digits):
    x, y, x_valid, y_valid = digits
    return xgboost.DMatrix(x, y), xgboost.DMatrix(x_valid, y_valid)


class TestXgboost(BoostingContract):
    callback = TunekitCallback
    metric = "valid-mlogloss"

    def rounds_of(self, model):
        return model.num_boosted_rounds()

    def train(self, digits, n, **options):
        data, valid = matrices(digits)
        report = TunekitCallback(**options)
        return xgboost.train(
            OPTIONS,
            data,
            report.n_left(n),
            evals=[(data, "train"), (valid, "valid")],
            verbose_eval=False,
            callbacks=[report],
            xgb_model=report.resume_from,
        )

    def test_the_names_are_those_that_are_printed(self, trial, digits, capfd):
        data, valid = matrices(digits)
        evaluated = [(data, "train"), (valid, "valid")]
        xgboost.train(OPTIONS, data, 1, evals=evaluated, callbacks=[TunekitCallback()])
        _, *printed = capfd.readouterr().out.split()
        (report,) = trial.reports()
        assert report.pop("round") == 1
        assert [f"{name}:{value:.5f}" for name, value in report.items()] == printed

    def test_the_round_at_which_it_is_stopped_early_is_reported(self, trial, digits):
        data, _ = matrices(digits)
        settings = {"evals": [(data, "train")], "verbose_eval": False, "early_stopping_rounds": 2}
        settings["custom_metric"] = lambda predictions, data: ("constant", 1.0)
        xgboost.train(OPTIONS, data, 50, callbacks=[TunekitCallback(every=10)], **settings)
        assert [report["round"] for report in trial.reports()] == [3]

    def test_estimators_take_it_too(self, trial, digits):
        x, y, x_valid, y_valid = digits

        def fit():
            report = TunekitCallback()
            model = xgboost.XGBClassifier(n_estimators=report.n_left(3), max_depth=2, n_jobs=1, callbacks=[report])
            model.fit(x, y, eval_set=[(x_valid, y_valid)], verbose=False, xgb_model=report.resume_from)

        fit()
        expected = trial.reports()
        assert [sorted(report) for report in expected] == [["round", "validation_0-mlogloss"]] * 3
        trial.resume(1)
        fit()
        assert [report["validation_0-mlogloss"] for report in trial.reports()] == pytest.approx(
            [report["validation_0-mlogloss"] for report in expected[1:]]
        )

    def test_cross_validation_is_reported_with_means_and_deviations(self, trial, digits):
        data, _ = matrices(digits)
        table = xgboost.cv(OPTIONS, data, 2, nfold=2, callbacks=[TunekitCallback()])
        assert [report.pop("round") for report in trial.reports()] == [1, 2]
        last = trial.reports()[-1]
        assert [last[name] for name in table.columns] == pytest.approx(list(table.iloc[-1]))
        assert trial.published() == []

    @pytest.mark.parametrize("passed", ["the model alone", "the rounds alone"])
    def test_a_training_that_does_not_go_on_is_refused(self, trial, digits, passed):
        self.train(digits, 2)
        trial.resume(2)
        data, valid = matrices(digits)
        report = TunekitCallback()
        if passed == "the model alone":
            resumed = {"num_boost_round": 4, "xgb_model": report.resume_from}
        else:
            resumed = {"num_boost_round": report.n_left(4)}
        with pytest.raises(ValueError, match=r"Type xgboost\.train\(…, num_boost_round=report\.n_left\(rounds\)"):
            xgboost.train(OPTIONS, data, evals=[(valid, "valid")], callbacks=[report], **resumed)
        assert trial.reports() == []

    def test_a_second_training_with_one_callback_is_refused(self, trial, digits):
        data, valid = matrices(digits)
        report = TunekitCallback()
        xgboost.train(OPTIONS, data, 2, evals=[(valid, "valid")], callbacks=[report], verbose_eval=False)
        with pytest.raises(ValueError, match="this one is at round 1 after round 2: it is a second one"):
            xgboost.train(OPTIONS, data, 2, evals=[(valid, "valid")], callbacks=[report], verbose_eval=False)
        assert len(trial.reports()) == 2
