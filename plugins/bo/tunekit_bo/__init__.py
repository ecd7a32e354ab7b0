"""Model-based searchers for tunekit: Bayesian optimisation with Gaussian processes."""

from tunekit_core.contracts.searchers import Searcher
from tunekit_core.plugins.hookspecs import hookimpl


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Those with a Gaussian process of our own, and ``botorch``."""
    from tunekit_bo.searchers.bo import BayesianOptimisation
    from tunekit_bo.searchers.botorch import BoTorch
    from tunekit_bo.searchers.dyhpo import DyHpo
    from tunekit_bo.searchers.freeze_thaw import FreezeThaw
    from tunekit_bo.searchers.hypertune import HyperTune
    from tunekit_bo.searchers.mobster import Mobster

    return [BayesianOptimisation, Mobster, HyperTune, DyHpo, FreezeThaw, BoTorch]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the searchers."""
    return ["tunekit_bo.conf"]
