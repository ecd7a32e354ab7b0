"""A plain sentence for each comparison of two setups."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunekit.console import plural
from tunekit.studies.pairs import ERROR, Pair, PanelPairs
from tunekit.studies.panels import Panel
from tunekit.studies.statistics.paired import least_seeds
from tunekit_core.number_text import format_fixed, format_number, format_seconds

DIGITS = 2
USUAL_SEEDS = 20


def sentence(pair: Pair, panel: Panel, error: float = ERROR) -> str:
    """What came of comparing two setups.

    >>> from tunekit.studies.statistics.intervals import Interval
    >>> panel = Panel("fcnet-robot_arm", "loss", "min", 3600.0, [])
    >>> found = Pair("MOBSTER", "ASHA", 20, Interval(12.0, 7.0, 16.0), 12.0, "%", 0.001, 0.003, True, 600.0, None)
    >>> sentence(found, panel)
    'MOBSTER is better than ASHA from 600 s on; at the end 12 % lower loss [7, 16] (20 seeds, p = 0.003)'
    """
    if pair.fixed is not None or pair.adjusted is None:
        return _sentence_of_fixed(pair, panel)
    if pair.is_equal:
        return _equal(pair)
    if too_few := _too_few(pair, error):
        return too_few
    seeds, p = plural(pair.n_seeds, "seed"), _p(pair.adjusted)
    by = _by_how_much(pair, panel)
    if pair.is_better:
        by = by or _zero(pair)
        since = "" if pair.since is None else f" from {format_seconds(pair.since)} s on"
        end = f"; at the end {by}" if by else ""
        return f"{pair.first} is better than {pair.second}{since}{end} ({seeds}, {p}{_rests(pair, error)})"
    both = f"{pair.first} and {pair.second}"
    if pair.adjusted <= error:
        return f"{both} differ ({seeds}, {p}), but neither is better by ranks and by the median alike"
    what = f"{_so_far(pair, by)} ({seeds}, {p}{_rests(pair, error)})"
    return f"{both} are not told apart: {what}; {_what_it_takes(pair.more_seeds)}"


def _sentence_of_fixed(pair: Pair, panel: Panel) -> str:
    """Of two setups whose comparison was fixed beforehand: by the rule, and how far that has come."""
    fixed = pair.fixed
    assert fixed is not None
    both = f"{pair.first} and {pair.second}"
    if not fixed.taken:
        return f"{both}: no look has been taken yet by the rule that was fixed beforehand ({fixed.rule})"
    by = _by_how_much(pair, panel)
    seeds = plural(fixed.n_seeds, "seed")
    at = "" if fixed.at.is_end else f", by the values at {fixed.at}"
    rule = f"look {len(fixed.taken)} of {len(fixed.looks)} of the rule that was fixed beforehand{at}"
    if not fixed.is_told_apart:
        what = _so_far(pair, by)
        if fixed.is_settled:
            return f"{both} are not told apart with {seeds}, the most that the rule allows: {what} ({rule})"
        return f"{both} are not told apart so far: {what} ({seeds}, {rule}; type the sweep again to go on)"
    by = by or _zero(pair)
    end = f"; at the end {by}" if by else ""
    verdict = f"{pair.first} is better than {pair.second}{end}"
    if not pair.is_better:
        verdict = f"{both} differ, {pair.first} being better by ranks, but not by the median at the end"
    if fixed.n_seeds == fixed.cap:
        return f"{verdict} ({seeds}, {rule})"
    holds = "" if pair.difference is None else ", but the interval counts all looks"
    if pair.difference is not None and pair.difference.low <= 0:
        holds += ", and may hold 0 where the rule does not"
    early = f"stopped early at {seeds}, {rule}: by how much is probably overestimated{holds}"
    return f"{verdict} ({early})"


def _equal(pair: Pair) -> str:
    where = f"all {plural(pair.n_seeds, 'seed')}" if pair.n_seeds > 1 else "the seed"
    one, other = sorted((pair.first, pair.second))
    if pair.is_without_values:
        return f"neither {one} nor {other} has found anything in {where} that both have"
    return f"{one} and {other} are equal in {where} that both have"


def _so_far(pair: Pair, by: str) -> str:
    if pair.is_without_values:
        return "neither has found anything"
    if pair.is_equal:
        return "equal in all seeds"
    if zero := _zero(pair):
        return zero
    return f"{pair.first} has {by}" if by else "in many seeds one has found nothing"


def _zero(pair: Pair) -> str:
    """That the median difference is none, though ranks may tell the two apart; empty where it is some."""
    if pair.estimate != 0:
        return ""
    if pair.n_without:
        return f"in {pair.n_without} of {pair.n_seeds} seeds neither has found anything"
    return f"the median difference is {_amount(pair, 0)}{_interval(pair)}"


def impossible(compared: PanelPairs) -> str:
    """That there are too few seeds for any pair to be significant, and how many it takes."""
    counts = sorted({pair.n_seeds for pair in compared.tested}) or [0]
    seeds = plural(counts[-1], "seed") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    least, usual = compared.least_seeds, max(compared.least_seeds, USUAL_SEEDS)
    what = f"Type the study again with 'seed=range({usual})'; so many find a difference that matters"
    if any(len(method.seeds) >= least for method in compared.panel.methods):
        what = "Run each setup with the same seeds"
    of_pairs = f"{'the pair' if len(compared.tested) == 1 else f'none of the {len(compared.tested)} pairs'}"
    cannot = "cannot be" if len(compared.tested) == 1 else "can be"
    return f"With {seeds} that both have, {of_pairs} {cannot} told apart: it takes {least} at least. {what}"


def _too_few(pair: Pair, error: float) -> str:
    """That two setups share too few seeds for any verdict; empty if they do not."""
    if pair.n_seeds >= least_seeds(1, error):
        return ""
    both, seeds = f"{pair.first} and {pair.second}", plural(pair.n_seeds, "seed")
    return f"{both} cannot be told apart with the {seeds} that both have: it takes {least_seeds(1, error)} at least"


def _by_how_much(pair: Pair, panel: Panel) -> str:
    if pair.estimate == 0 or not math.isfinite(pair.estimate):  # in most seeds one of them has found nothing
        return ""
    is_lower = (panel.mode == "min") == (pair.estimate > 0)  # the first may be better by ranks alone
    amount = _amount(pair, abs(pair.estimate))
    return f"{amount} {'lower' if is_lower else 'higher'} {panel.metric}{_interval(pair)}"


def difference(pair: Pair) -> str:
    """By how much the second of a pair is worse at the end, in the digits of its sentence; below zero where it is not.

    >>> from tunekit.studies.statistics.intervals import Interval
    >>> difference(Pair("A", "B", 9, Interval(11.2, 8.71, 22.4), 11.2, "%", 0.001, 0.003, True, 600.0, None))
    '11 % [8.7, 22]'
    """
    if pair.is_without_values or not math.isfinite(pair.estimate):
        return "none"
    amount = _amount(pair, pair.estimate)
    return amount if pair.difference is None else f"{amount} {_ends(pair.difference.low, pair.difference.high)}"


def _amount(pair: Pair, size: float) -> str:
    return f"{_short(size)}{f' {pair.unit}' if pair.unit else ''}"


def _ends(low: float, high: float) -> str:
    return f"[{_short(low)}, {_short(high)}]"


def _interval(pair: Pair) -> str:
    if pair.difference is None:
        return ""
    low, high = pair.difference.low, pair.difference.high
    if pair.estimate < 0:
        low, high = -high, -low
    return f" {_ends(low, high)}"


def _rests(pair: Pair, error: float) -> str:
    """What p and the interval rest on, where they seem to disagree; empty where they do not."""
    if pair.difference is None or pair.p is None:
        return ""
    holds_zero = pair.difference.low <= 0 <= pair.difference.high
    if holds_zero != pair.is_better:
        return ""
    if pair.p <= error and not pair.is_better:
        return " over all pairs, and the interval is of this pair alone"
    return " by signed ranks, and the interval is of the median"


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
    if compared.tested and not compared.is_possible:
        of_rules = [sentence(pair, compared.panel) for pair in pairs if pair.fixed is not None]
        return [*of_rules, impossible(compared), *untested]
    return [*(sentence(pair, compared.panel, compared.error) for pair in pairs), *untested]
