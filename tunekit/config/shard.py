"""A shard: the part of a sweep that one of several processes runs, the same wherever the command is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit_core.errors import ConfigurationError

OPTION = "hydra.sweeper.shard"
WRITTEN = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@attrs.frozen
class Shard:
    """One part of so many.

    Attributes:
        number: Which one, from 1 on.
        of: How many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def own(self, specs: Sequence[RunSpec]) -> list[RunSpec]:
        """The runs of this part, in their order."""
        numbers = divide(specs, self.of)
        return [spec for spec in specs if numbers[spec.folder] == self.number]


def parse_shard(text: str) -> Shard:
    """Read ``hydra.sweeper.shard``.

    Raises:
        ConfigurationError: If it is no part.
    """
    match = WRITTEN.fullmatch(text)
    shard = None if match is None else Shard(int(match[1]), int(match[2]))
    if shard is None or not 1 <= shard.number <= shard.of:
        last = "" if shard is None or shard.of < 1 else f", and {shard.of}/{shard.of} the last of {shard.of}"
        raise ConfigurationError(
            f"{OPTION}={text} is no part of a sweep. {OPTION}=2/8 is the second of eight, 1/8 the first{last}.",
            option=OPTION,
            value=text,
        )
    return shard


def divide(specs: Sequence[RunSpec], n: int) -> dict[Path, int]:
    """Deal the runs of a sweep out to so many parts.

    It depends on nothing but which runs there are. Those of each method, and of these those of each problem, are shared
    out evenly, since they take about as long as one another: the numbers of two parts differ by one at most.

    Args:
        specs: The runs.
        n: How many parts, at least 1.

    Returns:
        The number of the part of each run, from 1 on, by its folder.
    """
    alike = sorted(specs, key=lambda spec: (spec.method_name, spec.problem_name, spec.setting, spec.seed, spec.folder))
    return {spec.folder: position % n + 1 for position, spec in enumerate(alike)}
