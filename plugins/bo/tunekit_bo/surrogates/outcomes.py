"""What is known of scripts that fail: which configurations have failed, and which have run."""

from __future__ import annotations

import numpy as np

from tunekit_core import Cause, SearchSpace, Status, Trial

FAILED, RAN = 1.0, -1.0
MOST_OF_A_KIND = 100
"""A model takes the latest failures and the latest trials that ran, so many of each."""


class Outcomes:
    """Of every trial that has paused or ended, whether its script has failed.

    A trial that was lost with what it ran on, or met a limit, says nothing of its configuration.

    Attributes:
        n_failed: How many scripts have failed.
        version: A number that grows with what is known.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.n_failed = 0
        self.version = 0
        self._space = space
        self._encoded: dict[int, np.ndarray] = {}
        self._labels: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._labels)

    def on_start(self, trial: Trial) -> None:
        """A trial was started."""
        self._encoded[trial.id] = self._space.encode([trial.configuration])[0]

    def on_pause(self, trial: Trial) -> None:
        """A trial has paused: its script has run."""
        self._observe(trial.id, RAN)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        """A trial has ended for good."""
        if outcome is not Status.FAILED:
            self._observe(trial.id, RAN)
        elif trial.failure_cause is Cause.SCRIPT:
            self.n_failed += 1
            self._observe(trial.id, FAILED)

    def latest(self) -> tuple[np.ndarray, np.ndarray]:
        """The data of a model: n x d encoded configurations and their n labels, in the order of the first outcome."""
        latest: set[int] = set()
        for label in (FAILED, RAN):
            latest.update([i for i, known in self._labels.items() if known == label][-MOST_OF_A_KIND:])
        kept = [i for i in self._labels if i in latest]
        return np.array([self._encoded[i] for i in kept]), np.array([self._labels[i] for i in kept])

    def _observe(self, trial_id: int, label: float) -> None:
        if self._labels.get(trial_id) != label:
            self._labels[trial_id] = label
            self.version += 1
