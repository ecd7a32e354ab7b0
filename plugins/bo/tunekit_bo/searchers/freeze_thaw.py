"""Freeze-thaw search: the next epochs go to whatever may end best for what it still costs."""

from __future__ import annotations

from typing import ClassVar, Literal

from tunekit_bo.searchers.choosing import ChoosingSearcher
from tunekit_core.contracts.trials import Trial


class FreezeThaw(ChoosingSearcher):
    """Chooses between paused trials and new ones by what they may improve at ``max_resource``.

    A trial is worth the expected improvement of its complete run, divided by the resource that is left of it. Losses
    from below teach the model, and never decide: where the first epochs mislead, the model finds that they say little,
    and the search becomes one among complete trials. What runs is pending at ``max_resource``. Of the new trials, one
    in eight is random.

    Unlike the papers, it is a Gaussian process over configurations and the logarithm of the resource, and the whole
    rest of a run is paid for, not the next step alone.

    Args:
        problem: What is solved; its ``max_resource`` must be known.
        streams: Random numbers.
        resource_kernel: How learning curves are modelled, see ``mobster``.
        num_init_random: Number of first trials that are random (or points to evaluate).
        num_init_candidates: Random configurations that are scored for each choice. More cost time.
        max_size_data_for_model: Most observations in the model. Time grows with the cube, memory with the square.
        num_fantasy_samples: Sampled outcomes of what is pending. More make the choice depend less on chance.

    Raises:
        ConfigurationError: If an option is out of range, or the problem has no ``max_resource``.

    References:
        Swersky, Snoek, Adams, Freeze-Thaw Bayesian Optimization, 2014.
    """

    name: ClassVar[str] = "freeze_thaw"
    resource_acq: ClassVar[Literal["first", "final"]] = "final"

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """The trial is pending at ``max_resource``, wherever it pauses next."""
        super().on_target(trial, self._max_resource)

    def _judged_at(self, target: int) -> int:
        return self._max_resource

    def _effort(self, resource: int) -> float:
        return self._max_resource - resource
