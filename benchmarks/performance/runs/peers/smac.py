"""SMAC (Lindauer et al., 2022): its facade for expensive functions, and the one for several fidelities."""

from __future__ import annotations

import logging
import math
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeAlias

from ConfigSpace import Categorical, Configuration as SmacConfiguration, ConfigurationSpace, Float, Integer
from ConfigSpace.hyperparameters import Hyperparameter
from smac import BlackBoxFacade, MultiFidelityFacade, Scenario
from smac.main.config_selector import ConfigSelector
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.runhistory import StatusType, TrialInfo, TrialValue

from runs.peers.common import RowsLeft, bounds_of, is_list, last_loss
from tunekit_core import (
    Configuration,
    Decision,
    Domain,
    Problem,
    Proposal,
    Report,
    Resume,
    Scheduler,
    Searcher,
    SearchSpace,
    Start,
    Status,
    Streams,
    Trial,
)

Facade: TypeAlias = "type[BlackBoxFacade] | type[MultiFidelityFacade]"

N_TRIALS = 40
"""How many trials SMAC is told that it has: a quarter of them, at most, is its initial design, and nothing else depends
on it. Budgets of tasks are those of 40 complete trials where all trials take equally long."""


class AskedSmac(Searcher):
    """A facade of SMAC by ask and tell, at its defaults, which is told whatever ends as it ends.

    The target is deterministic. A trial that failed or whose loss is not finite is told as crashed; SMAC has no default
    for what such a trial costs, so its model is fitted to the others. Where only the rows of a table may be proposed,
    the nearest row that is left takes the place of each configuration that SMAC selects, before anything is made of it.

    A note says up to where a trial should run (``until``, ``None`` for its end) and which trial it is that should go on
    (``resumes``, ``None`` for a new one).

    Args:
        problem: What is solved.
        streams: Their seed is that of SMAC.
        facade: The facade.

    Raises:
        ValueError: If a hyperparameter has no counterpart in SMAC.
    """

    name: ClassVar[str] = "AskedSmac"

    def __init__(self, problem: Problem, streams: Streams, facade: Facade) -> None:
        super().__init__(problem, streams)
        logging.getLogger("smac").setLevel(logging.ERROR)
        self._asked: dict[int, TrialInfo] = {}
        self._ids: dict[SmacConfiguration, int] = {}  # of trials, by configurations of SMAC
        self._failed: set[int] = set()
        self._translation = Translation(problem.space)
        has_budgets = facade is MultiFidelityFacade
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of SciPy, about numbers of Sobol points
            scenario = Scenario(
                self._translation.space,
                deterministic=True,
                n_trials=N_TRIALS,
                seed=streams.seed,
                output_directory=folder,  # written to while the facade is built, and never again
                min_budget=1 if has_budgets else None,
                max_budget=problem.max_resource if has_budgets else None,
            )
            encoder = facade.get_runhistory_encoder(scenario)
            self._facade = facade(
                scenario,
                None,
                config_selector=self._selector(facade, scenario),
                runhistory_encoder=type(encoder)(scenario, considered_states=[StatusType.SUCCESS]),
                logging_level=False,
                overwrite=True,
            )

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """What SMAC asks for, unless it has failed before: then SMAC is told so, and asked again."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            while True:
                try:
                    info = self._facade.ask()
                except (StopIteration, ConfigurationSpaceExhaustedException):
                    return None
                resumes = self._ids.get(info.config)
                if resumes not in self._failed:
                    break
                self._tell(info, None)
        if resumes is None:
            self._ids[info.config] = trial_id
        self._asked[trial_id if resumes is None else resumes] = info
        note = {"until": self._resource(info.budget), "resumes": resumes}
        return Proposal(self._translation.to_ours(info.config), note=note)

    def on_pause(self, trial: Trial) -> None:
        self._tell(self._asked.pop(trial.id), last_loss(trial, trial.status))

    def on_end(self, trial: Trial, outcome: Status) -> None:
        if outcome is Status.FAILED:
            self._failed.add(trial.id)
        self._tell(self._asked.pop(trial.id), last_loss(trial, outcome))

    def _tell(self, info: TrialInfo, loss: float | None) -> None:
        failed = TrialValue(cost=math.inf, status=StatusType.CRASHED)
        value = failed if loss is None else TrialValue(cost=loss)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._facade.tell(info, value, save=False)

    def _resource(self, budget: float | None) -> int | None:
        """The nearest whole resource: budgets are the last resource divided by powers of 3."""
        resource = None if budget is None else round(budget)
        return None if resource == self.problem.max_resource else resource

    def _selector(self, facade: Facade, scenario: Scenario) -> ConfigSelector:
        selector = facade.get_config_selector(scenario)
        if self.problem.rows is None:
            return selector
        options = {name: value for name, value in selector.meta.items() if name != "name"}
        return RowSelector(scenario, self._translation, RowsLeft(self.problem.rows), options)


class RowSelector(ConfigSelector):
    """SMAC's choice of configurations, each replaced by the nearest row that is left.

    Args:
        scenario: That of SMAC.
        translation: Between its configurations and ours.
        rows: The rows that are left.
        options: Those of :class:`~smac.main.config_selector.ConfigSelector`.
    """

    def __init__(
        self, scenario: Scenario, translation: Translation, rows: RowsLeft, options: Mapping[str, Any]
    ) -> None:
        super().__init__(scenario, **options)
        self._translation = translation
        self._rows = rows

    def __iter__(self) -> Iterator[SmacConfiguration]:
        for selected in super().__iter__():
            if not self._rows:
                return
            x = self._translation.ours.encode([self._translation.to_ours(selected)])[0]
            yield self._translation.to_smac(self._rows.take_nearest(x))


class SmacScheduler(Scheduler):
    """Starts and resumes what SMAC asks for: a configuration at a higher budget is the same trial going on.

    Args:
        problem: What is solved.
        streams: Random numbers.
        facade: The facade of SMAC.
    """

    needs = frozenset({"pause"})

    def __init__(self, problem: Problem, streams: Streams, facade: Facade) -> None:
        super().__init__(problem, streams, AskedSmac(problem, streams, facade))

    def suggest(self, trial_id: int) -> Start | Resume | None:
        proposal = self.searcher.suggest(trial_id, resource=None)
        if proposal is None:
            return None
        until, resumes = proposal.note["until"], proposal.note["resumes"]
        return Start(proposal.configuration, until) if resumes is None else Resume(resumes, until)

    def on_start(self, trial: Trial) -> None:
        self.searcher.on_start(trial)

    def on_report(self, trial: Trial, report: Report) -> Decision:
        return Decision.PAUSE if report.resource == trial.until else Decision.CONTINUE

    def on_pause(self, trial: Trial) -> None:
        self.searcher.on_pause(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.searcher.on_end(trial, outcome)


class SMAC(SmacScheduler):
    """The facade for expensive functions: a Gaussian process, and every trial runs to its end."""

    name: ClassVar[str] = "SMAC"

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams, BlackBoxFacade)


class SMACMF(SmacScheduler):
    """The facade for several fidelities: a random forest proposes what Hyperband starts and promotes."""

    name: ClassVar[str] = "SMACMF"

    def __init__(self, problem: Problem, streams: Streams) -> None:
        super().__init__(problem, streams, MultiFidelityFacade)


class Translation:
    """Between our configurations and those of SMAC.

    Numbers keep their range and scale, unordered categories become categories by index, ordered lists integers by
    index.

    Attributes:
        ours: Our space.
        space: That of SMAC: our hyperparameters, without constants.
    """

    def __init__(self, ours: SearchSpace) -> None:
        self.ours = ours
        self.space = ConfigurationSpace()
        self._translated: dict[SmacConfiguration, Configuration] = {}
        for name in ours.searched:
            self.space.add(_hyperparameter(name, ours.domains[name]))

    def to_ours(self, config: SmacConfiguration) -> Configuration:
        """A configuration of SMAC as ours; one that was ours comes back as it was, since SMAC rounds some numbers."""
        if config in self._translated:
            return self._translated[config]
        domains = self.ours.domains
        return self.ours.complete({name: _our_value(config[name], domains[name]) for name in self.ours.searched})

    def to_smac(self, configuration: Configuration) -> SmacConfiguration:
        """Our configuration as one of SMAC."""
        domains = self.ours.domains
        values = {
            name: domains[name].index_of(configuration[name]) if _is_by_index(domains[name]) else configuration[name]
            for name in self.ours.searched
        }
        config = SmacConfiguration(self.space, values=values)
        self._translated[config] = configuration
        return config


def _is_by_index(domain: Domain) -> bool:
    return domain.name == "choice" or is_list(domain)


def _hyperparameter(name: str, domain: Domain) -> Hyperparameter:
    if domain.name == "choice":
        return Categorical(name, list(range(len(domain.values()))))
    if is_list(domain):
        return Integer(name, (0, len(domain.values()) - 1))
    lower, upper, is_log = bounds_of(domain)
    return (Float if domain.size is None else Integer)(name, (lower, upper), log=is_log)


def _our_value(value: Any, domain: Domain) -> Any:
    if _is_by_index(domain):
        return domain.values()[int(value)]
    lower, upper, _ = bounds_of(domain)
    inside = min(max(value, lower), upper)  # SMAC rounds to so many digits, bounds included
    return float(inside) if domain.size is None else int(inside)
