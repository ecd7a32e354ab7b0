"""The contract of a stopping criterion: it ends the experiment."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from tunekit_core.contracts.options import NO_OPTIONS, NoOptions
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.view import ExperimentView


class StoppingCriterion(abc.ABC):
    """Ends an experiment. Ending one trial is a scheduler's decision.

    A config may give a criterion with one option that option's value alone: ``stopping.max_wallclock_time=600``.

    Attributes:
        name: What a config calls it.
        Options: The frozen attrs class that declares its options, each by :func:`~tunekit_core.option`.
        revision: Raised with a change of its numbers or of a default: the hash of a run holds it.
        is_certain: Whether it ends every experiment, whatever becomes of its trials, as a limit on time or on started
            trials does. One that may never hold, as the count of complete trials while all fail, does not replace the
            time limit that an experiment has unless told otherwise.
        is_failure: Whether an experiment that it ends has failed.
        waits_for_running: Whether trials that run then come to their end; otherwise they are stopped, unless the
            experiment waits for them.
        uses_cost: Whether it needs to know what trials cost: a backend that cannot tell is refused.
        uses_regret_bound: Whether it needs to know how much is still to gain: a searcher that is no
            :class:`~tunekit_core.BoundsRegret` is refused.
    """

    name: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions
    revision: ClassVar[int] = 1
    is_certain: ClassVar[bool] = False
    is_failure: ClassVar[bool] = False
    waits_for_running: ClassVar[bool] = False
    uses_cost: ClassVar[bool] = False
    uses_regret_bound: ClassVar[bool] = False

    def __init__(self, problem: Problem, options: Any = NO_OPTIONS) -> None:
        self.problem = problem

    @abc.abstractmethod
    def __call__(self, view: ExperimentView) -> str | None:
        """The reason to end now, or ``None``. Asked after every event and before every start.

        Constant time, but for one that asks for ``view.regret_bound()``.
        """

    def deadline(self) -> float | None:
        """Seconds after which the experiment ends even if nothing happens, or ``None``. Asked once.

        The criterion is asked then, and has a reason.
        """
        return None
