"""Model-based searchers for tunekit: Bayesian optimisation with Gaussian processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Searcher

API = 2


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Those with a Gaussian process of our own, and ``botorch``."""
    from tunekit_bo.searchers.bo import BayesianOptimisation
    from tunekit_bo.searchers.botorch import BoTorch
    from tunekit_bo.searchers.dyhpo import DyHpo
    from tunekit_bo.searchers.freeze_thaw import FreezeThawSearcher
    from tunekit_bo.searchers.hypertune import HyperTune
    from tunekit_bo.searchers.mobster import Mobster

    return [BayesianOptimisation, Mobster, HyperTune, DyHpo, FreezeThawSearcher, BoTorch]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options files of the searchers, and recipes with them."""
    return ["tunekit_bo.conf"]
