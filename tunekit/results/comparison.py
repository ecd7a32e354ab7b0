"""Methods compared over seeds: mean and 95 % interval of the best value at fractions of the budget."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.inputs import CONTENT, PATH, without_secrets
from tunekit.config.specs.run_spec import TIME_LIMIT, RunSpec
from tunekit.results.best_so_far import BestSoFar, metric_and_constraint
from tunekit.results.costs import total_of_costs
from tunekit_core.randomness import effective_seed

FRACTIONS = (0.25, 0.5, 1.0)
CONFIDENCE = 0.95
# In runs that differ in the second, the first says no more.
FOLLOWING = ((DISTRIBUTION, "name"), (REVISION, "name"), (CONTENT, PATH))
SEEDS = ("seed", "random_seed")  # methods are compared over these


@attrs.frozen(eq=False)
class FinishedRun:
    """A complete run and what it found.

    Attributes:
        spec: The run.
        metadata: Its ``metadata.json``.
        best: Its best value over time.
    """

    spec: RunSpec
    metadata: Mapping[str, Any]
    best: BestSoFar


@attrs.frozen(eq=False)
class MethodCurves:
    """The runs of one method on one problem.

    Attributes:
        label: The method, and what else tells it from the others.
        curves: The best value over time of each run.
        n_repeated: How many of them repeat another: ``random_seed`` and ``seed`` have the same sum.
        cost: What its runs have cost together, for people; empty where nobody says so.
    """

    label: str
    curves: Sequence[BestSoFar]
    n_repeated: int = 0
    cost: str = ""

    def interval(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean over runs and half width of its t interval at each time; NaN where a run has no value yet.

        The half width of a single run is NaN.
        """
        from scipy.special import stdtrit  # quantiles of Student's t; scipy.stats takes a second to import

        values = np.array([curve.at(times) for curve in self.curves])
        values[:, np.isnan(values).any(axis=0)] = np.nan  # the exponent of the others would not fit
        n = len(values)
        if n == 1:
            return values[0], np.full(len(times), np.nan)
        quantile = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
        # Around 1 their squares are finite and not zero; powers of two change no digit.
        exponents = np.frexp(np.abs(values).max(axis=0))[1]
        scaled = np.ldexp(values, -exponents)
        half_widths = quantile * scaled.std(axis=0, ddof=1) / np.sqrt(n)
        with np.errstate(over="ignore"):  # an interval may be wider than there are numbers
            return np.ldexp(scaled.mean(axis=0), exponents), np.ldexp(half_widths, exponents)


@attrs.frozen(eq=False)
class Panel:
    """All methods on one problem that search for the best of one metric.

    Attributes:
        problem: Benchmark and dataset.
        metric: Name of the metric, and of the constraint where there is one.
        mode: ``"min"`` or ``"max"``.
        budget: Seconds: the time limit, or the end of the longest run where there is none.
        methods: That with the best mean at the end first.
    """

    problem: str
    metric: str
    mode: str
    budget: float
    methods: Sequence[MethodCurves]


def compare(runs: Sequence[FinishedRun]) -> list[Panel]:
    """A panel for each problem and metric, in alphabetical order."""
    comparable: dict[tuple[str, str, str], list[FinishedRun]] = {}
    for run in runs:
        key = run.spec.problem_name, metric_and_constraint(run.metadata), run.metadata["mode"][0]
        comparable.setdefault(key, []).append(run)
    return [_panel(*key, comparable[key]) for key in sorted(comparable)]


def _panel(problem: str, metric: str, mode: str, runs: Sequence[FinishedRun]) -> Panel:
    budget = max(_budget(run) for run in runs)
    pooled: dict[str, list[FinishedRun]] = {}
    for run, label in zip(runs, _labels(runs), strict=True):
        pooled.setdefault(label, []).append(run)
    sign = 1.0 if mode == "min" else -1.0

    def loss_at_the_end(method: MethodCurves) -> tuple[float, str]:
        mean = float(method.interval(np.array([budget]))[0][0])
        return (np.inf if np.isnan(mean) else sign * mean), method.label

    methods = sorted((_method(label, pooled[label]) for label in pooled), key=loss_at_the_end)
    return Panel(problem, metric, mode, budget, methods)


def _method(label: str, runs: Sequence[FinishedRun]) -> MethodCurves:
    seeds = {effective_seed(run.spec.results["random_seed"], run.spec.seed) for run in runs}
    cost = total_of_costs([run.metadata for run in runs])
    return MethodCurves(label, [run.best for run in runs], len(runs) - len(seeds), cost)


def _budget(run: FinishedRun) -> float:
    limit = run.spec.built_in_criteria.get(TIME_LIMIT)
    return run.best.end if limit is None else float(limit["seconds"])


def _labels(runs: Sequence[FinishedRun]) -> Iterator[str]:
    """Method of each run; options that differ between runs of one method are named too."""
    by_method: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_method.setdefault(run.spec.method_name, []).append(dict(_flat(without_secrets(run.spec.results))))
    varying = {method: _varying(settings) for method, settings in by_method.items()}
    for run in runs:
        method = run.spec.method_name
        setting = dict(_flat(without_secrets(run.spec.results)))
        parts = [
            f"{_shown_key(key, setting)}={_shown_value(key, setting, by_method[method])}" for key in varying[method]
        ]
        yield " ".join([method, *parts])


def _shown_key(key: str, setting: Mapping[str, Any]) -> str:
    """A key as it is typed: that of an input is not called path."""
    input_key = key.removesuffix(f".{PATH}")
    return input_key if f"{input_key}.{CONTENT}" in setting else key.removesuffix(".name")


def _shown_value(key: str, setting: Mapping[str, Any], settings: Sequence[Mapping[str, Any]]) -> Any:
    """A value as it is shown: of the path of an input, as many of the last names as tell it from the others."""
    if not key.endswith(f".{PATH}"):
        return setting[key]
    paths = {Path(each[key]).parts for each in settings}
    n_names = next(n for n in itertools.count(1) if len({parts[-n:] for parts in paths}) == len(paths))
    return "/".join(Path(setting[key]).parts[-n_names:])


def _varying(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys that all settings have, with values that differ, but for those that follow from another of them."""
    first = settings[0]
    differing = [
        key
        for key in first
        if key not in SEEDS
        and all(key in setting for setting in settings)
        and any(setting[key] != first[key] for setting in settings)
    ]
    if len(differing) > 1:  # other data follow from another option
        differing = [key for key in differing if key != "data_hash"]
    return [key for key in differing if not any(_follows(key, end, from_) in differing for end, from_ in FOLLOWING)]


def _follows(key: str, end: str, from_: str) -> str | None:
    """The key that one with this end follows from, if it has it."""
    before, dot, last = key.rpartition(".")
    return f"{before}{dot}{from_}" if last == end else None


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The entries of nested mappings, with dotted keys."""
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            yield from _flat(entry, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", entry
