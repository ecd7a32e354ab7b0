"""The model of the losses: when it is fitted, to which observations, and its posterior for a proposal."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from tunekit_bo.models.data import Standardisation, next_fit, room
from tunekit_bo.models.gp import GrowingFactor, Posterior
from tunekit_bo.models.hyperparameters import refitted
from tunekit_bo.surrogates.formulations import Formulation
from tunekit_bo.surrogates.observations import Observations
from tunekit_core import NO_NOTE, Note, Streams


def outcomes_of_pending(streams: Streams, trial_id: int, n_pending: int, n_fantasies: int) -> np.ndarray:
    """Whitened targets that stand for what is pending: standard normal draws, or the mean, which is 0.

    Args:
        streams: Random numbers.
        trial_id: The trial that is to be proposed: draws belong to it.
        n_pending: Number of pending inputs.
        n_fantasies: Number of draws for each; with 0 there is one outcome, the mean.

    Returns:
        n_pending x max(n_fantasies, 1) array.
    """
    if n_fantasies == 0:
        return np.zeros((n_pending, 1))
    return streams.generator("fantasies", trial_id).standard_normal((n_pending, n_fantasies))


@attrs.frozen(eq=False)
class Fit:
    """Hyperparameters, and the observations that they were fitted to.

    Attributes:
        count: Number of observations when the model was fitted.
        theta: The hyperparameters.
        kept: Positions of the observations that were kept; later ones all are.
        note: What a proposal that is made with a new fit must note, for `LossModel.restore` to find; otherwise empty.
    """

    count: int
    theta: np.ndarray
    kept: np.ndarray
    note: Note = NO_NOTE

    @property
    def is_new(self) -> bool:
        """Whether the hyperparameters were fitted for the proposal to come."""
        return bool(self.note)


class LossModel:
    """A Gaussian process of the observed losses.

    Its hyperparameters are fitted at counts of observations that depend on nothing else, from where the last fit ended.
    A fit travels in the note of the proposal that it served and is restored from there, so a replayed record needs no
    fitting. Everything else is computed anew for each proposal, from the observations in their order.

    Args:
        formulation: How observations become data.
        observations: What was observed, and what is pending.
        streams: Random numbers.
        max_size: Most observations in the model.
        n_fantasies: Sampled outcomes of what is pending; with 0 its mean stands for them.

    Attributes:
        last_fit: The fit that was restored last; ``None`` at first.
    """

    def __init__(
        self,
        formulation: Formulation,
        observations: Observations,
        streams: Streams,
        *,
        max_size: int,
        n_fantasies: int,
    ) -> None:
        self.last_fit: Fit | None = None
        self._formulation = formulation
        self._observations = observations
        self._streams = streams
        self._max_size = max_size
        self._n_fantasies = n_fantasies
        self._factor = GrowingFactor(formulation.prior)

    def restore(self, note: Note) -> None:
        """Take back the fit that a proposal needed, if its note holds one."""
        record = note.get("fit")
        if record is not None:
            self.last_fit = Fit(record["count"], np.array(record["theta"]), self._kept(record["count"]))

    def current_fit(self) -> Fit:
        """The last fit, or a new one if there are enough observations more."""
        last, count = self.last_fit, len(self._observations)
        if last is not None and count < next_fit(last.count, self._max_size):
            return last
        kept = self._kept(count)
        theta, record = refitted(self._formulation.prior, *self.data(kept), None if last is None else last.theta)
        return Fit(count, theta, kept, {"fit": {"count": count, **record}})

    @property
    def is_of_resources(self) -> bool:
        """Whether losses at several resources are modelled, not what trials end with, whatever their resource."""
        return len(self.context(None)) > 0

    def fit_at_hand(self) -> Fit:
        """The hyperparameters of the last fit, and what it would keep now; a new fit only if there was none before."""
        last, count = self.last_fit, len(self._observations)
        if last is None or count < next_fit(last.count, self._max_size):
            return self.current_fit()
        return Fit(count, last.theta, self._kept(count))

    def positions(self, fit: Fit, count: int | None = None) -> np.ndarray:
        """Positions of the observations in the model: those that the fit kept, then all that came later.

        Args:
            fit: Hyperparameters.
            count: Those of the first so many observations alone; ``None`` for all.
        """
        return np.append(fit.kept, np.arange(fit.count, len(self._observations) if count is None else count))

    def data(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of some observations."""
        observed = self._observations
        resources = [observed.resources[i] for i in positions]
        X = self.inputs([observed.trial_ids[i] for i in positions], resources)
        return X, self._formulation.targets(np.array([observed.losses[i] for i in positions]), np.array(resources))

    def inputs(self, trial_ids: Sequence[int], resources: Sequence[int | None]) -> np.ndarray:
        """The n x d inputs of n trials at n resources."""
        configurations = [self._observations.encoded[i] for i in trial_ids]
        return np.column_stack([configurations, self._formulation.encode_resources(resources)])

    def context(self, resource: int | None) -> np.ndarray:
        """What ends the inputs at a resource: 0 or 1 numbers."""
        return self._formulation.encode_resources([resource])[0]

    def posterior(self, fit: Fit, trial_id: int) -> Posterior:
        """The model given the observations at `positions`, and outcomes of what is pending.

        Args:
            fit: The hyperparameters.
            trial_id: The trial that is to be proposed: draws belong to it.
        """
        posterior = self.given(fit, *self.data(self.positions(fit)))
        pending = self._observations.pending
        if not pending:
            return posterior
        inputs = self.inputs(list(pending), list(pending.values()))
        return posterior.fantasize(inputs, outcomes_of_pending(self._streams, trial_id, len(inputs), self._n_fantasies))

    def given(self, fit: Fit, X: np.ndarray, y: np.ndarray) -> Posterior:
        """The model given n inputs and their targets, of which the fit kept the first.

        Raises:
            FitError: If the covariance has no Cholesky factor.
        """
        return Posterior.given(self._factor.of(fit.theta, X, n_at_once=len(fit.kept)), y)

    def as_of(self, fit: Fit, count: int) -> tuple[Posterior, Standardisation | None]:
        """The model given those of the first ``count`` observations that belong to a fit, without what is pending.

        Args:
            fit: Hyperparameters, fitted to no more than ``count`` observations.
            count: Number of observations.

        Returns:
            The posterior, and how losses at the last resource became its targets, if that can be said.

        Raises:
            FitError: If the covariance has no Cholesky factor.
        """
        observed, positions = self._observations, self.positions(fit, count)
        X, y = self.data(positions)
        losses, resources = (
            np.array([values[i] for i in positions]) for values in (observed.losses, observed.resources)
        )
        return self.given(fit, X, y), self._formulation.way_back(losses, resources)

    def _kept(self, count: int) -> np.ndarray:
        """Positions of the observations that a fit to the first ``count`` keeps."""
        size = room(count, self._max_size)
        if count <= size:
            return np.arange(count)
        generator = self._streams.generator("data", count)
        return self._formulation.select(self._observations, count, size, generator)
