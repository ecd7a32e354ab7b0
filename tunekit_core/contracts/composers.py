"""The contract of a result composer: it adds columns to the rows of the result."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Report, Scalar, Trial
from tunekit_core.contracts.view import ExperimentView


class ResultComposer(abc.ABC):
    """Adds columns to the row of every report.

    Attributes:
        name: What a config calls it.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1

    def __init__(self, problem: Problem, options: Any = NO_OPTIONS) -> None:
        self.problem = problem

    @abc.abstractmethod
    def __call__(self, view: ExperimentView, trial: Trial, report: Report) -> Mapping[str, Scalar]:
        """The columns for this report, after the decision on it. Called once per row, in order.

        The names are new: those of metrics, of the columns that every row has and of other composers are refused.
        """
