"""Reports of LightGBM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import lightgbm
from lightgbm.callback import CallbackEnv

from tunekit.callbacks.boosting import CountsRounds

__all__ = ["TunekitCallback"]


class TunekitCallback(CountsRounds):
    """Reports rounds of LightGBM to whatever tunes the script, and publishes a checkpoint of each round it reports.

    >>> report = TunekitCallback()
    >>> n_rounds = report.n_left(rounds)
    >>> lightgbm.train(options, data, n_rounds, [valid], callbacks=[report], init_model=report.resume_from)

    Or with an estimator: ``LGBMClassifier(n_estimators=report.n_left(rounds))`` and ``fit(…, callbacks=[report],
    init_model=report.resume_from)``. A report has ``round``, from 1 on, and the metrics of the data that are evaluated
    as ``valid_0-l2``. In ``lightgbm.cv`` they are ``valid-l2-mean`` and ``valid-l2-stdv``, and no checkpoint is made.

    Args:
        every: Rounds from one report, and checkpoint, to the next. The last round is reported in any case, unless the
            training is stopped early.
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.
    """

    order = 25  # after the evaluation is logged and recorded (10, 20), before it may end the training (30)
    before_iteration = False
    file = "model.txt"
    resume = (
        "lightgbm.train(…, num_boost_round=report.n_left(rounds), init_model=report.resume_from, callbacks=[report])"
    )

    def rounds_in(self, path: str) -> int:
        return int(lightgbm.Booster(model_file=path).current_iteration())

    def __call__(self, env: CallbackEnv) -> None:
        """Called by LightGBM after each round."""
        is_of_folds = not isinstance(env.model, lightgbm.Booster)
        done = env.iteration + 1
        if env.iteration == env.begin_iteration and not is_of_folds:  # those of folds always begin anew
            self._check(env.begin_iteration)
        if self._is_due(done) or done == env.end_iteration:
            save = None if is_of_folds else lambda folder: env.model.save_model(folder / self.file)
            self._reports.after_saving(done, dict(_named(env.evaluation_result_list or [])), save)


def _named(results: Sequence[Any]) -> Iterator[tuple[str, float]]:
    """Data and metric, with the value; of cross-validation the mean and its deviation."""
    for data, metric, value, _, *deviation in results:
        if deviation and deviation[0] is not None:
            yield f"{data}-{metric}-mean", value
            yield f"{data}-{metric}-stdv", deviation[0]
        else:
            yield f"{data}-{metric}", value
