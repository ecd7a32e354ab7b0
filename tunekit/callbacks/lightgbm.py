"""Reports of LightGBM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import lightgbm
from lightgbm.callback import CallbackEnv

from tunekit.callbacks import checkpoints
from tunekit.reporter import Reporter

__all__ = ["TunekitCallback"]
FILE = "model.txt"


class TunekitCallback:
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

    def __init__(self, every: int = 1, checkpoint: bool = True) -> None:
        self._every = every
        self._checkpoint = checkpoint
        self._report = Reporter()

    @property
    def resume_from(self) -> str | None:
        """Path of the model that the trial goes on from, for ``init_model``; None if it begins."""
        return checkpoints.to_resume_from(FILE)

    def n_left(self, n_rounds: int) -> int:
        """How many of ``n_rounds`` are left for a trial that goes on: LightGBM counts those that come.

        Args:
            n_rounds: How many the trial takes in all.
        """
        path = self.resume_from
        n_done = 0 if path is None else lightgbm.Booster(model_file=path).current_iteration()
        return max(n_rounds - n_done, 0)

    def __call__(self, env: CallbackEnv) -> None:
        """Called by LightGBM after each round."""
        done = env.iteration + 1
        if done % self._every and done < env.end_iteration:
            return
        if self._checkpoint and checkpoints.are_kept() and isinstance(env.model, lightgbm.Booster):
            with self._report.checkpoint(done) as folder:
                env.model.save_model(folder / FILE)
        self._report({**dict(_named(env.evaluation_result_list or [])), "round": done})


def _named(results: Sequence[Any]) -> Iterator[tuple[str, float]]:
    """Data and metric, with the value; of cross-validation the mean and its deviation."""
    for data, metric, value, _, *deviation in results:
        if deviation and deviation[0] is not None:
            yield f"{data}-{metric}-mean", value
            yield f"{data}-{metric}-stdv", deviation[0]
        else:
            yield f"{data}-{metric}", value
