"""Model-based searchers for tunekit: Bayesian optimisation with Gaussian processes."""

from tunekit_core.hookspecs import hookimpl
from tunekit_core.searchers import Searcher


@hookimpl
def tunekit_register_searchers() -> list[type[Searcher]]:
    """Those with a Gaussian process of our own, and ``botorch``."""
    from tunekit_bo._bo import BayesianOptimisation
    from tunekit_bo._botorch import BoTorch
    from tunekit_bo._dyhpo import DyHpo
    from tunekit_bo._freeze_thaw import FreezeThaw
    from tunekit_bo._hypertune import HyperTune
    from tunekit_bo._mobster import Mobster

    return [BayesianOptimisation, Mobster, HyperTune, DyHpo, FreezeThaw, BoTorch]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the searchers."""
    return ["tunekit_bo.conf"]
