"""What runs have cost, where their backend says in which unit: a line of the summary, a column of a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit.console import plural
from tunekit_core.number_text import format_fixed

DOLLARS = "dollars"


def amount(value: float, unit: str) -> str:
    """An amount for people.

    >>> amount(1234.5, "dollars")
    '$1,234.50'
    >>> amount(0.00123, "dollars")
    '$0.0012'
    >>> amount(2.5, "node hours")
    '2.5 node hours'
    """
    return f"${format_fixed(value, 2)}" if unit == DOLLARS else f"{value:,.4g} {unit}"


def line_of_costs(metadata: Mapping[str, Any]) -> str | None:
    """What a run has cost, as a line; ``None`` if nobody says so.

    Args:
        metadata: Its ``metadata.json``.
    """
    cost = metadata.get("cost")
    if cost is None or "total" not in cost:
        return None
    n_trials = len(cost["of_trials"])
    what = f"{plural(cost['n_runs'], 'run')} of {plural(metadata['n_started'], 'trial')}"
    line = f"Cost: {amount(cost['total'], cost['unit']) if n_trials else 'not known'}, {what} ({cost['basis']})."
    missing = []
    if cost["n_unknown"] and n_trials:
        missing.append(f"{plural(cost['n_unknown'], 'trial')} whose cost is not known")
    if cost["n_running"]:
        missing.append(f"what {plural(cost['n_running'], 'trial')} that still ran cost after the last report")
    return f"{line} Not in it: {'; '.join(missing)}." if missing else line


def total_of_costs(runs: Sequence[Mapping[str, Any]]) -> str:
    """What several runs have cost together; empty if nobody says so. ``≥`` where it is not known of all.

    Args:
        runs: The ``metadata.json`` of each.
    """
    costs = [metadata["cost"] for metadata in runs if "total" in metadata.get("cost", {})]
    if not costs:
        return ""
    if not any(cost["of_trials"] for cost in costs):
        return "not known"
    unit = costs[0]["unit"]
    if any(cost["unit"] != unit for cost in costs):
        return "in several units"
    is_whole = len(costs) == len(runs) and not any(cost["n_unknown"] or cost["n_running"] for cost in costs)
    return f"{'' if is_whole else '≥ '}{amount(math.fsum(cost['total'] for cost in costs), unit)}"
