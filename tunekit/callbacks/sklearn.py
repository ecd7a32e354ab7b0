"""Reports of loops around ``partial_fit`` of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import joblib

from tunekit.callbacks import checkpoints
from tunekit.reporter import Reporter

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
    """

    def __init__(self, model: Any, n_epochs: int, checkpoint: bool = True) -> None:
        path = checkpoints.to_resume_from(FILE)
        self.model = model
        self._epoch = 0
        if path is not None:
            self.model, self._epoch = joblib.load(path)
        self._n_epochs = n_epochs
        self._checkpoint = checkpoint
        self._report = Reporter()

    def __iter__(self) -> Iterator[int]:
        """The epochs that are left, up to ``n_epochs``; the first of all is 1."""
        while self._epoch < self._n_epochs:
            self._epoch += 1
            yield self._epoch

    def report(self, **metrics: Any) -> None:
        """Publish a checkpoint of the model and report the metrics, for the epoch that the loop is in.

        Args:
            **metrics: The metrics, beside ``epoch``.
        """
        if self._checkpoint and checkpoints.are_kept():
            with self._report.checkpoint(self._epoch) as folder:
                joblib.dump((self.model, self._epoch), folder / FILE)
        self._report(metrics, epoch=self._epoch)
