"""What is wrong with the first report of an experiment in a way that all others would share: then it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.objective import Objective
from tunekit_core.engine.events import UnusableReport
from tunekit_core.engine.state.reading import (
    FROM_1,
    at_zero,
    close_names,
    has_number,
    how_from_1,
    missing_names,
    of_user,
)
from tunekit_core.errors import TunekitError
from tunekit_core.portable.printed_reports import MISREAD

MOST_NAMES = 10


class UnfitReport(TunekitError):
    """The first report lacks a metric or the resource, counts from 0, or was misread: the experiment ends."""


def check_first_report(event: UnusableReport, objective: Objective, benchmark: Benchmark) -> None:
    """See that a report has what is optimised, though it could not be used; called while none could be used.

    Args:
        event: The report.
        objective: What is optimised.
        benchmark: What is tuned, which may let the user say what is optimised.

    Raises:
        UnfitReport: If it lacks a metric of the objective, or the resource; if the resource is 0; if a pattern
            has found in what was printed what is no number, or a part of one. One without any number is no report, and
            lacks nothing in particular.
    """
    which = f"the first report, of trial {event.trial_id},"
    if isinstance(misread := event.metrics.get(MISREAD), str):
        raise UnfitReport(f"{which} would not be true: {misread}")
    if resource := at_zero(objective, event.metrics):
        raise UnfitReport(f"{which} is at {resource}, and {FROM_1}: {how_from_1(str(objective.resource))}")
    missing = missing_names(objective, event.metrics)
    if not missing or not has_number(event.metrics):
        return
    names = list(of_user(event.metrics))
    reported = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if names[MOST_NAMES:] else "")
    raise UnfitReport(
        f"{which} has no {' and no '.join(map(repr, missing))}, but {reported}. "
        f"{_what_to_do(missing[0], objective, event.metrics, benchmark)}"
    )


def _what_to_do(missing: str, objective: Objective, reported: Mapping[str, Any], benchmark: Benchmark) -> str:
    kind = "metric" if missing in objective.metric else "resource"
    option = f"benchmark.{kind}" if kind in _options(benchmark) else kind
    close = close_names(missing, of_user(reported))
    meant = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f"{meant}Report it as '{missing}', or say what it is called: {option}={close[0] if close else 'NAME'}"


def _options(benchmark: Benchmark) -> set[str]:
    return set(attrs.fields_dict(type(benchmark).Options))
