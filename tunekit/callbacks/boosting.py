"""Rounds of boosting: which are reported, and how many are left for a trial that goes on."""

from __future__ import annotations

import abc
from typing import ClassVar

from tunekit.callbacks.checkpoints import Reports, to_resume_from, whole_number


class CountsRounds(abc.ABC):
    """What the callbacks of XGBoost and LightGBM have in common: both libraries count the rounds that come.

    Attributes:
        file: Name of the model in a checkpoint.
        resume: What is to be typed where a trial goes on, for messages.

    Args:
        every: Rounds from one report to the next.
        checkpoint: Whether checkpoints are published.

    Raises:
        ValueError: If ``every`` is no whole number from 1 on.
    """

    file: ClassVar[str]
    resume: ClassVar[str]

    def __init__(self, every: int = 1, checkpoint: bool = True) -> None:
        self._reports = Reports("round", checkpoint)
        self._every = whole_number("every", every)
        self._was_asked = False

    @property
    def resume_from(self) -> str | None:
        """Path of the model that the trial goes on from; None if it begins."""
        return to_resume_from(self.file)

    @property
    def n_done(self) -> int:
        """How many rounds the model has that the trial goes on from; 0 if it begins."""
        return 0 if self.resume_from is None else self.rounds_in(self.resume_from)

    def n_left(self, n_rounds: int) -> int:
        """How many of ``n_rounds`` are left for a trial that goes on.

        Args:
            n_rounds: How many the trial takes in all.

        Raises:
            ValueError: If that is no whole number from 1 on.
        """
        self._was_asked = True
        return max(whole_number("n_rounds", n_rounds) - self.n_done, 0)

    @abc.abstractmethod
    def rounds_in(self, path: str) -> int:
        """How many rounds the model in a file has."""

    def _check(self, n_trained: int) -> None:
        """See that a training that begins with so many rounds goes on from the checkpoint, if there is one.

        Raises:
            ValueError: If it begins anew, or was not told how many rounds are left.
        """
        n_done = self.n_done
        if n_trained < n_done:
            raise ValueError(
                f"The training begins anew, and the checkpoint of the trial has {n_done} rounds. Type {self.resume}."
            )
        if n_done and not self._was_asked:
            raise ValueError(
                f"The trial goes on after {n_done} rounds, and would train as many as if it began. Type {self.resume}."
            )

    def _is_due(self, n_rounds: int) -> bool:
        """Whether a round is reported."""
        return n_rounds % self._every == 0
