"""Experiments as lines of a table, and as JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from rich.cells import cell_len

from tunekit.console import printable
from tunekit.results.column_widths import GAP, fit, narrow
from tunekit_core.json_text import finite
from tunekit_core.number_text import format_number
from tunekit_core.records.finding import ListedExperiment

NOTHING = "-"
SHORTEST_ID = 8  # digits of a hash
CUT = ("problem", "method", "tag")  # in a narrow terminal, the widest first
AGES = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (60 * 2, 60, "m"), (0, 1, "s"))


def ids_of(experiments: Sequence[ListedExperiment]) -> list[str]:
    """What names each of them: the beginning of its hash, as long as it tells it from the others, or its name."""
    hashes = sorted({each.hash for each in experiments if each.hash})
    shared = max((_common(first, second) for first, second in itertools.pairwise(hashes)), default=0)
    return [each.hash[: max(SHORTEST_ID, shared + 1)] or each.name for each in experiments]


def table(
    experiments: Sequence[ListedExperiment],
    *,
    ids: Sequence[str],
    problems: Sequence[str],
    width: int | None,
    is_long: bool,
) -> list[str]:
    """A line for the names of columns, and one for each experiment.

    Args:
        experiments: In the order in which they are to stand.
        ids: What names each.
        problems: What each is on; empty where that is not told.
        width: Of the terminal: names of tags, methods and problems are cut to fit. ``None`` for as long as it takes.
        is_long: Whether the metric and the folder are shown too.
    """
    now = datetime.now(timezone.utc)
    has_tags = is_long or len({each.tag for each in experiments}) > 1
    columns: dict[str, list[str]] = {
        "id": list(ids),
        "status": [each.status.value for each in experiments],
        "age": [_age((now - each.last_active).total_seconds()) for each in experiments],
        **({"tag": [each.tag or NOTHING for each in experiments]} if has_tags else {}),
        "method": [each.method or NOTHING for each in experiments],
        "problem": [problem or NOTHING for problem in problems],
        "seed": [NOTHING if each.seed is None else str(each.seed) for each in experiments],
        "best": [NOTHING if each.best_value is None else format_number(each.best_value) for each in experiments],
    }
    if is_long:
        columns["metric"] = [each.metric or NOTHING for each in experiments]
        columns["folder"] = [str(each.path) for each in experiments]
    cells = {name: [name, *map(printable, column)] for name, column in columns.items()}
    widths = {name: max(map(cell_len, column)) for name, column in cells.items()}
    if width is not None:
        narrow(widths, width, CUT)
    aligned = [[_aligned(cell, widths[name], name) for cell in column] for name, column in cells.items()]
    return [(" " * GAP).join(line).rstrip() for line in zip(*aligned, strict=True)]


def as_json_lines(experiments: Sequence[ListedExperiment], problems: Sequence[str]) -> str:
    """A list of objects of JSON, each in a line of its own; what is not finite is ``null``.

    Args:
        experiments: In the order in which they are to stand.
        problems: What each is on; empty where that is not told.
    """
    told = map(described, experiments, problems)
    lines = ",\n".join(json.dumps(finite(each), allow_nan=False) for each in told)
    return f"[\n{lines}\n]" if lines else "[]"


def described(experiment: ListedExperiment, problem: str) -> dict[str, Any]:
    """What there is to say of an experiment, in values of JSON.

    Args:
        experiment: The experiment.
        problem: What it is on; empty where that is not told.
    """
    metadata: Mapping[str, Any] = experiment.metadata
    return {
        "folder": str(experiment.path),
        "hash": experiment.hash or None,
        "status": experiment.status.value,
        "reason": metadata.get("reason"),
        "tag": experiment.tag or None,
        "experiment": metadata.get("experiment"),
        "method": experiment.method or None,
        "benchmark": experiment.benchmark or None,
        "dataset": experiment.dataset or None,
        "problem": problem or None,
        "seed": experiment.seed,
        "metric": experiment.metric or None,
        "mode": metadata["mode"][0] if "mode" in metadata else None,
        "best_value": experiment.best_value,
        "configuration": experiment.configuration,
        "n_trials": metadata.get("n_started"),
        "n_failed": metadata.get("n_failed"),
        "started": metadata.get("started"),
        "ended": metadata.get("ended"),
        "last_active": experiment.last_active.isoformat(timespec="milliseconds"),
        "tags": metadata.get("tags") or {},
    }


def _common(first: str, second: str) -> int:
    """How many characters two texts that differ have in common at the beginning."""
    return next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _age(seconds: float) -> str:
    """In the largest unit of which there are two.

    >>> _age(90000), _age(7300), _age(-3)
    ('25h', '2h', '0s')
    """
    seconds = max(0.0, seconds)
    unit, name = next((unit, name) for least, unit, name in AGES if seconds >= least)
    return f"{int(seconds // unit)}{name}"


def _aligned(cell: str, width: int, name: str) -> str:
    return cell.rjust(width) if name in ("age", "seed") else fit(cell, width)
