"""Whether the parts of an experiment go together."""

from __future__ import annotations

from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.engine.gate.culprits import described
from tunekit_core.errors import ConfigurationError, PluginError
from tunekit_core.plugins.attributes import wrong_attribute


def check_parts(scheduler: Scheduler, backend: Backend) -> None:
    """Refuse components that do not go together.

    Raises:
        ConfigurationError: If the scheduler needs what the backend cannot do, or the problem has more metrics than
            scheduler or searcher use.
        PluginError: If one has an attribute of another form than its contract says.
    """
    for kind, component in (("scheduler", scheduler), ("searcher", scheduler.searcher), ("backend", backend)):
        wrong = wrong_attribute(kind, component)
        if wrong:
            raise PluginError(f"The {described(component)} {wrong}.")
    lacking = scheduler.needs - backend.capabilities
    if lacking:
        raise ConfigurationError(
            f"The scheduler '{scheduler.name}' needs a backend that can {' and '.join(sorted(lacking))}; "
            f"'{backend.name}' cannot. Use a backend that can, or a scheduler that does without: "
            "`python -m tunekit plugins scheduler` lists what is installed.",
            option="backend",
            value=backend.name,
        )
    metrics = scheduler.problem.objective.metric
    for kind, component in (("scheduler", scheduler), ("searcher", scheduler.searcher)):
        if len(metrics) > 1 and component.objectives == "one":
            raise ConfigurationError(
                f"{kind}={component.name} uses one metric, and the problem has {len(metrics)}: {', '.join(metrics)}. "
                f"Name one metric, or use a {kind} that takes several, such as "
                f"{kind}={'fifo' if kind == 'scheduler' else 'random'}.",
                option=kind,
                value=component.name,
            )
