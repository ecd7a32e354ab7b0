"""The sweeper of tunekit, where Hydra looks for it: hands every configuration of a sweep to the task function."""

# No postponed annotations here: Hydra 1.3 runs this module without an entry in sys.modules, where @dataclass would
# look up annotations that are text.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class TunekitSweeperConf:
    """Options below ``hydra.sweeper``.

    Attributes:
        params: Overrides of a study; the command line replaces them one by one.
        zip: Lists of swept keys whose values vary together, such as ``[[seed,n_workers]]``.
        skip_initial_experiments: Leave out this many runs at the beginning of the list.
        n_jobs: Runs at the same time; ``null`` takes as many as there are cores, 1 runs them in this process.
        plan: List what would run, and end.
        until: Setups that are to be told apart, such as ``{compare: [MOBSTER, ASHA], cap: 40}``: then seeds are added
            until they are.
    """

    _target_: str = "hydra_plugins.tunekit_sweeper.sweeper.TunekitSweeper"
    params: dict[str, Any] = field(default_factory=dict)
    zip: list[Any] = field(default_factory=list)
    skip_initial_experiments: int = 0
    n_jobs: int | None = None
    plan: bool = False
    until: Any = None


ConfigStore.instance().store(group="hydra/sweeper", name="tunekit", node=TunekitSweeperConf, provider="tunekit-sweeper")


class TunekitSweeper(Sweeper):
    """Composes the configurations of a sweep and calls the task function with each; what runs them is not here."""

    def __init__(
        self,
        params: DictConfig,
        zip: list[Any],
        skip_initial_experiments: int,
        n_jobs: int | None,
        plan: bool,
        until: Any,
    ) -> None:
        self._params = {str(key): value for key, value in params.items()}
        self._zip = zip
        self._skip = skip_initial_experiments
        self._until = until

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives, and make ``hydra.sweeper`` known to the application."""
        self.config = config
        self.hydra_context = hydra_context
        self._task_function = task_function
        HydraConfig.instance().set_config(config)

    def sweep(self, arguments: list[str]) -> None:
        from tunekit.config.composition.expansion import expand
        from tunekit.config.composition.until import read_until

        assert self.hydra_context is not None
        assert self.config is not None
        for config in expand(
            self.hydra_context.config_loader,
            self.config,
            params=self._params,
            arguments=arguments,
            zip=self._zip,
            skip=self._skip,
            until=read_until(self._until),
        ):
            self._task_function(config)
