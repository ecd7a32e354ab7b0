"""Bayesian optimisation with BoTorch, to compare with; torch is imported when the searcher is created."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from tunekit_bo.models.data import select_best_and_random, standardise
from tunekit_bo.searchers.model_based import ModelBasedSearcher
from tunekit_bo.searchers.options import ModelOptions, num_init_candidates
from tunekit_bo.surrogates.observations import LastReports
from tunekit_core import NO_NOTE, ConfigurationError, Note, Problem, Proposal, Streams, single_threaded

if TYPE_CHECKING:
    from botorch.acquisition import AcquisitionFunction
    from botorch.models import SingleTaskGP

N_RESTARTS = 3


@attrs.frozen(kw_only=True)
class BoTorchOptions(ModelOptions):
    """Options of Bayesian optimisation with BoTorch, whose candidates take longer to score."""

    num_init_candidates: int = num_init_candidates(100)


class BoTorch(ModelBasedSearcher):
    """BoTorch's ``SingleTaskGP`` and noisy expected improvement in log form, with pending trials.

    The model is fitted anew for each proposal. What ``optimize_acqf`` finds is rounded to a configuration;
    proposed is the best among it, its surroundings and random configurations. A trial is observed as by ``bo``.

    Raises:
        ConfigurationError: If BoTorch is not installed.

    References:
        Balandat et al., BoTorch: A Framework for Efficient Monte-Carlo Bayesian Optimization, NeurIPS 2020.
        Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023.
    """

    name: ClassVar[str] = "botorch"
    revision: ClassVar[int] = 2
    Options: ClassVar[type[Any]] = BoTorchOptions

    def __init__(self, problem: Problem, streams: Streams, options: BoTorchOptions) -> None:
        super().__init__(problem, streams, options, LastReports(problem.space))
        self._options = options
        try:
            import botorch  # noqa: F401
        except ImportError as error:
            raise ConfigurationError(
                f"The searcher 'botorch' needs BoTorch, which cannot be imported ({error}). "
                "Type: pip install botorch, or use the searcher 'bo'.",
                option="searcher",
                value="botorch",
            ) from error

    def propose(self, trial_id: int, resource: int | None) -> Proposal | None:
        observed = self.observations
        generator = self.streams.generator("candidates", trial_id)
        with _isolated_torch(int(generator.integers(2**31))):
            X, y = self._data()
            space = self.problem.space
            codes = list(space.code_columns)
            model, note = _fitted_model(X, y, codes)
            pending = np.array([observed.encoded[i] for i in observed.pending])
            acquisition = _acquisition(model, X, pending)
            # where inputs are equal or not there is no gradient: the surroundings of the best are searched
            optimum = (
                X[[np.argmin(y)]]
                if len(codes) == space.width
                else _optimise(acquisition, space.width, self._options.num_init_candidates)
            )
            likely, of_failures = self.failures.avoiding(TorchAcquisition(acquisition))
            configuration = self.untried.best(likely, optimum, generator)
        return None if configuration is None else Proposal(configuration, {**note, **of_failures})

    def _data(self) -> tuple[np.ndarray, np.ndarray]:
        """Encoded configurations and targets: of many observations the best quarter and a random choice of the rest."""
        observed, size = self.observations, self._options.max_size_data_for_model
        losses = np.array(observed.losses)
        kept = np.arange(len(losses))
        if len(losses) > size:
            kept = select_best_and_random(losses, size, self.streams.generator("data", len(losses)))
        X = np.array([observed.encoded[observed.trial_ids[i]] for i in kept])
        return X, standardise(losses[kept])


@attrs.frozen
class TorchAcquisition:
    """An acquisition function of BoTorch as a function of arrays."""

    function: AcquisitionFunction

    def __call__(self, X: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            return self.function(torch.from_numpy(X).unsqueeze(1)).numpy()

    def with_gradient(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch

        points = torch.tensor(X, requires_grad=True)
        values = self.function(points.unsqueeze(1))
        (gradients,) = torch.autograd.grad(values.sum(), points)
        return values.detach().numpy(), gradients.numpy()


@contextmanager
def _isolated_torch(seed: int) -> Iterator[None]:
    """One thread, random numbers from ``seed``, no warnings; all as before afterwards."""
    import torch

    with single_threaded(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # BoTorch and GPyTorch warn of each jitter and each restart; what fails in the end raises.
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        yield


def _fitted_model(X: np.ndarray, y: np.ndarray, codes: list[int]) -> tuple[SingleTaskGP, Note]:
    """The model of maximised targets, and a note if the fit failed and the hyperparameters are the defaults.

    Of the columns ``codes`` it knows only whether they are equal.
    """
    import torch
    from botorch.exceptions import ModelFittingError
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import MixedSingleTaskGP, SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    def new_model() -> SingleTaskGP:
        inputs, targets = torch.from_numpy(X), torch.from_numpy(-y)[:, None]
        if codes:
            return MixedSingleTaskGP(inputs, targets, cat_dims=codes, outcome_transform=None)
        return SingleTaskGP(inputs, targets, outcome_transform=None)

    model = new_model()
    try:
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    except ModelFittingError as error:
        return new_model().eval(), {"fit": {"failed": f"{error} The hyperparameters are the default ones."}}
    return model, NO_NOTE


def _acquisition(model: SingleTaskGP, X: np.ndarray, pending: np.ndarray) -> AcquisitionFunction:
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.sampling import SobolQMCNormalSampler

    return qLogNoisyExpectedImprovement(
        model,
        X_baseline=torch.from_numpy(X),
        X_pending=torch.from_numpy(pending) if len(pending) else None,
        sampler=SobolQMCNormalSampler(torch.Size([128]), seed=int(torch.randint(2**31, (1,)))),
        prune_baseline=True,
    )


def _optimise(acquisition: AcquisitionFunction, width: int, n_candidates: int) -> np.ndarray:
    """The best point of the encoded box that BoTorch finds, a 1 x d array."""
    import torch
    from botorch.optim import optimize_acqf

    box = torch.stack([torch.zeros(width, dtype=torch.double), torch.ones(width, dtype=torch.double)])
    point, _ = optimize_acqf(acquisition, box, q=1, num_restarts=N_RESTARTS, raw_samples=n_candidates)
    return point.numpy()
