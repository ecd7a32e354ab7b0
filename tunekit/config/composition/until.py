"""``hydra.sweeper.until``: seeds are added until two setups are told apart, by a rule that is fixed beforehand."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit.config.free_names import decoded_names
from tunekit.config.hydra_values import as_text
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.number_text import format_number

OPTION = "hydra.sweeper.until"
KEYS = ("compare", "on", "at", "error", "cap", "looks")
EXAMPLE = f"Type for example '{OPTION}={{compare: [MOBSTER, ASHA]}}'"
ERROR, CAP = 0.05, 40
MOST_SEEDS = 200
PER_CENT, SECONDS = "%", "s"
AT = re.compile(rf"(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?P<unit>[{PER_CENT}{SECONDS}]?)", re.IGNORECASE)


@attrs.frozen
class When:
    """At what time of the runs setups are compared.

    Attributes:
        number: Per cent of the time limit, or seconds.
        unit: ``"%"`` or ``"s"``.
    """

    number: float
    unit: str

    @property
    def is_end(self) -> bool:
        """Whether it is the end of the runs."""
        return self == END

    @property
    def is_possible(self) -> bool:
        """Whether runs have such a time: after their beginning, and no later than their end where it is a part."""
        if self.unit == PER_CENT:
            return 0 < self.number <= 100
        return self.unit == SECONDS and 0 < self.number < math.inf

    def seconds(self, budget: float) -> float:
        """The time in runs of so many seconds."""
        return self.number / 100 * budget if self.unit == PER_CENT else self.number

    def __str__(self) -> str:
        return f"{format_number(self.number, 6)} {self.unit}"


END = When(100.0, PER_CENT)


@attrs.frozen
class Until:
    """What is typed.

    Attributes:
        pairs: By benchmark the two setups that are compared there; under ``None`` those of all of :attr:`on`.
        on: Labels of benchmarks; empty for the one that there is.
        at: When in the runs.
        error: Chance that any of the pairs is told apart that is equal.
        cap: Seeds at the most.
        looks: Numbers of seeds at which it is looked, the last is the cap; ``None`` takes the usual ones.
    """

    pairs: Mapping[str | None, tuple[str, str]]
    on: tuple[str, ...]
    at: When
    error: float
    cap: int
    looks: tuple[int, ...] | None


def read_until(given: Any) -> Until | None:
    """Read the option; ``None`` where it is not given.

    Raises:
        ConfigurationError: If it lacks what is compared, has an unknown key, or a value of another form.
    """
    if given is None:
        return None
    from omegaconf import OmegaConf  # a report, which reads what was fixed, does without

    if OmegaConf.is_config(given):
        given = decoded_names(OmegaConf.to_container(given, resolve=True))
    if not isinstance(given, Mapping):
        raise _refusal("", given, f" must be a mapping with what is to be told apart. {EXAMPLE}")
    for key in given:
        if key not in KEYS:
            close = suggestion(str(key), KEYS)
            raise _refusal(str(key), given[key], f": there is no such key. {close}There are: {', '.join(KEYS)}")
    pairs = _pairs(given.get("compare"))
    on = given.get("on")
    benchmarks = () if on is None else tuple(on) if isinstance(on, list) else (on,)
    if not all(isinstance(name, str) and name for name in benchmarks) or on == []:
        raise _refusal("on", on, " must name benchmarks as a report does, such as [fcnet-robot_arm, fcnet-diabetes]")
    if benchmarks and None not in pairs:
        raise _refusal("on", on, f": {OPTION}.compare names benchmarks already. Leave this one out")
    error = given.get("error", ERROR)
    if isinstance(error, bool) or not isinstance(error, int | float) or not 0 < error < 1:
        raise _refusal("error", error, f" must be a number between 0 and 1, such as {ERROR:g}")
    cap, looks = _cap_and_looks(given.get("cap"), given.get("looks"))
    return Until(pairs, tuple(dict.fromkeys(benchmarks)), _when(given.get("at", str(END))), float(error), cap, looks)


def _pairs(given: Any) -> dict[str | None, tuple[str, str]]:
    if isinstance(given, Mapping) and given and all(isinstance(key, str) for key in given):
        return {str(benchmark): _pair(f"compare.{benchmark}", pair) for benchmark, pair in given.items()}
    return {None: _pair("compare", given)}


def _pair(key: str, given: Any) -> tuple[str, str]:
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2:
        first, second = given
        if isinstance(first, str) and isinstance(second, str) and first != second:
            return first, second
    raise _refusal(key, given, f" must name two setups, as a report does. {EXAMPLE}")


def _when(given: Any) -> When:
    match = None if isinstance(given, bool) else AT.fullmatch(str(given).strip())
    at = None if match is None else When(float(match["number"]), match["unit"].lower() or SECONDS)
    if at is None or not at.is_possible:
        what = f" must be per cent of the time limit, up to {END}, or seconds, such as '50 %' or 600"
        raise _refusal("at", given, what)
    return at


def _cap_and_looks(cap: Any, looks: Any) -> tuple[int, tuple[int, ...] | None]:
    if looks is not None:
        if not isinstance(looks, list) or not looks or not all(map(_is_number_of_seeds, looks)):
            raise _refusal("looks", looks, f" must be numbers of seeds up to {MOST_SEEDS}, such as [8, 12, 20]")
        if sorted(set(looks)) != looks:
            raise _refusal("looks", looks, " must increase from look to look")
        if cap is not None and cap != looks[-1]:
            raise _refusal("looks", looks, f": the last must be the cap, which is {cap}. Leave cap out, or add it here")
        return looks[-1], tuple(looks)
    if cap is None:
        return CAP, None
    if not _is_number_of_seeds(cap):
        raise _refusal("cap", cap, f" must be a number of seeds up to {MOST_SEEDS}, such as {CAP}")
    return cap, None


def _is_number_of_seeds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SEEDS


def _refusal(key: str, value: Any, text: str) -> ConfigurationError:
    option = f"{OPTION}.{key}" if key else OPTION
    return ConfigurationError(f"{option}={as_text(value)}{text}.", option=option, value=value)
