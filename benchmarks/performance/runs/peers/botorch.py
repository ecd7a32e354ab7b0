"""The loop of BoTorch's tutorials."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.exceptions import ModelFittingError
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf, optimize_acqf_discrete
from gpytorch.mlls import ExactMarginalLogLikelihood
from torch.quasirandom import SobolEngine

from runs.peers.common import RowsLeft, last_loss
from tunekit_core import Problem, Proposal, Searcher, Status, Streams, Trial


class StockBoTorch(Searcher):
    """The loop of BoTorch's tutorials over encoded configurations, with its default model and acquisition.

    Ten Sobol points, then the maximum of noisy expected improvement in log form, given what is pending. It is rounded
    to a configuration, or found among the rows of a table. A trial without a finite loss at its end is left out.
    """

    name: ClassVar[str] = "StockBoTorch"
    N_INITIAL = 10
    N_RESTARTS, N_RAW_SAMPLES = 10, 256

    def __init__(self, problem: Problem, streams: Streams) -> None:
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
        x, loss = self._pending.pop(trial.id), last_loss(trial, outcome)
        if loss is not None:
            self._X.append(x)
            self._losses.append(loss)

    def _optimum(self, seed: int) -> np.ndarray:
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

        def new_model() -> SingleTaskGP:
            X, y = torch.from_numpy(np.array(self._X)), -torch.tensor(self._losses, dtype=torch.double)
            return SingleTaskGP(X, y[:, None], outcome_transform=Standardize(m=1))

        model = new_model()
        try:
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        except ModelFittingError:
            return new_model().eval()
        return model
