"""Which trial is best where reports are noisy: the one with the lowest mean of the model, not the luckiest.

The minimum of many noisy losses is as much the luck of one report as the merit of its trial. The posterior mean of the
noiseless function takes that out, as far as the model is right. Where it is not, it takes for noise what it cannot
follow, such as the fine structure of a function, and pulls the mean of a good trial up to those of its neighbours. So
compared are only trials whose own loss is within one standard deviation of the noise of the best one. On noisy bowls
that gains as much as to compare all; on exact functions with structure that no model follows it loses a quarter of
what that loses. Of a metric that the model can follow exactly the noise is tiny: the best report is the answer.

References:
    Frazier, A Tutorial on Bayesian Optimization, 2018: what to report in the end, by posterior mean or by observation.
"""

from __future__ import annotations

import numpy as np

from tunekit_bo.models.fitting import FitError
from tunekit_bo.surrogates.loss_model import LossModel
from tunekit_bo.surrogates.observations import Observations
from tunekit_core import Problem, Report, Status

NOISE_STDS = 1.0
"""So far from the best loss that of a trial may be that is compared."""

EQUAL = 1e-9
"""Means so near each other, in standard deviations of the targets, differ by rounding alone."""

MOST_COMPARED = 50
"""By their own losses the best so many are compared, and are in the model for that whatever its data are otherwise."""


class Eligibility:
    """Which observations may be recommended: those of trials that have not failed, where the constraint is met.

    Args:
        problem: What is solved.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._failed: set[int] = set()
        self._infeasible: set[tuple[int, int]] = set()

    def on_report(self, report: Report | None) -> None:
        """A trial has made this report, or pauses or ends with it."""
        if report is None:
            return
        place = report.trial_id, report.resource
        if self._problem.is_feasible(report.metrics):
            self._infeasible.discard(place)  # of a run that began anew
        else:
            self._infeasible.add(place)

    def on_end(self, trial_id: int, outcome: Status) -> None:
        """A trial has ended."""
        if outcome is Status.FAILED:
            self._failed.add(trial_id)

    def candidates(self, observed: Observations, *, at_last_resource: bool) -> tuple[np.ndarray, list[int]]:
        """Positions of the observations that may be recommended, by their losses, the best first.

        Args:
            observed: What was observed.
            at_last_resource: Whether only those count that were made at the highest resource that a trial which has not
                failed was observed at.

        Returns:
            The positions, and the trial with the lowest loss of all in a list: empty if it was observed there.
        """
        trial_ids, resources = np.array(observed.trial_ids, dtype=int), np.array(observed.resources)
        losses = np.array(observed.losses)
        here = ~np.isin(trial_ids, list(self._failed))
        places = zip(trial_ids.tolist(), resources.tolist(), strict=True)
        may = here & np.isfinite(losses)
        may &= np.array([place not in self._infeasible for place in places], dtype=bool)
        if at_last_resource and here.any():
            here &= resources == resources[here].max()
        order = np.argsort(losses, kind="stable")
        best = trial_ids[order[may[order]][:1]]
        return order[(may & here)[order]], best[~np.isin(best, trial_ids[here])].tolist()


def recommended_trial(model: LossModel, observed: Observations, eligibility: Eligibility) -> int | None:
    """The trial with the lowest mean of those whose own loss is nearly the best, at the highest resource observed.

    The mean is that of the noiseless function given all observations, without what is pending. Hyperparameters are
    those of the last fit; only without one they are fitted. Of equal means the trial with the lower id counts.

    The trial with the best report is compared too, by what it is expected to come to, if it was not observed there:
    where few trials have come so far, the best of them may be a bad one.

    Args:
        model: Model of the losses.
        observed: Its observations.
        eligibility: Which of them may be recommended.

    Returns:
        Its id; ``None`` if there is none, or the model cannot be computed.
    """
    candidates, elsewhere = eligibility.candidates(observed, at_last_resource=model.is_of_resources)
    candidates = candidates[:MOST_COMPARED]
    if not len(candidates):
        return None
    try:
        fit = model.fit_at_hand()
        modelled = model.positions(fit)
        positions = np.append(modelled, candidates[~np.isin(candidates, modelled)])
        X, y = model.data(positions)
        posterior = model.given(fit, X, y)
    except FitError:
        return None
    order = np.argsort(positions)
    rows = order[np.searchsorted(positions, candidates, sorter=order)]
    losses = np.array([observed.losses[i] for i in candidates])
    near = _near_the_best(y[rows], losses, noise_std=np.exp(fit.theta[-1] / 2))
    trial_ids = [*(observed.trial_ids[i] for i in candidates[near]), *elsewhere]
    means = posterior.mean(model.inputs(trial_ids, [observed.resources[candidates[0]]] * len(trial_ids)))[:, 0]
    return min(trial_id for trial_id, mean in zip(trial_ids, means, strict=True) if mean <= means.min() + EQUAL)


def _near_the_best(y: np.ndarray, losses: np.ndarray, *, noise_std: float) -> np.ndarray:
    """Which of n trials luck may have made look worse than the best one.

    Of losses far above the others, targets are equal whatever they are: where the last resource is much harder than
    those before, that may be so of all that came there. Of such trials the one with the lowest loss is left.

    Args:
        y: Their targets, in the order of the losses.
        losses: Their losses, lowest first.
        noise_std: Standard deviation of the noise of the targets.
    """
    return (y <= y[0] + NOISE_STDS * noise_std) & (losses == losses[y.searchsorted(y)])
