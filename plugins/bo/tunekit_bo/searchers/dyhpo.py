"""DyHPO: the next step goes to whatever may improve most at its next level."""

from __future__ import annotations

from typing import ClassVar, Literal

from tunekit_bo.searchers.choosing import ChoosingSearcher


class DyHpo(ChoosingSearcher):
    """Chooses between paused trials and new ones by what they may improve at the level that they run to next.

    Each is compared with the best at its own level. Of the new trials, one in eight is random. Unlike the paper, and as
    the reference software, the model is a Gaussian process over configurations and resources, not over features that a
    network learns from curves.

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
        Wistuba, Kadra, Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022.
    """

    name: ClassVar[str] = "dyhpo"
    resource_acq: ClassVar[Literal["first", "final"]] = "first"

    def _judged_at(self, target: int) -> int:
        return target

    def _effort(self, resource: int) -> float:
        return 1.0
