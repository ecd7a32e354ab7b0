"""What a report means where it arrives: whether the scheduler is shown it, and with which losses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any

from tunekit_core.contracts.backends import TrialReported
from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.trials import COST_ATTRIBUTE, Report
from tunekit_core.engine.events import LateReport, UnusableReport
from tunekit_core.engine.state.experiment_state import ExperimentState
from tunekit_core.errors import shown
from tunekit_core.json_text import as_json
from tunekit_core.known_secrets import redacted
from tunekit_core.portable.printed_reports import MISREAD
from tunekit_core.read_only import MAX_DEPTH, is_deeper, read_only

OWN_COLUMNS = frozenset({"trial_id", "st_decision", "st_status", "st_tuner_time"})
CONFIGURATION_PREFIX = "config_"
OF_REPORTER = "st_"  # names of what the reporter adds; of these a script gives the cost alone
_report = partial(tuple.__new__, Report)  # a third of the time that Report(…) takes
SCALARS = frozenset({bool, int, float, str, type(None)})
NOT_FOR_JSON = (ValueError, RecursionError)  # it contains itself, is nested too deep, has a number that is too long
MAX_BITS = 1023  # of a whole number: that a float holds, so that whoever takes it for one can
MAX_RESOURCE = 2**53  # up to here a float counts
FROM_1 = "resources count from 1"
MAX_METRICS = 1000  # of a report
MAX_NAMES = 10_000  # of metrics in an experiment: each is a column of the results


class Reader:
    """Reads reports in a state, live and on a fold.

    A report is late, and not shown to the scheduler, after the end of the trial was decided, after the trial got where
    it was sent to, at or below the last resource seen, and beyond the last resource of the problem. It is unusable if a
    metric of the objective is no number, the resource no whole number from 1 on, the cost not finite (a truth value is
    none of these), a metric has the name of a column of the results, or there are more of them, larger or nested deeper
    than a record is to hold.

    Once a report could be used, one that lacks a metric of the objective and has other numbers is late too: it is kept,
    and does no harm.

    Metrics are as a record holds them: numbers of NumPy are numbers, and what JSON does not know is text.

    Args:
        state: The state of the experiment. Only the names of metrics are added to it.
        keeps_incomplete: Whether reports without a metric of the objective are ever kept.
    """

    def __init__(self, state: ExperimentState, *, keeps_incomplete: bool = True) -> None:
        self._state = state
        self._keeps_incomplete = keeps_incomplete
        self._resource = state.problem.objective.resource
        self._losses = state.problem.objective.losses
        self._numbers = (*state.problem.objective.needed, COST_ATTRIBUTE)  # what has to be a number
        self._max_resource = math.inf if state.problem.max_resource is None else state.problem.max_resource
        self._layout: tuple[Any, ...] = ()  # names and types of the metrics of the last report that could be used
        self._whole: tuple[str, ...] = ()  # those that are whole numbers

    def read(self, message: TrialReported) -> Report | LateReport | UnusableReport:
        """What the report of a running trial, in its current run, means."""
        trial = self._state.trials[message.trial_id]
        given = message.metrics
        own = dict(given) if type(given) is dict or isinstance(given, Mapping) else {}  # the backend may use its again
        layout = (*own, *map(type, own.values()))
        is_known = layout == self._layout
        if not is_known and not SCALARS.issuperset(map(type, own.values())):
            try:
                own = as_recorded(own)
            except NOT_FOR_JSON:
                own = {}  # so that it cannot be used; what exactly came is said
            layout = (*own, *map(type, own.values()))
        whole = self._whole if is_known else _whole_numbers(own)
        for name in whole:
            if own[name].bit_length() > MAX_BITS:
                own = {}
                break
        metrics = MappingProxyType(own)
        last = trial.last_report
        reached = 0 if last is None else last.resource
        if trial.is_ending:
            return LateReport(trial.id, message.run, metrics, message.time)
        if reached >= self._max_resource:
            return LateReport(trial.id, message.run, metrics, message.time, is_beyond=True)
        try:
            losses = self._losses(own)
            resource = self._state.runs.n_reports(trial.id) + 1 if self._resource is None else own[self._resource]
            if type(resource) is not int:
                resource = _whole(resource)
            usable = 1 <= resource <= MAX_RESOURCE and (COST_ATTRIBUTE not in own or math.isfinite(own[COST_ATTRIBUTE]))
            if not is_known and any(type(own.get(name)) is bool for name in self._numbers):
                usable = False  # Python counts with truth values
        except (KeyError, TypeError, ValueError, OverflowError):
            usable = False
        if not usable or (not is_known and (any(map(_is_taken, own)) or self._are_too_many(own))):
            if isinstance(misread := own.get(MISREAD), str):
                reason = redacted(misread)  # it quotes what was printed
                return UnusableReport(trial.id, message.run, MappingProxyType({MISREAD: reason}), message.time, reason)
            if not usable and self._is_incomplete(own):
                return LateReport(trial.id, message.run, metrics, message.time)
            return UnusableReport(trial.id, message.run, metrics, message.time, self._what_is_wrong(given))
        if not is_known:
            self._layout, self._whole = layout, whole
            self._state.metric_names.update(own)
        if resource > self._max_resource:
            return LateReport(trial.id, message.run, metrics, message.time, is_beyond=True)
        if resource <= reached or (trial.until is not None and reached >= trial.until):
            return LateReport(trial.id, message.run, metrics, message.time)
        return _report((trial.id, message.run, resource, metrics, losses, message.time))

    def _is_incomplete(self, metrics: Mapping[str, Any]) -> bool:
        """Whether all that is wrong is that it lacks a metric of the objective, and others had it."""
        if not self._state.n_reports or not self._keeps_incomplete or not has_number(metrics):
            return False
        if all(name in metrics for name in self._state.problem.objective.metric):
            return False
        return not (any(map(_is_taken, metrics)) or self._are_too_many(metrics))

    def _are_too_many(self, metrics: Mapping[str, Any]) -> bool:
        names = self._state.metric_names
        return len(metrics) > MAX_METRICS or len(names) + sum(name not in names for name in metrics) > MAX_NAMES

    def _what_is_wrong(self, metrics: Mapping[str, Any]) -> str:
        if not isinstance(metrics, Mapping):
            return f"it reported {shown(metrics)}, which is no mapping from names to values"
        taken = [name for name in metrics if _is_taken(name)]
        if taken:
            return (
                f"it reported a metric named {shown(taken[0])}, which is a column of the results: give it another name"
            )
        if self._are_too_many(metrics):
            return (
                f"it reported {len(metrics):,} metrics, where a report has at most {MAX_METRICS:,}, and an experiment "
                f"at most {MAX_NAMES:,} names of them"
            )
        objective = self._state.problem.objective
        if resource := at_zero(objective, metrics):
            return f"it reported {resource}, and {FROM_1}: {how_from_1(str(objective.resource))}"
        needed = [f"a number as {name}" for name in objective.metric]
        if self._resource is not None:
            needed.append(f"a whole number from 1 on as {self._resource}, at most 2**53")
        if COST_ATTRIBUTE in metrics:
            needed.append(f"a finite number as {COST_ATTRIBUTE}")
        try:
            as_recorded(metrics)
        except NOT_FOR_JSON as error:
            return f"it reported {shown(of_user(metrics))}, which cannot be recorded: {error}"
        meant = "".join(
            f". Did you mean {' or '.join(map(repr, close))}?"
            for name in missing_names(self._state.problem.objective, metrics)
            if (close := close_names(name, of_user(metrics)))
        )
        return f"it reported {shown(of_user(metrics))}, where these are needed: {', '.join(needed)}{meant}"


def row_of(event: LateReport) -> Report:
    """A report that lacks a metric of the objective, for the results alone: it has no losses, nor a resource."""
    return Report(event.trial_id, event.run, 0, event.metrics, (), event.time)


def of_user(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics without what the reporter adds, as a user knows them.

    >>> of_user({"loss": 0.5, "st_worker_time": 3.0, "st_worker_cost": 0.1})
    {'loss': 0.5, 'st_worker_cost': 0.1}
    """
    return {
        name: value
        for name, value in metrics.items()
        if name == COST_ATTRIBUTE or not (isinstance(name, str) and name.startswith(OF_REPORTER))
    }


def at_zero(objective: Objective, metrics: Mapping[str, Any]) -> str:
    """The resource of a report with its name, where that is 0, as loops count, and no metric is missing; or nothing.

    >>> at_zero(Objective("loss", "min", "epoch"), {"epoch": 0, "loss": 0.5})
    'epoch 0'
    """
    value = None if objective.resource is None else metrics.get(objective.resource)
    if isinstance(value, bool) or value != 0:
        return ""
    return f"{objective.resource} {value}" if all(name in metrics for name in objective.metric) else ""


def how_from_1(resource: str) -> str:
    """What to do about a resource that begins at 0, as the rest of a sentence."""
    return f"print or report {resource} + 1, or leave benchmark.resource out, so that reports are counted"


def has_number(metrics: Mapping[str, Any]) -> bool:
    """Whether anything in it is a number: what a backend could not read comes as text, and is no report."""
    return any(isinstance(value, int | float) and not isinstance(value, bool) for value in metrics.values())


def missing_names(objective: Objective, metrics: Mapping[str, Any]) -> list[str]:
    """The metrics of an objective, and its resource, that a report lacks."""
    resource = [] if objective.resource is None else [objective.resource]
    return [name for name in (*objective.metric, *resource) if name not in metrics]


def close_names(name: str, reported: Iterable[str]) -> list[str]:
    """The names that were reported and may be meant, the closest first.

    >>> close_names("loss", ["epoch", "valid_loss"])
    ['valid_loss']
    """
    names = {each.lower(): each for each in reported if isinstance(each, str)}
    wanted = name.lower()
    close = [each for each in names if wanted in each or each in wanted] or get_close_matches(wanted, names, n=1)
    return [names[each] for each in close[:3]]


def as_recorded(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as a record holds them: a copy.

    Raises:
        ValueError, RecursionError: If JSON cannot hold them.
    """
    own = dict(metrics)
    is_short = all(own[name].bit_length() <= MAX_BITS for name in _whole_numbers(own))
    if is_short and SCALARS.issuperset(map(type, own.values())):
        return own
    if not is_short:
        raise ValueError(f"a whole number has more than {MAX_BITS} bits, which no float holds")
    recorded = json.loads(as_json(own))
    if is_deeper(recorded, MAX_DEPTH):
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    kept: dict[str, Any] = read_only(recorded)
    return kept


def _whole_numbers(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of those that are whole numbers."""
    return tuple(name for name, value in metrics.items() if type(value) is int)


def _whole(number: Any) -> int:
    """A whole number, whatever its type."""
    whole = int(number)
    if whole != number:
        raise ValueError(f"{number} is no whole number")
    return whole


def taken_columns(names: Iterable[str]) -> list[str]:
    """Those names that the columns of every row have."""
    return [name for name in names if _is_taken(name)]


def _is_taken(name: Any) -> bool:
    return not isinstance(name, str) or name in OWN_COLUMNS or name.startswith(CONFIGURATION_PREFIX)
