"""With ``hydra.sweeper.until`` nothing else says which seeds are run."""

from __future__ import annotations

from tunekit.config.composition.blocks import Sweep
from tunekit.config.composition.combinations import SEED
from tunekit.config.composition.sweep_options import SWEEPER, SweepOptions
from tunekit.config.composition.until import OPTION, Until
from tunekit.config.schema import NUMBER_OF_SEEDS
from tunekit_core.errors import ConfigurationError


def check_options_are_free(options: SweepOptions) -> None:
    """See that no other option of the sweeper chooses seeds or runs, where seeds are added.

    Raises:
        ConfigurationError: If one does.
    """
    if options.until is None:
        return
    if any(SEED in group for group in options.zip):
        raise _refusal("zip", "as many seeds as it takes are added, so that seed cannot vary with others. Take it out")
    named = {"skip_initial_experiments": options.skip, "repeats": options.repeats, "only": options.only}
    for name, given in named.items():
        if given:
            raise _refusal(name, "all setups get equal seeds, and all of their runs are looked at. Leave it out")


def check_seeds_are_free(sweep: Sweep, options: SweepOptions) -> None:
    """See that no axis is of seeds, where seeds are added.

    Raises:
        ConfigurationError: If one is.
    """
    if options.until is None:
        return
    for axis in (axis for block in sweep.blocks for axis in block.axes):
        seeds = [choice for point in axis.points for choice in point if choice.key == SEED]
        if len(seeds) > 1:
            raise ConfigurationError(
                f"{OPTION} adds as many seeds as it takes, so that seed cannot have several values. Leave it out, or "
                f"type the first: seed={seeds[0].value}",
                option=SEED,
            )


def seeds_to_add(first: int, until: Until) -> range:
    """The seeds that may be added, as many as the cap.

    Args:
        first: The seed that is typed; one that none can be is refused where all else is checked.
        until: What they are added for.

    Raises:
        ConfigurationError: If there are not so many from the first on.
    """
    last = NUMBER_OF_SEEDS - 1
    if first <= last < first + until.cap - 1:
        raise ConfigurationError(
            f"{SEED}={first}: {OPTION} adds seeds from there on, {until.cap} at the most, and the largest seed is "
            f"{last}. Type {SEED}={last - until.cap + 1} or less.",
            option=SEED,
            value=first,
        )
    return range(first, first + until.cap)


def _refusal(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"{SWEEPER}{name}: with {OPTION} {why}.", option=f"{SWEEPER}{name}")
