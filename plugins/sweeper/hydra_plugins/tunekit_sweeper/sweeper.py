"""The sweeper of tunekit, where Hydra looks for it: hands every configuration of a sweep to the task function."""

# No postponed annotations here: Hydra 1.3 runs this module without an entry in sys.modules, where @dataclass would
# look up annotations that are text.
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class TunekitSweeperConf:
    """Options below ``hydra.sweeper``. They have no types here: the application checks them, and says it better.

    Attributes:
        params: Overrides of a study; the command line replaces them one by one.
        zip: Lists of swept keys whose values vary together, such as ``[[seed,n_workers]]``.
        also: Further combinations, such as ``[{method: BO, n_workers: [1,2]}]``: the sweep again with these values.
        exclude: Combinations that are left out, such as ``[{method: BO, n_workers: 8}]``; a list means any of these.
        repeats: How many of the seeds there are of what has a value, such as ``{method: {BO: 5}}``.
        skip_initial_experiments: Leave out this many runs at the beginning of the list.
        only: Run only what has one of these statuses, of ``failed``, ``interrupted``, ``missing``.
        n_jobs: Runs at the same time; ``null`` takes as many as there are cores, and one where trials run in real time
            (backend=local). 1 runs them in this process.
        plan: List what would run, and end.
        shard: Run one part of the runs, such as ``2/8`` for the second of eight; ``null`` runs all.
        until: Setups that are to be told apart, such as ``{compare: [MOBSTER, ASHA], cap: 40}``: then seeds are added
            until they are.
    """

    _target_: str = "hydra_plugins.tunekit_sweeper.sweeper.TunekitSweeper"
    params: Any = None
    zip: Any = None
    also: Any = None
    exclude: Any = None
    repeats: Any = None
    skip_initial_experiments: Any = 0
    only: Any = None
    n_jobs: Any = None
    plan: Any = False
    shard: Any = None
    until: Any = None


ConfigStore.instance().store(group="hydra/sweeper", name="tunekit", node=TunekitSweeperConf, provider="tunekit-sweeper")


class TunekitSweeper(Sweeper):
    """Composes the configurations of a sweep and calls the task function with each; what runs them is not here."""

    def __init__(
        self,
        params: Any,
        zip: Any,
        also: Any,
        exclude: Any,
        repeats: Any,
        skip_initial_experiments: Any,
        only: Any,
        n_jobs: Any,
        plan: Any,
        shard: Any,
        until: Any,
    ) -> None:
        """Take what Hydra gives for each option; they are read from the configuration."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives, and make ``hydra.sweeper`` known to the application."""
        self.config = config
        self.hydra_context = hydra_context
        self._task_function = task_function
        HydraConfig.instance().set_config(config)

    def sweep(self, arguments: list[str]) -> None:
        from tunekit.config.composition.expansion import expand

        assert self.hydra_context is not None
        assert self.config is not None
        for config in expand(self.hydra_context.config_loader, self.config, arguments):
            self._task_function(config)
