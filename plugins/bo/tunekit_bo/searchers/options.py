"""Options that several searchers have."""

from __future__ import annotations

from typing import Any

import attrs

from tunekit_core import option

CURVES_HELP = (
    "How learning curves are modelled. 'matern52': nothing is assumed but smoothness over configurations and the "
    "logarithm of the resource, so that low resources may say little of high ones. 'exp-decay-sum': curves decay, all "
    "in the same way, towards a Gaussian process over configurations."
)


def num_init_random(default: int) -> Any:
    """Declare the option ``num_init_random``, whose default differs between searchers."""
    return option(
        default,
        help="Number of first trials that are random, points to evaluate included; the same as those of random search "
        "with the same seed.",
        at_least=1,
    )


def num_fantasy_samples(default: int) -> Any:
    """Declare the option ``num_fantasy_samples``, whose default differs between searchers."""
    return option(
        default,
        help="Sampled outcomes of what is pending. With more, a proposal depends less on chance. With 0, the mean of "
        "the model stands for them.",
        at_least=0,
    )


def num_init_candidates(default: int) -> Any:
    """Declare the option ``num_init_candidates``, whose default differs between searchers."""
    return option(
        default, help="Random configurations that are scored for each proposal. More take more time.", at_least=10
    )


@attrs.frozen(kw_only=True)
class ModelOptions:
    """How a model-based search begins, and how large its model may be."""

    num_init_random: int = num_init_random(3)
    num_init_candidates: int = num_init_candidates(250)
    max_size_data_for_model: int = option(
        500,
        help="Most observations in the model. Time grows with the cube of it, memory with the square.",
        at_least=10,
    )


@attrs.frozen(kw_only=True)
class GaussianProcessOptions(ModelOptions):
    """Options of searchers with a Gaussian process of our own."""

    num_fantasy_samples: int = num_fantasy_samples(20)


@attrs.frozen(kw_only=True)
class LearningCurveOptions(GaussianProcessOptions):
    """Options of searchers that learn from trials at several resources: they begin with more random trials."""

    num_init_random: int = num_init_random(6)
