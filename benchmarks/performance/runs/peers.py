"""Competitors as searchers, so that they run in the same loop, simulator and process as ours.

Unlike the searchers of tunekit, ``suggest`` changes what they hold: they are timed and compared, never folded.
What they propose begins with their own initial design, and may repeat a configuration where the space is finite.
"""

from __future__ import annotations

import abc
import math
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tunekit_core import Configuration, ConfigurationTable, Domain, Problem, Proposal, Searcher, Status, Streams, Trial

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler


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


class Optuna(Searcher):
    """A sampler of Optuna by ask and tell, in an otherwise default study.

    Optuna is told what a trial reported last; one that ended without a finite loss is told as failed, which is what
    Optuna itself makes of NaN. Where only the rows of a table may be proposed, the nearest row that is left takes the
    place of each proposal, and Optuna is told of the row: the proposal is withdrawn, the row enqueued and asked for.

    Numbers keep their range and scale, unordered categories stay categories, and ordered lists of values become
    integers by index, since the lists of our tasks are evenly spaced on their own scale.
    """

    def __init__(self, problem: Problem, streams: Streams) -> None:
        import optuna

        super().__init__(problem, streams)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant_liar is experimental
            sampler = self.build_sampler(int(self.streams.generator("sampler").integers(2**31)))
        self._study = optuna.create_study(sampler=sampler)
        self._failed = optuna.trial.TrialState.FAIL
        self._distributions = {name: _distribution(problem.space.domains[name]) for name in problem.space.searched}
        self._asked: dict[int, Any] = {}
        self._rows = None if problem.rows is None else RowsLeft(problem.rows)

    @abc.abstractmethod
    def build_sampler(self, seed: int) -> BaseSampler:
        """The sampler of Optuna."""

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        if self._rows is not None and not self._rows:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked = self._study.ask(self._distributions)
            configuration = self._configuration(asked.params)
            if self._rows is not None:
                self._study.tell(asked, state=self._failed)
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
        loss = _last_loss(trial, outcome)
        asked = self._asked.pop(trial.id)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if loss is None:
                self._study.tell(asked, state=self._failed)
            else:
                self._study.tell(asked, loss)

    def _configuration(self, parameters: dict[str, Any]) -> Configuration:
        domains = self.problem.space.domains
        values = {
            name: domains[name].values()[value] if _by_index(domains[name]) else value
            for name, value in parameters.items()
        }
        return self.problem.space.complete(values)

    def _parameters(self, configuration: Configuration) -> dict[str, Any]:
        domains = self.problem.space.domains
        return {
            name: domains[name].index_of(configuration[name]) if _by_index(domains[name]) else configuration[name]
            for name in self.problem.space.searched
        }


class OptunaGP(Optuna):
    """Optuna's Gaussian process."""

    name: ClassVar[str] = "OptunaGP"

    def build_sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import GPSampler

        return GPSampler(seed=seed, deterministic_objective=False)


class OptunaTPE(Optuna):
    """Optuna's tree-structured Parzen estimator, told that trials run in parallel."""

    name: ClassVar[str] = "OptunaTPE"

    def build_sampler(self, seed: int) -> BaseSampler:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, constant_liar=True)


class StockBoTorch(Searcher):
    """The loop of BoTorch's tutorials over encoded configurations, with its default model and acquisition.

    Ten Sobol points, then the maximum of noisy expected improvement in log form, given what is pending. It is rounded
    to a configuration, or found among the rows of a table. A trial without a finite loss at its end is left out.
    """

    name: ClassVar[str] = "StockBoTorch"
    N_INITIAL = 10
    N_RESTARTS, N_RAW_SAMPLES = 10, 256

    def __init__(self, problem: Problem, streams: Streams) -> None:
        from torch.quasirandom import SobolEngine

        super().__init__(problem, streams)
        seed = int(self.streams.generator("sobol").integers(2**31))
        self._sobol = SobolEngine(problem.space.width, scramble=True, seed=seed)
        self._pending: dict[int, np.ndarray] = {}
        self._X: list[np.ndarray] = []
        self._losses: list[float] = []
        self._rows = None if problem.rows is None else RowsLeft(problem.rows)

    def suggest(self, trial_id: int, *, resource: int | None) -> Proposal | None:
        """A Sobol point, or what the model proposes once it has data."""
        if self._rows is not None and not self._rows:
            return None
        if trial_id < self.N_INITIAL or not self._losses:
            x = self._sobol.draw(1).double().numpy()[0]
        else:
            x = self._optimum(int(self.streams.generator("torch", trial_id).integers(2**31)))
        if self._rows is not None:
            return Proposal(self._rows.take_nearest(x))
        return Proposal(self.problem.space.decode(x[None])[0])

    def on_start(self, trial: Trial) -> None:
        self._pending[trial.id] = self.problem.space.encode([trial.configuration])[0]

    def on_end(self, trial: Trial, outcome: Status) -> None:
        x, loss = self._pending.pop(trial.id), _last_loss(trial, outcome)
        if loss is not None:
            self._X.append(x)
            self._losses.append(loss)

    def _optimum(self, seed: int) -> np.ndarray:
        import torch
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.optim import optimize_acqf, optimize_acqf_discrete

        torch.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X = torch.from_numpy(np.array(self._X))
            pending = torch.from_numpy(np.array(list(self._pending.values()))) if self._pending else None
            acquisition = qLogNoisyExpectedImprovement(self._fitted_model(), X_baseline=X, X_pending=pending)
            if self._rows is not None:
                optimum, _ = optimize_acqf_discrete(acquisition, q=1, choices=torch.tensor(self._rows.encoded))
            else:
                box = torch.tensor([[0.0], [1.0]], dtype=torch.double).expand(2, self.problem.space.width)
                optimum, _ = optimize_acqf(
                    acquisition, box, q=1, num_restarts=self.N_RESTARTS, raw_samples=self.N_RAW_SAMPLES
                )
        return optimum.numpy()[0]

    def _fitted_model(self) -> SingleTaskGP:
        """The model of minus the loss; with its default hyperparameters where the fit fails."""
        import torch
        from botorch.exceptions import ModelFittingError
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from gpytorch.mlls import ExactMarginalLogLikelihood

        def new_model() -> SingleTaskGP:
            X, y = torch.from_numpy(np.array(self._X)), -torch.tensor(self._losses, dtype=torch.double)
            return SingleTaskGP(X, y[:, None], outcome_transform=Standardize(m=1))

        model = new_model()
        try:
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        except ModelFittingError:
            return new_model().eval()
        return model


PEERS: dict[str, type[Searcher]] = {peer.name: peer for peer in (OptunaGP, OptunaTPE, StockBoTorch)}


def _last_loss(trial: Trial, outcome: Status) -> float | None:
    """What a trial ended with, ``None`` if it failed or that is not finite."""
    report = trial.last_report
    if outcome is Status.FAILED or report is None or not math.isfinite(report.losses[0]):
        return None
    return report.losses[0]


def _distribution(domain: Domain) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if domain.name == "choice":
        return CategoricalDistribution(domain.values())
    if _by_index(domain):
        return IntDistribution(0, len(domain.values()) - 1)
    if domain.name == "reverseloguniform":
        raise ValueError(f"{domain} has no counterpart in Optuna. Use a task without such a hyperparameter.")
    bounds = domain.arguments()
    kind = FloatDistribution if domain.size is None else IntDistribution
    return kind(bounds["lower"], bounds["upper"], log=domain.name.startswith("log"))


def _by_index(domain: Domain) -> bool:
    """Whether Optuna sees the values of a domain by their index: ordered lists."""
    return domain.name in ("ordinal", "finrange", "logfinrange")
