"""What is observed: which reports of trials are data of a model, and where trials count as pending."""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tunekit_core import Report, SearchSpace, Status, Trial


class Observations(abc.ABC):
    """Observed losses in the order in which they came, and what is pending. Nothing observed is ever removed.

    Its ``on_*`` methods are those of a searcher, which passes its events on.

    Attributes:
        encoded: The encoded configuration of every trial, by its id.
        trial_ids: The trial of each observation.
        resources: Where each was made.
        losses: What was observed; lower is better.
        pending: The trials whose next observation is awaited, and the resource where it will be made; ``None`` is the
            unknown end of a trial.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.encoded: dict[int, np.ndarray] = {}
        self.trial_ids: list[int] = []
        self.resources: list[int] = []
        self.losses: list[float] = []
        self.pending: dict[int, int | None] = {}

    def __len__(self) -> int:
        return len(self.losses)

    def on_start(self, trial: Trial) -> None:
        self.encoded[trial.id] = self._space.encode([trial.configuration])[0]

    @abc.abstractmethod
    def on_target(self, trial: Trial, resource: int | None) -> None: ...

    @abc.abstractmethod
    def on_report(self, trial: Trial, report: Report) -> None: ...

    @abc.abstractmethod
    def on_pause(self, trial: Trial) -> None: ...

    @abc.abstractmethod
    def on_end(self, trial: Trial, outcome: Status) -> None: ...

    def _add(self, report: Report) -> None:
        self.trial_ids.append(report.trial_id)
        self.resources.append(report.resource)
        self.losses.append(report.losses[0])


class LastReports(Observations):
    """Each trial once, by its last report when it pauses or ends; one that fails is left out.

    A trial that was resumed is not pending: its observation is replaced when it pauses again or ends.

    Attributes:
        metrics: All metrics of each observation.
        reported: Names of the metrics that were ever observed.
    """

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self.metrics: list[Mapping[str, Any]] = []
        self.reported: set[str] = set()
        self._position: dict[int, int] = {}

    def on_target(self, trial: Trial, resource: int | None) -> None:
        if trial.id not in self._position:
            self.pending[trial.id] = resource

    def on_report(self, trial: Trial, report: Report) -> None:
        """What a trial reports is observed when it pauses or ends."""

    def on_pause(self, trial: Trial) -> None:
        self._observe(trial)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        if outcome is Status.FAILED:
            self.pending.pop(trial.id, None)
        else:
            self._observe(trial)

    def _observe(self, trial: Trial) -> None:
        self.pending.pop(trial.id, None)
        report = trial.last_report
        if report is None:
            return
        self.reported.update(report.metrics)
        position = self._position.setdefault(trial.id, len(self))
        if position == len(self):
            self._add(report)
            self.metrics.append(report.metrics)
        else:
            self.resources[position] = report.resource
            self.losses[position] = report.losses[0]
            self.metrics[position] = report.metrics


class AllReports(Observations):
    """Every report that the scheduler passes on, and trials that run as pending at their next target.

    A report stays observed if its trial fails later: it is true of its resource.

    Attributes:
        count_at: Number of observations at each resource.
    """

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self.count_at: Counter[int] = Counter()

    def on_target(self, trial: Trial, resource: int | None) -> None:
        self.pending[trial.id] = resource

    def on_report(self, trial: Trial, report: Report) -> None:
        """If the report is that of the target, the trial is not pending until it has another one."""
        self._add(report)
        self.count_at[report.resource] += 1
        target = self.pending.get(trial.id)
        if target is not None and report.resource >= target:
            del self.pending[trial.id]

    def on_pause(self, trial: Trial) -> None:
        self.pending.pop(trial.id, None)

    def on_end(self, trial: Trial, outcome: Status) -> None:
        self.pending.pop(trial.id, None)
