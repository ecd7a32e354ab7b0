"""Reports of XGBoost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xgboost

from tunekit.callbacks.boosting import BoostingProgress
from tunekit.callbacks.checkpoints import to_resume_from

__all__ = ["TunekitCallback"]
FILE = "model.ubj"
RESUME = "xgboost.train(…, num_boost_round=report.n_left(rounds), xgb_model=report.resume_from, callbacks=[report])"


class TunekitCallback(xgboost.callback.TrainingCallback):
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

    def __init__(self, every: int = 1, checkpoint: bool = True) -> None:
        super().__init__()
        self._progress = BoostingProgress(every, checkpoint, RESUME)
        self._latest: dict[str, Any] | None = None

    @property
    def resume_from(self) -> str | None:
        """Path of the model that the trial goes on from, for ``xgb_model``; None if it begins."""
        return to_resume_from(FILE)

    def n_left(self, n_rounds: int) -> int:
        """How many of ``n_rounds`` are left for a trial that goes on: XGBoost counts those that come.

        Args:
            n_rounds: How many the trial takes in all.
        """
        return self._progress.n_left(n_rounds, self.n_done)

    @property
    def n_done(self) -> int:
        """How many rounds the model has that the trial goes on from; 0 if it begins."""
        path = self.resume_from
        return 0 if path is None else int(xgboost.Booster(model_file=path).num_boosted_rounds())

    def before_training(self, model: Any) -> Any:
        is_of_folds = not isinstance(model, xgboost.Booster)
        self._progress.check(0 if is_of_folds else model.num_boosted_rounds(), 0 if is_of_folds else self.n_done)
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> bool:
        self._latest = dict(_latest(evals_log))
        if self._progress.is_due(model.num_boosted_rounds()):
            self._send(model)
        return False

    def after_training(self, model: Any) -> Any:
        if self._latest is not None:
            self._send(model)
        return model

    def _send(self, model: Any) -> None:
        metrics, self._latest = self._latest or {}, None
        if xgboost.collective.get_rank() == 0:
            save = (lambda folder: model.save_model(folder / FILE)) if isinstance(model, xgboost.Booster) else None
            self._progress.reports.after_saving(model.num_boosted_rounds(), metrics, save)


def _latest(evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> Iterator[tuple[str, float]]:
    """The names that XGBoost prints, with the last value of each: of cross-validation the mean and its deviation."""
    for data, metrics in evals_log.items():
        for metric, values in metrics.items():
            if isinstance(values[-1], tuple):
                yield f"{data}-{metric}-mean", values[-1][0]
                yield f"{data}-{metric}-std", values[-1][1]
            else:
                yield f"{data}-{metric}", values[-1]
