"""Reports of XGBoost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xgboost

from tunekit.callbacks import checkpoints
from tunekit.reporter import Reporter

__all__ = ["TunekitCallback"]
FILE = "model.ubj"


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
        self._every = every
        self._checkpoint = checkpoint
        self._report = Reporter()
        self._latest: dict[str, Any] = {}

    @property
    def resume_from(self) -> str | None:
        """Path of the model that the trial goes on from, for ``xgb_model``; None if it begins."""
        return checkpoints.to_resume_from(FILE)

    def n_left(self, n_rounds: int) -> int:
        """How many of ``n_rounds`` are left for a trial that goes on: XGBoost counts those that come.

        Args:
            n_rounds: How many the trial takes in all.
        """
        path = self.resume_from
        n_done = 0 if path is None else xgboost.Booster(model_file=path).num_boosted_rounds()
        return max(n_rounds - n_done, 0)

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> bool:
        self._latest = {**dict(_latest(evals_log)), "round": model.num_boosted_rounds()}
        if self._latest["round"] % self._every == 0:
            self._send(model)
        return False

    def after_training(self, model: Any) -> Any:
        if self._latest:
            self._send(model)
        return model

    def _send(self, model: Any) -> None:
        if xgboost.collective.get_rank() == 0:
            if self._checkpoint and checkpoints.are_kept() and isinstance(model, xgboost.Booster):
                with self._report.checkpoint(self._latest["round"]) as folder:
                    model.save_model(folder / FILE)
            self._report(self._latest)
        self._latest = {}


def _latest(evals_log: Mapping[str, Mapping[str, Sequence[Any]]]) -> Iterator[tuple[str, float]]:
    """The names that XGBoost prints, with the last value of each: of cross-validation the mean and its deviation."""
    for data, metrics in evals_log.items():
        for metric, values in metrics.items():
            if isinstance(values[-1], tuple):
                yield f"{data}-{metric}-mean", values[-1][0]
                yield f"{data}-{metric}-std", values[-1][1]
            else:
                yield f"{data}-{metric}", values[-1]
