"""Which jobs ``Search`` finds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from tunekit_sagemaker.emulator.api.descriptions import found
from tunekit_sagemaker.emulator.api.listing import page
from tunekit_sagemaker.emulator.errors import invalid
from tunekit_sagemaker.emulator.job import Job

PAGE = 50
ORDERED = {
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}


def search(
    jobs: Sequence[Job], request: Mapping[str, Any], lag: float
) -> tuple[list[Mapping[str, Any]], str | None, int]:
    """A page of results, the token of the next, and how many there are.

    Args:
        jobs: Those that there are.
        request: As it came.
        lag: Seconds until a new job is found.
    """
    if request["Resource"] != "TrainingJob":
        raise invalid(f"Resource={request['Resource']}: the emulator has training jobs alone: Resource=TrainingJob.")
    for name in ("VisibilityConditions", "CrossAccountFilterOption"):
        if name in request:
            raise invalid(f"The emulator does not have '{name}': leave it out.")
    expression = request.get("SearchExpression", {})
    by_name = {job.name: found(job) for job in jobs if job.created + lag <= time.time()}
    fitting = [job for job in jobs if job.name in by_name and _fits(by_name[job.name]["TrainingJob"], expression)]
    sort_by = request.get("SortBy", "LastModifiedTime")
    fitting.sort(key=lambda job: _sort_key(_property(by_name[job.name]["TrainingJob"], sort_by)))
    if request.get("SortOrder", "Descending") == "Descending":
        fitting.reverse()
    chosen, token = page(fitting, request, PAGE)
    return [by_name[job.name] for job in chosen], token, len(fitting)


def _fits(job: Mapping[str, Any], expression: Mapping[str, Any]) -> bool:
    if "NestedFilters" in expression:
        raise invalid("The emulator does not have 'NestedFilters': use 'Filters' and 'SubExpressions'.")
    answers = [_passes(job, one) for one in expression.get("Filters", [])]
    answers += [_fits(job, one) for one in expression.get("SubExpressions", [])]
    if not answers:
        return True
    return any(answers) if expression.get("Operator") == "Or" else all(answers)


def _passes(job: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    value, operator = _property(job, one["Name"]), one.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        return (value is not None) == (operator == "Exists")
    if "Value" not in one:
        raise invalid(f"The filter for '{one['Name']}' has no 'Value', which '{operator}' asks for.")
    if value is None:
        return operator == "NotEquals"
    if operator in ORDERED:
        return bool(ORDERED[operator](*_comparable(value, one["Value"])))
    if operator == "Contains":
        return one["Value"].lower() in str(value).lower()
    if operator == "In":
        return str(value) in one["Value"].split(",")
    return (str(value) == one["Value"]) == (operator == "Equals")


def _property(job: Mapping[str, Any], name: str) -> Any:
    """The value of a property such as ``TrainingJobName``, ``HyperParameters.lr`` or ``Tags.KEY``, or nothing."""
    first, _, rest = name.partition(".")
    value = job.get(first)
    if first == "Tags":
        value = {tag["Key"]: tag["Value"] for tag in job["Tags"]}
    return value.get(rest) if rest and isinstance(value, Mapping) else None if rest else value


def _comparable(value: Any, given: str) -> tuple[float, float]:
    """Both as numbers; times are given as texts."""
    try:
        return float(value), float(given)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(given.replace("Z", "+00:00"))
        return float(value), (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except ValueError as error:
        raise invalid(f"'{given}' is neither a number nor a time, as this operator asks for.") from error


def _sort_key(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))
