"""The resources at which a scheduler compared trials, as far as an experiment tells them."""

from __future__ import annotations

import numpy as np

from tunekit.results.trial_reports import TrialReports
from tunekit_core.builtin.rung_sizes import PREFIX
from tunekit_core.contracts.trials import Decision

MOST_RUNGS = 12  # with more, trials are compared after every report, and there is nothing that is a rung


def rungs(reports: TrialReports) -> list[int]:
    """The rungs, lowest first; none where the scheduler has none, or more than twelve.

    They are those of the columns of ``rung_sizes``, where these were recorded, and else the resources at which trials
    were paused or stopped.
    """
    named = [name.removeprefix(PREFIX) for name in reports.columns if name.startswith(PREFIX)]
    recorded = sorted(int(level) for level in named if level.isdecimal())
    went_on = reports.decisions == Decision.CONTINUE.value
    found = recorded or [int(resource) for resource in np.unique(reports.resources[~went_on & reports.succeeded])]
    return found if len(found) <= MOST_RUNGS else []
