"""Rounds of boosting: which are reported, and how many are left for a trial that goes on."""

from __future__ import annotations

from tunekit.callbacks.checkpoints import Reports, whole_number


class BoostingProgress:
    """What the callbacks of XGBoost and LightGBM have in common.

    Args:
        every: Rounds from one report to the next.
        checkpoint: Whether checkpoints are published.
        resume: What is to be typed where a trial goes on, for messages.

    Attributes:
        reports: Publishes and reports.

    Raises:
        ValueError: If ``every`` is no whole number from 1 on.
    """

    def __init__(self, every: int, checkpoint: bool, resume: str) -> None:
        self.reports = Reports("round", checkpoint)
        self._every = whole_number("every", every)
        self._resume = resume
        self._was_asked = False

    def n_left(self, n_rounds: int, n_done: int) -> int:
        """How many rounds are left of so many, of which some are done.

        Raises:
            ValueError: If there is no whole number of rounds.
        """
        self._was_asked = True
        return max(whole_number("n_rounds", n_rounds) - n_done, 0)

    def check(self, n_trained: int, n_done: int) -> None:
        """See that a training goes on from the checkpoint, if there is one.

        Args:
            n_trained: How many rounds the model has.
            n_done: How many the checkpoint has.

        Raises:
            ValueError: If it begins anew, or was not told how many rounds are left.
        """
        if n_trained < n_done:
            raise ValueError(
                f"The training begins anew, and the checkpoint of the trial has {n_done} rounds. Type {self._resume}."
            )
        if n_done and not self._was_asked:
            raise ValueError(
                f"The trial goes on after {n_done} rounds, and would train as many as if it began. Type {self._resume}."
            )

    def is_due(self, n_rounds: int) -> bool:
        """Whether a round is reported."""
        return n_rounds % self._every == 0
