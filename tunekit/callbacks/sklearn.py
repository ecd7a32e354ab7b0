"""Reports of loops around ``partial_fit`` of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib

from tunekit.callbacks.checkpoints import Reports, to_resume_from, whole_number

__all__ = ["PartialFit"]
FILE = "model.joblib"


class PartialFit:
    """Counts the epochs of a loop around ``partial_fit``, reports them, and publishes a checkpoint of each.

    >>> training = PartialFit(SGDClassifier(alpha=alpha), epochs)
    >>> for epoch in training:
    ...     training.model.partial_fit(x, y, classes=classes)
    ...     training.report(accuracy=training.model.score(x_valid, y_valid))

    A trial that goes on has the model of its checkpoint and the epochs that are left.

    Attributes:
        model: The model, or that of the checkpoint.

    Args:
        model: What is trained: an estimator, or anything else that can be pickled.
        n_epochs: How many epochs the trial takes in all.
        checkpoint: Whether checkpoints are published. Without them a trial that was paused starts over.

    Raises:
        ValueError: If ``n_epochs`` is no whole number from 1 on.
    """

    def __init__(self, model: Any, n_epochs: int, checkpoint: bool = True) -> None:
        self.model = model
        self._epoch = 0
        self._n_epochs = whole_number("n_epochs", n_epochs)
        self._reports = Reports("epoch", checkpoint)
        path = to_resume_from(FILE)
        if path is not None:
            self._take(*joblib.load(path))

    def __iter__(self) -> Iterator[int]:
        """The epochs that are left, up to ``n_epochs``; the first of all is 1."""
        while self._epoch < self._n_epochs:
            self._epoch += 1
            yield self._epoch

    def report(self, **metrics: Any) -> None:
        """Publish a checkpoint of the model and report the metrics, for the epoch that the loop is in.

        Args:
            **metrics: The metrics, beside ``epoch``.

        Raises:
            RuntimeError: If no epoch has begun.
        """
        if self._epoch == 0:
            raise RuntimeError("report() belongs into the loop, for epoch in training: …")
        self._reports.after_saving(self._epoch, metrics, self._save)

    def _save(self, folder: Path) -> None:
        joblib.dump((self.model, self._epoch), folder / FILE)

    def _take(self, saved: Any, epoch: int) -> None:
        """Go on with a model that was saved; the object that was given becomes it, since others may hold that."""
        self._epoch = epoch
        if type(saved) is type(self.model) and hasattr(saved, "__dict__"):
            vars(self.model).clear()
            vars(self.model).update(vars(saved))
        else:
            self.model = saved
