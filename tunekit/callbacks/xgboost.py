"""Reports of XGBoost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xgboost

from tunekit.callbacks.boosting import CountsRounds

__all__ = ["TunekitCallback"]


class TunekitCallback(CountsRounds, xgboost.callback.TrainingCallback):
    """Reports rounds of XGBoost to whatever tunes the script, and publishes a checkpoint of each round it reports.

    >>> report = TunekitCallback()
    >>> resumed = {"num_boost_round": report.n_left(rounds), "xgb_model": report.resume_from}
    >>> xgboost.train(options, data, evals=[(valid, "valid")], callbacks=[report], **resumed)

    Or with an estimator: ``XGBClassifier(n_estimators=report.n_left(rounds), callbacks=[report])`` and
    ``fit(…, xgb_model=report.resume_from)``. A report has ``round``, from 1 on, and the metrics of the data that are
    evaluated, under the names that XGBoost prints: ``valid-rmse``. In ``xgboost.cv`` they are ``test-rmse-mean`` and
    ``test-rmse-std``, and no checkpoint is made.

    Args:
        every: Rounds from one report, and checkpoint, to the next. The last round is reported in any case.
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """

    file = "model.ubj"
    resume = "xgboost.train(…, num_boost_round=report.n_left(rounds), xgb_model=report.resume_from, callbacks=[report])"

    def __init__(self, every: int = 1, checkpoint: bool = True) -> None:
        super().__init__(every, checkpoint)
        self._latest: dict[str, Any] | None = None

    def rounds_in(self, path: str) -> int:
        return int(xgboost.Booster(model_file=path).num_boosted_rounds())

    def before_training(self, model: Any) -> Any:
        if isinstance(model, xgboost.Booster):  # the models of folds always begin anew
            self._check(model.num_boosted_rounds())
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> bool:
        self._latest = dict(_latest(evals_log))
        if self._is_due(model.num_boosted_rounds()):
            self._send(model)
        return False

    def after_training(self, model: Any) -> Any:
        if self._latest is not None:
            self._send(model)
        return model

    def _send(self, model: Any) -> None:
        metrics, self._latest = self._latest or {}, None
        if xgboost.collective.get_rank() == 0:
            save = (lambda folder: model.save_model(folder / self.file)) if isinstance(model, xgboost.Booster) else None
            self._reports.after_saving(model.num_boosted_rounds(), metrics, save)


def _latest(evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> Iterator[tuple[str, float]]:
    """The names that XGBoost prints, with the last value of each: of cross-validation the mean and its deviation."""
    for data, metrics in evals_log.items():
        for metric, values in metrics.items():
            if isinstance(values[-1], tuple):
                yield f"{data}-{metric}-mean", values[-1][0]
                yield f"{data}-{metric}-std", values[-1][1]
            else:
                yield f"{data}-{metric}", values[-1]
