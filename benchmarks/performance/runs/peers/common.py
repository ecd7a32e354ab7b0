"""What competitors have in common: rows of a table that are left, ordered lists, and what a trial ended with."""

from __future__ import annotations

import math

import numpy as np

from tunekit_core import Configuration, ConfigurationTable, Domain, Status, Trial


class RowsLeft:
    """The rows of a table that no trial has had."""

    def __init__(self, rows: ConfigurationTable) -> None:
        self._rows = rows
        self._left = np.ones(len(rows), dtype=bool)

    @property
    def encoded(self) -> np.ndarray:
        """The rows that are left, encoded: an n x d array."""
        return self._rows.encoded[self._left]

    def take_nearest(self, x: np.ndarray) -> Configuration:
        """Take the row that is nearest to an encoded configuration."""
        left = np.flatnonzero(self._left)
        row = int(left[np.argmin(((self._rows.encoded[left] - x) ** 2).sum(axis=1))])
        self._left[row] = False
        return self._rows[row]

    def __bool__(self) -> bool:
        """Whether any is left."""
        return bool(self._left.any())


def last_loss(trial: Trial, outcome: Status) -> float | None:
    """What a trial ended with, ``None`` if it failed or that is not finite."""
    report = trial.last_report
    if outcome is Status.FAILED or report is None or not math.isfinite(report.losses[0]):
        return None
    return report.losses[0]


def is_list(domain: Domain) -> bool:
    """Whether a domain is an ordered list of values.

    Peers see such values by their index, since the lists of our tasks are evenly spaced on their own scale.
    """
    return domain.name in ("ordinal", "finrange", "logfinrange")


def bounds_of(domain: Domain) -> tuple[float, float, bool]:
    """The bounds of a range, and whether its scale is logarithmic.

    Raises:
        ValueError: If its scale is another one, which peers lack.
    """
    if domain.name == "reverseloguniform":
        raise ValueError(f"{domain} has no counterpart in other libraries. Use a task without such a hyperparameter.")
    bounds = domain.arguments()
    return bounds["lower"], bounds["upper"], domain.name.startswith("log")
