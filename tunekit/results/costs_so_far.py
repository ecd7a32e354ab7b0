"""What the trials of an experiment have cost over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunekit.results.trial_reports import NothingToShow, TrialReports
from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.trials import COST_ATTRIBUTE
from tunekit_core.records.files import EVENTS
from tunekit_core.records.load import read_events

WITHOUT_COSTS = f"no costs are recorded: neither do reports have {COST_ATTRIBUTE}, nor does the backend tell any"


def costs_so_far(reports: TrialReports) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When the sum of costs changed, in seconds, and what it was from then on: two arrays of equal length.

    The cost of a trial is what it reported last, of all its runs, or what its backend told when it ended.

    Raises:
        NothingToShow: If no costs are recorded.
        RecordError: If the record of events is damaged.
    """
    known: list[tuple[float, int, float]] = []
    reported = reports.columns.get(COST_ATTRIBUTE)
    if reported is not None:
        there = np.flatnonzero(np.isfinite(reported))
        known += [(float(reports.times[i]), int(reports.trial_ids[i]), float(reported[i])) for i in there]
    if (reports.experiment.path / EVENTS).exists():
        ended = (event for event in read_events(reports.experiment.path) if isinstance(event, TrialEnded))
        known += [(event.time, event.trial_id, event.cost) for event in ended if event.cost is not None]
    if not known:
        raise NothingToShow(WITHOUT_COSTS)
    known.sort(key=lambda each: each[0])
    of_trial: dict[int, float] = {}
    total, totals = 0.0, []
    for _, trial_id, cost in known:
        total += cost - of_trial.get(trial_id, 0.0)
        of_trial[trial_id] = cost
        totals.append(total)
    return np.array([time for time, _, _ in known]), np.array(totals)
