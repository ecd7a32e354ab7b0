"""What a sweep cannot be: groups that do not fit, more runs than anybody means, runs that are others each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunekit.config.composition.combinations import MOST_RUNS, SEED, Block, Choice
from tunekit.config.composition.sweep_options import SWEEPER, SweepOptions, refusal
from tunekit.config.composition.until import OPTION as UNTIL
from tunekit.console import print_stderr
from tunekit_core.errors import ConfigurationError, suggestion

MANY_RUNS = 5_000  # take ten seconds and more before the first is run


def check_groups(
    groups: Sequence[Sequence[str]],
    given: Mapping[str, Sequence[Choice]],
    also: Sequence[Mapping[str, Sequence[Choice]]],
) -> None:
    """See that what varies together is there, once, and that a further block gives all of it or nothing.

    Args:
        groups: Keys that vary together.
        given: By key the values that hold for all blocks.
        also: The same of further blocks.

    Raises:
        ConfigurationError: If it is not so.
    """
    grouped: set[str] = set()
    swept = [key for key, choices in given.items() if len(choices) > 1]
    for name in (name for group in groups for name in group):
        if name in grouped:
            raise refusal("zip", name, f"'{name}' is there twice. Name each key once")
        if name not in given:
            swept_are = f"Swept are: {', '.join(swept) or 'none'}"
            raise refusal("zip", name, f"'{name}' is not swept. {suggestion(name, given)}{swept_are}")
        grouped.add(name)
    for group in groups:
        for block in also:
            lacking = [name for name in group if name not in block]
            if 0 < len(lacking) < len(group):
                there = ", ".join(name for name in group if name in block)
                raise refusal(
                    "also",
                    there,
                    f"a block gives {there} and not {', '.join(lacking)}, which vary together ({SWEEPER}zip). "
                    "Give it all of them or none",
                )


def check_number(blocks: Sequence[Block], options: SweepOptions) -> None:
    """See that a slip in a range is told of before all that it asks for is composed, and say where that takes long.

    Raises:
        ConfigurationError: If there are more than :data:`~tunekit.config.composition.combinations.MOST_RUNS`.
    """
    n_seeds = 1 if options.until is None else options.until.cap
    n = n_seeds * sum(block.n_combinations for block in blocks)
    if MANY_RUNS < n <= MOST_RUNS:
        print_stderr(f"This sweep has {n} combinations, which takes a while to read.")
    if n <= MOST_RUNS:
        return
    axes = [axis for block in blocks for axis in block.axes if len(axis.points) > 1]
    numbers = [f"{' with '.join(choice.key for choice in axis.points[0])} {len(axis.points)}" for axis in axes]
    if options.until is not None:
        numbers.append(f"{UNTIL}.cap {n_seeds}")
    raise ConfigurationError(
        f"The sweep has {n} combinations, and the most are {MOST_RUNS}. Numbers of values: {', '.join(numbers)}. Type "
        "fewer, or several sweeps."
    )


def check_order(blocks: Sequence[Block], options: SweepOptions, groups: Sequence[Sequence[str]]) -> None:
    """See that which runs there are goes by no order of values that is another whenever the command is typed.

    Raises:
        ConfigurationError: If it does.
    """
    shuffled = {choice.key for block in blocks for choice in block.choices if choice.is_shuffled}
    meant = {
        "skip_initial_experiments": shuffled if options.skip else set(),
        "repeats": shuffled & {SEED} if options.repeats else set(),
        "zip": shuffled & {name for group in groups for name in group},
    }
    for name, keys in meant.items():
        if keys:
            key = min(keys)
            why = f"shuffle() gives {key} another order whenever the command is typed, so that the sweep would have"
            raise refusal(name, key, f"{why} other runs each time. Type its values without shuffle()")
