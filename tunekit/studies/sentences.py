"""A plain sentence for each comparison of two setups."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunekit.console import plural
from tunekit.studies.pairs import ERROR, Pair, PanelPairs
from tunekit.studies.panels import Panel
from tunekit_core.number_text import format_fixed, format_number

DIGITS = 2


def sentence(pair: Pair, panel: Panel, error: float = ERROR) -> str:
    """What came of comparing two setups.

    >>> from tunekit.studies.statistics.intervals import Interval
    >>> panel = Panel("fcnet-robot_arm", "loss", "min", 3600.0, [])
    >>> found = Pair("MOBSTER", "ASHA", 20, Interval(12.0, 7.0, 16.0), 12.0, "%", 0.001, 0.003, True, 600.0, None)
    >>> sentence(found, panel)
    'MOBSTER is better than ASHA from 600 s on; at the end 12 % lower loss [7, 16] (20 seeds, p = 0.003)'
    """
    seeds = plural(pair.n_seeds, "seed")
    by = _by_how_much(pair, panel)
    if pair.is_better:
        since = "" if pair.since is None else f" from {format_fixed(pair.since, 0)} s on"
        end = f"; at the end {by}" if by else ""
        return f"{pair.first} is better than {pair.second}{since}{end} ({seeds}, {_p(pair.adjusted)})"
    both = f"{pair.first} and {pair.second}"
    if pair.adjusted <= error:
        return f"{both} differ ({seeds}, {_p(pair.adjusted)}), but neither is better by ranks and by the median alike"
    what = f"{pair.first} has {by}" if by else "in many seeds one has found nothing"
    if pair.estimate == 0:
        what = f"the median difference is 0{_interval(pair)}"
    return f"{both} are not told apart: {what} ({seeds}, {_p(pair.adjusted)}); {_what_it_takes(pair.more_seeds)}"


def impossible(compared: PanelPairs) -> str:
    """That there are too few seeds for any pair to be significant, and how many it takes."""
    n = max((pair.n_seeds for pair in compared.pairs), default=0)
    pairs = plural(len(compared.pairs), "pair")
    has_enough = any(len(method.seeds) >= compared.least_seeds for method in compared.panel.methods)
    what = (
        "Run each setup with the same seeds"
        if has_enough
        else f"Type the study again with more, as 'seed=range({compared.least_seeds})'"
    )
    return (
        f"With {plural(n, 'seed')} that both have no difference of {pairs} could be significant: it takes "
        f"{compared.least_seeds} seeds. {what}"
    )


def _by_how_much(pair: Pair, panel: Panel) -> str:
    if pair.estimate == 0 or not math.isfinite(pair.estimate):  # in most seeds one of them has found nothing
        return ""
    than = "lower" if panel.mode == "min" else "higher"
    amount = f"{_short(pair.estimate)}{f' {pair.unit}' if pair.unit else ''} {than} {panel.metric}"
    return f"{amount}{_interval(pair)}"


def _interval(pair: Pair) -> str:
    if pair.difference is None:
        return ""
    return f" [{_short(pair.difference.low)}, {_short(pair.difference.high)}]"


def _what_it_takes(more_seeds: tuple[int, int] | None) -> str:
    if more_seeds is None:
        return "how many seeds would settle it cannot be foretold"
    low, high = more_seeds
    how_many = f"{low}" if low == high else f"between {low} and {high}"
    return f"{how_many} more seeds would settle it (80 %)"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _short(value: float) -> str:
    return format_fixed(value, 0) if 100 <= abs(value) < 1e6 else format_number(value, DIGITS)


def sentences_of(compared: PanelPairs, pairs: Sequence[Pair]) -> list[str]:
    """The sentences of some of the pairs of a benchmark; one for all, where no pair could be significant."""
    untested = [
        f"{first} and {second} share no seed, so that they are not tested" for first, second in compared.without_seeds
    ]
    if compared.pairs and not compared.is_possible:
        return [impossible(compared), *untested]
    return [*(sentence(pair, compared.panel, compared.error) for pair in pairs), *untested]
