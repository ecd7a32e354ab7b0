"""The core of tunekit: contracts, plugin registry, search space, tuning loop and experiment records."""

from tunekit_core.threads import set_thread_variables

set_thread_variables()  # before numpy is imported, in every process

from tunekit_core.contracts.objective import Objective  # noqa: E402
from tunekit_core.contracts.problem import Problem  # noqa: E402
from tunekit_core.engine.tuner import Tuner, TuningResult  # noqa: E402
from tunekit_core.errors import ConfigurationError, TunekitError  # noqa: E402
from tunekit_core.plugins.registry import create  # noqa: E402
from tunekit_core.randomness import Streams  # noqa: E402
from tunekit_core.records.experiment import ExperimentRecord  # noqa: E402
from tunekit_core.records.load import load_experiment  # noqa: E402
from tunekit_core.space import SearchSpace  # noqa: E402

__all__ = [
    "ConfigurationError",
    "ExperimentRecord",
    "Objective",
    "Problem",
    "SearchSpace",
    "Streams",
    "TunekitError",
    "Tuner",
    "TuningResult",
    "create",
    "load_experiment",
]
