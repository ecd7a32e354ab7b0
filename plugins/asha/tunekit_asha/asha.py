"""What both variants of ASHA share: the levels, the brackets, and how trials start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tunekit_asha.brackets import Brackets
from tunekit_asha.levels import choose_levels, max_resource_of
from tunekit_asha.options import AshaOptions
from tunekit_asha.rung_system import RungSystem
from tunekit_core import Problem, Scalar, Scheduler, Searcher, Standing, Start, Status, Streams, Trial


class Asha(Scheduler):
    """Asynchronous successive halving: trials are compared at rung levels, by the first metric.

    At each level a share of the trials goes on, the ratio of that level to the next.

    Attributes:
        rung_system: The rungs and the trials on their way between them.
        brackets: Chooses the bracket of each trial.

    Raises:
        ConfigurationError: If the problem has no ``max_resource``, or an option does not fit it.

    References:
        Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020.
    """

    Options: ClassVar[type[Any]] = AshaOptions
    stream_family: ClassVar[str] = "asha"  # of all variants: with equal seeds a trial is in the same bracket

    def __init__(self, problem: Problem, streams: Streams, searcher: Searcher, options: AshaOptions) -> None:
        super().__init__(problem, streams, searcher, options)
        levels = choose_levels(max_resource_of(problem, self.name), options.min_resource, options)
        n_brackets = len(levels) if options.brackets == "all" else options.brackets
        self.brackets = Brackets(levels, n_brackets, self.streams, searcher)
        self.rung_system = RungSystem(
            levels,
            searcher,
            shows_all=options.searcher_data == "all",
            n_brackets=n_brackets,
            rungs_per_bracket=options.rung_system_per_bracket,
            ties=options.ties,
        )

    def new_trial(self, trial_id: int, *, pauses: bool) -> Start | None:
        """What the searcher proposes, in a bracket that is chosen for it.

        Args:
            trial_id: The id that the trial would get.
            pauses: Whether it runs to the first rung of its bracket only.
        """
        bracket = self.brackets.choose(trial_id)
        first_level = self.rung_system.levels[bracket]
        proposal = self.searcher.suggest(trial_id, resource=first_level)
        if proposal is None:
            return None
        note = self.brackets.with_bracket(proposal.note, bracket)
        return Start(proposal.configuration, until=first_level if pauses else None, note=note)

    def on_start(self, trial: Trial) -> None:
        self.rung_system.start(trial, self.brackets.of(trial))

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.rung_system.end(trial, outcome)

    def standing(self, trial_id: int) -> Standing | None:
        return self.rung_system.standing(trial_id)

    def columns(self) -> Mapping[str, Scalar]:
        return self.rung_system.columns()
