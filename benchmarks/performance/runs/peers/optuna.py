"""Samplers of Optuna, and one of them with its pruner."""

from __future__ import annotations

import abc
import math
import warnings
from typing import Any, ClassVar

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, GPSampler, TPESampler
from optuna.trial import TrialState

from runs.peers.common import RowsLeft, bounds_of, is_list, last_loss
from tunekit_core import (
    Configuration,
    Decision,
    Domain,
    Problem,
    Proposal,
    Report,
    Scheduler,
    Searcher,
    Start,
    Status,
    Streams,
    Trial,
)


class Optuna(Searcher):
    """A sampler of Optuna by ask and tell, in an otherwise default study.

    Optuna is told what a trial reported last; one that ended without a finite loss is told as failed, which is what
    Optuna itself makes of NaN, and one that was stopped as pruned. Where only the rows of a table may be proposed, the
    nearest row that is left takes the place of each proposal, and Optuna is told of the row: the proposal is withdrawn,
    the row enqueued and asked for.

    Numbers keep their range and scale, unordered categories stay categories, and ordered lists of values become
    integers by index.
    """

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant_liar is experimental
            sampler = self.build_sampler(int(self.streams.generator("sampler").integers(2**31)))
        self._study = optuna.create_study(sampler=sampler, pruner=self.build_pruner())
        self._distributions = {name: _distribution(problem.space.domains[name]) for name in problem.space.searched}
        self._asked: dict[int, optuna.Trial] = {}
        self._rows = None if problem.rows is None else RowsLeft(problem.rows)

    @abc.abstractmethod
    def build_sampler(self, seed: int) -> BaseSampler:
        """The sampler of Optuna."""

    def build_pruner(self) -> BasePruner:
        """The pruner of Optuna: none unless overridden."""
        return NopPruner()

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        if self._rows is not None and not self._rows:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked = self._study.ask(self._distributions)
            configuration = self._configuration(asked.params)
            if self._rows is not None:
                self._study.tell(asked, state=TrialState.FAIL)
                configuration = self._rows.take_nearest(self.problem.space.encode([configuration])[0])
                return Proposal(configuration)
        self._asked[trial_id] = asked
        return Proposal(configuration)

    def on_start(self, trial: Trial) -> None:
        """Ask for what was started, where that is not what Optuna proposed."""
        if trial.id not in self._asked:
            self._study.enqueue_trial(self._parameters(trial.configuration))
            self._asked[trial.id] = self._study.ask(self._distributions)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        loss = last_loss(trial, outcome)
        asked = self._asked.pop(trial.id)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if outcome is Status.STOPPED:
                self._study.tell(asked, state=TrialState.PRUNED)
            elif loss is None:
                self._study.tell(asked, state=TrialState.FAIL)
            else:
                self._study.tell(asked, loss)

    def _configuration(self, parameters: dict[str, Any]) -> Configuration:
        domains = self.problem.space.domains
        values = {
            name: domains[name].values()[value] if is_list(domains[name]) else value
            for name, value in parameters.items()
        }
        return self.problem.space.complete(values)

    def _parameters(self, configuration: Configuration) -> dict[str, Any]:
        domains = self.problem.space.domains
        return {
            name: domains[name].index_of(configuration[name]) if is_list(domains[name]) else configuration[name]
            for name in self.problem.space.searched
        }


class OptunaGP(Optuna):
    """Optuna's Gaussian process."""

    name: ClassVar[str] = "OptunaGP"

    def build_sampler(self, seed: int) -> BaseSampler:
        return GPSampler(seed=seed, deterministic_objective=False)


class OptunaTPE(Optuna):
    """Optuna's tree-structured Parzen estimator, told that trials run in parallel."""

    name: ClassVar[str] = "OptunaTPE"

    def build_sampler(self, seed: int) -> BaseSampler:
        return TPESampler(seed=seed, constant_liar=True)


class PrunedTPE(OptunaTPE):
    """The same estimator in a study with the pruner of successive halving.

    By default the pruner waits for the first trial to complete before it takes a hundredth of its reports, at least
    one, for the least resource. That is one for trials of fewer than 200 reports, and it is given from the start.
    """

    name: ClassVar[str] = "PrunedTPE"
    MIN_RESOURCE, REDUCTION_FACTOR = 1, 4

    def build_pruner(self) -> BasePruner:
        return SuccessiveHalvingPruner(min_resource=self.MIN_RESOURCE, reduction_factor=self.REDUCTION_FACTOR)

    def on_report(self, trial: Trial, report: Report) -> None:
        loss = report.losses[0]
        self._asked[trial.id].report(loss if math.isfinite(loss) else math.nan, report.resource)

    def is_pruned(self, trial_id: int) -> bool:
        """Whether Optuna stops a trial that has just reported."""
        return self._asked[trial_id].should_prune()


class OptunaSH(Scheduler):
    """Optuna's estimator and its successive halving: a trial is stopped at a rung unless it is in the best quarter."""

    name: ClassVar[str] = "OptunaSH"
    searcher: PrunedTPE

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams, PrunedTPE(problem, streams))

    def suggest(self, trial_id: int) -> Start | None:
        proposal = self.searcher.suggest(trial_id, resource=None)
        return None if proposal is None else Start(proposal.configuration)

    def on_start(self, trial: Trial) -> None:
        self.searcher.on_start(trial)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        self.searcher.on_report(trial, report)
        if report.resource == self.problem.max_resource or not self.searcher.is_pruned(trial.id):
            return Decision.CONTINUE
        return Decision.STOP

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.searcher.on_end(trial, outcome)


def _distribution(domain: Domain) -> BaseDistribution:
    if domain.name == "choice":
        return CategoricalDistribution(domain.values())
    if is_list(domain):
        return IntDistribution(0, len(domain.values()) - 1)
    lower, upper, is_log = bounds_of(domain)
    kind = FloatDistribution if domain.size is None else IntDistribution
    return kind(lower, upper, log=is_log)
