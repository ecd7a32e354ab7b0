"""Seeds as they are typed for a filter, one by one or in ranges."""

from __future__ import annotations

import re

from tunekit_core.errors import ConfigurationError

SEED = "seed"
# Of seeds: range(STOP), range(START,STOP) or range(START,STOP,STEP) as in a sweep, or FIRST-LAST.
SEEDS = re.compile(r"range\(\s*(-?\d+)\s*(?:,\s*(-?\d+)\s*)?(?:,\s*(-?[1-9]\d*)\s*)?\)|(\d+)-(\d+)")
SEED_PATTERN = re.compile(r"None|-?\d+|[-\d]*[*?\[][-\d*?\[\]!]*")  # a number, or signs for any
PARTS = re.compile(r"(?:[^,(]|\([^)]*\)?)+")


def read_seeds(value: str) -> tuple[str | range, ...]:
    """Read what is typed of seeds: numbers, patterns and ranges.

    Raises:
        ConfigurationError: If it is none of these.
    """
    parts = [part.strip() for part in PARTS.findall(value)]
    if not parts or value.count(",") != sum(part.count(",") for part in parts) + len(parts) - 1:
        raise ConfigurationError(
            f"seed={value} lacks a value. Type seed=3, seed=0,1, seed=0-4 or seed=range(5)", option=SEED, value=value
        )
    found: list[str | range] = []
    for part in parts:
        match = SEEDS.fullmatch(part)
        if match is None and ("(" in part or ")" in part):
            raise ConfigurationError(
                f"seed={value}: {part} is no range. Type seed=range(5), seed=range(5,10) or seed=5-9, which has both "
                "ends.",
                option=SEED,
                value=value,
            )
        if match is None and not SEED_PATTERN.fullmatch(part):
            raise ConfigurationError(
                f"seed={value}: {part} is no seed. Type seed=3, seed=0,1, seed=0-4, seed=range(5) or seed='1*'",
                option=SEED,
                value=value,
            )
        found.append(part if match is None else _range(match))
    return tuple(found)


def _range(match: re.Match[str]) -> range:
    start, stop, step, first, last = (None if each is None else int(each) for each in match.groups())
    if first is not None and last is not None:
        return range(first, last + 1)
    return range(start or 0) if stop is None else range(start or 0, stop, step or 1)
