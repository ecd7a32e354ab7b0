"""From the overrides of a sweep to its configurations, composing once for each choice of groups.

Composing costs Hydra 60 ms and more; a value that is set on what was composed costs a thousandth of that.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from tunekit.config.composition.blocks import read_sweep
from tunekit.config.composition.combinations import SEED, chosen
from tunekit.config.composition.free_seeds import check_options_are_free, check_seeds_are_free, seeds_to_add
from tunekit.config.composition.overrides import Overrides
from tunekit.config.composition.sweep_options import SWEEPER, sweep_options
from tunekit_core.errors import ConfigurationError


def expand(loader: ConfigLoader, master: DictConfig, arguments: Sequence[str]) -> Iterator[DictConfig]:
    """The configurations of a sweep, in the order of its blocks; in a block the last key varies fastest.

    Where seeds are added until something is told apart, they are an axis of as many as it may take, the fastest.

    Args:
        loader: Hydra's, which knows where configs are.
        master: The config that Hydra composed for the sweep as a whole.
        arguments: Overrides from the command line.

    Raises:
        ConfigurationError: If an option of the sweeper does not fit the sweep, a sweep has no list of values, or
            nothing is left to run.
    """
    options, overrides = sweep_options(master.hydra), Overrides(loader)
    check_options_are_free(options)
    sweep = read_sweep(overrides, options, arguments)
    check_seeds_are_free(sweep, options)
    common = [*master.hydra.overrides.hydra, *(str(override.input_line) for override in sweep.common)]
    compose = _Composer(loader, master, common)
    is_empty = True
    for point in chosen(sweep.blocks, sweep.exclude, sweep.repeats):
        is_empty = False
        set_by_point = [choice.override for choice in point if choice.override is not None]
        config = compose(set_by_point)
        if options.until is None or not isinstance(config.seed, int):  # which is refused where all else is checked
            yield config
            continue
        for seed in seeds_to_add(config.seed, options.until):
            yield compose([*set_by_point, *overrides.read([f"{SEED}={seed}"])])
    if is_empty:
        names = [f"{SWEEPER}{name}" for name in ("exclude", "repeats") if getattr(options, name)]
        leave = "leaves" if len(names) == 1 else "leave"
        raise ConfigurationError(
            f"{' and '.join(names)} {leave} nothing to run: every combination of this sweep is left out. Type values "
            f"that are not, or another {names[0]}.",
            option=names[0],
        )


class _Composer:
    """Composes for each choice of groups once, and sets values on copies."""

    def __init__(self, loader: ConfigLoader, master: DictConfig, common: list[str]) -> None:
        self._loader = loader
        self._config_name = master.hydra.job.config_name
        self._params = master.hydra.sweeper.params
        self._common = common
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._is_group = functools.cache(lambda key: bool(loader.get_group_options(key)))  # Hydra takes 5 ms for it

    def __call__(self, overrides: list[Override]) -> DictConfig:
        groups = tuple(str(override.input_line) for override in overrides if self._chooses_group(override))
        if groups not in self._composed:
            self._composed[groups] = self._compose(groups)
        config = self._composed[groups].copy()
        for override in overrides:
            if not self._chooses_group(override):
                force = override.is_add() or override.is_force_add()
                OmegaConf.update(config, override.key_or_group, override.value(), merge=True, force_add=force)
        return config

    def _chooses_group(self, override: Override) -> bool:
        return not isinstance(override.value(), dict) and self._is_group(override.key_or_group)

    def _compose(self, groups: Sequence[str]) -> DictConfig:
        config = self._loader.load_configuration(self._config_name, [*self._common, *groups], RunMode.RUN)
        if config.hydra.sweeper.params != self._params:
            typed = " ".join(group.lstrip("+") for group in groups)
            raise ConfigurationError(
                f"{typed} holds a sweep of its own, whose values a sweep over several such files would lose. Run each "
                "by itself, as in experiment=NAME.",
                option=typed.partition("=")[0],
            )
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        OmegaConf.set_struct(config, True)
        return config
