"""The contract of a result composer: it adds columns to the rows of the result."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import ClassVar

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Report, Scalar, Trial
from tunekit_core.contracts.view import ExperimentView


class ResultComposer(abc.ABC):
    """Adds columns to the row of every report. Options: keyword-only parameters after ``(problem, *)``.

    Attributes:
        name: What a config calls it; unique among installed composers.
    """

    name: ClassVar[str]

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @abc.abstractmethod
    def __call__(self, view: ExperimentView, trial: Trial, report: Report) -> Mapping[str, Scalar]:
        """The columns for this report, after the decision on it. Called once per row, in order."""
