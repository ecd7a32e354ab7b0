"""The reports of one experiment as arrays, and the resource at which its trials are compared with each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit_core.errors import TunekitError
from tunekit_core.records.load import Experiment

ENOUGH_TRIALS, SHARE_OF_TRIALS = 100, 0.2  # at a resource, for trials to be compared there


class NothingToShow(TunekitError, ValueError):
    """An experiment has not recorded what was asked for; the message says what is missing."""


@attrs.frozen(eq=False, slots=False)
class TrialReports:
    """n reports in the order of time, each with k metrics.

    Attributes:
        experiment: The experiment.
        trial_ids: (n,) array: whose report it is.
        resources: (n,) array: what the trial had spent by then; its number among the reports of the trial where no
            resource is named.
        values: (n, k) array: the metrics as reported; NaN where one was not.
        losses: (n, k) array: lower is better. Infinite where a metric is not finite, and in whole rows that do not meet
            the constraint.
        times: (n,) array: seconds on the clock of the experiment.
        decisions: (n,) array of text: ``CONTINUE``, ``PAUSE`` or ``STOP``.
        failed: Ids of the trials that have failed, sooner or later.
        columns: All other numbers that were recorded with reports, by the name of their column: (n,) arrays.
    """

    experiment: Experiment
    trial_ids: NDArray[np.int64]
    resources: NDArray[np.int64]
    values: NDArray[np.float64]
    losses: NDArray[np.float64]
    times: NDArray[np.float64]
    decisions: NDArray[np.object_]
    failed: frozenset[int]
    columns: Mapping[str, NDArray[np.float64]]

    @property
    def metrics(self) -> list[str]:
        """Names of the k metrics."""
        return list(self.experiment.metadata["metric"])

    @property
    def modes(self) -> list[str]:
        """``"min"`` or ``"max"`` for each."""
        return list(self.experiment.metadata["mode"])

    @property
    def resource(self) -> str:
        """What resources are, for people."""
        return self.experiment.metadata.get("resource") or "report"

    @cached_property
    def succeeded(self) -> NDArray[np.bool_]:
        """(n,) array: whether the report is of a trial that has not failed."""
        return ~np.isin(self.trial_ids, list(self.failed))

    @cached_property
    def by_trial(self) -> dict[int, NDArray[np.int64]]:
        """By id the positions of the reports of a trial, in the order of time; ids in the order of first reports."""
        order = np.argsort(self.trial_ids, kind="stable")
        ids, starts = np.unique(self.trial_ids[order], return_index=True)
        parts = np.split(order, starts[1:])
        found = {int(trial_id): part for trial_id, part in zip(ids, parts, strict=True)}
        return dict(sorted(found.items(), key=lambda each: int(each[1][0])))

    def at(self, resource: int) -> NDArray[np.int64]:
        """Positions of the reports at a resource of trials that have not failed: of each trial the last one there."""
        there = np.flatnonzero((self.resources == resource) & self.succeeded)
        last = {int(self.trial_ids[position]): int(position) for position in there}
        return np.array(sorted(last.values()), dtype=np.int64)


def read_trial_reports(experiment: Experiment) -> TrialReports:
    """The reports of an experiment.

    Raises:
        NothingToShow: If no trial has reported.
        RecordError: If the results are missing or damaged.
    """
    results, metadata = experiment.results, experiment.metadata
    if not len(results) or "metric" not in metadata:
        raise NothingToShow("no trial has reported")
    ids = results["trial_id"].to_numpy(np.int64)
    name = metadata.get("resource")
    resources = results[name] if name in results else results.groupby("trial_id").cumcount() + 1
    signs = np.array([1.0 if mode == "min" else -1.0 for mode in metadata["mode"]])
    values = results.reindex(columns=metadata["metric"]).to_numpy(float)
    losses = np.where(np.isfinite(values), signs * values, np.inf)
    constraint = metadata.get("constraint")
    if constraint is not None:
        constrained = _numbers(results.reindex(columns=[constraint])[constraint])
        losses[~(np.isfinite(constrained) & (constrained <= 0))] = np.inf
    others = {
        str(column): results[column].to_numpy(float)
        for column in results.columns
        if not str(column).startswith("config_") and results[column].dtype.kind in "if"
    }
    return TrialReports(
        experiment,
        ids,
        np.asarray(resources, np.int64),
        values,
        losses,
        results["st_tuner_time"].to_numpy(float),
        results["st_decision"].to_numpy(object),
        frozenset(experiment.failed_trials),
        others,
    )


def common_resource(reports: TrialReports) -> int:
    """The resource at which trials are compared with each other.

    It is the highest at which a fifth of the trials that have not failed have reported, and at least 100 of them or,
    where there are fewer than 200, half. Values at different resources do not compare, a higher one tells more of the
    end, a few trials tell little, and the fewer are let go on, the more alike they are.

    Raises:
        NothingToShow: If all trials that have reported have failed.
    """
    pairs = np.unique(np.column_stack([reports.resources, reports.trial_ids])[reports.succeeded], axis=0)
    if not len(pairs):
        raise NothingToShow("all trials that have reported have failed")
    resources, counts = np.unique(pairs[:, 0], return_counts=True)
    n = len(np.unique(pairs[:, 1]))
    enough = min(max(ENOUGH_TRIALS, SHARE_OF_TRIALS * n), n / 2, int(counts.max()))
    return int(resources[counts >= enough].max())


def _numbers(column: Any) -> NDArray[np.float64]:
    """A column that may hold text, which is no number."""
    import pandas as pd

    numbers: NDArray[np.float64] = pd.to_numeric(column, errors="coerce").to_numpy(float)
    return numbers
