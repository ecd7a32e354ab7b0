"""What jobs take at most, in hours and dollars, before one is begun."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunekit_core import LaunchedJob
from tunekit_sagemaker.aws.clients import region_in_use
from tunekit_sagemaker.aws.prices import SECONDS_PER_HOUR, price_list
from tunekit_sagemaker.jobs.options import LONGEST_RUN
from tunekit_sagemaker.launcher.groups import Group, is_simulated
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions

MARGIN, SECONDS_TO_SET_UP = 1.2, 600  # of the time limits of runs, which do not count what comes before and after
SECONDS_UNLESS_KNOWN = 86_400
SECONDS_TO_BEGIN = 300  # until an instance is there, has its image, and what that lacks is installed


def plan_of(groups: Sequence[Group], options: SageMakerLauncherOptions) -> list[LaunchedJob]:
    """Each job; the first says which quota they need."""
    kind = "spot training" if options.spot else "training"
    quota = f"'{options.instance_type} for {kind} job usage'"
    at_once = f"For all jobs at the same time the quota {quota} has to be {len(groups)}."
    return [_row(group, options, "" if number else at_once) for number, group in enumerate(groups)]


def max_run_of(group: Group, options: SageMakerLauncherOptions) -> int:
    """Seconds that the program of a job may run."""
    if options.max_run is not None:
        return options.max_run
    limits = [run.seconds for run in group.runs]
    known = [seconds for seconds in limits if seconds is not None]
    if len(known) < len(limits):
        return SECONDS_UNLESS_KNOWN
    return min(LONGEST_RUN, math.ceil(MARGIN * sum(known) + SECONDS_TO_SET_UP))


def _seconds(group: Group, options: SageMakerLauncherOptions) -> tuple[float | None, bool]:
    """How long a job takes, and whether that is an estimate: a simulated run takes what its suggestions take."""
    if options.max_run is not None or not any(is_simulated(run) for run in group.runs):
        return max_run_of(group, options), False
    usual = [run.usual_seconds for run in group.runs]
    known = [seconds for seconds in usual if seconds is not None]
    return (sum(known) + SECONDS_TO_BEGIN, True) if len(known) == len(usual) else (None, True)


def _row(group: Group, options: SageMakerLauncherOptions, note: str) -> LaunchedJob:
    seconds, is_estimate = _seconds(group, options)
    hours = None if seconds is None else seconds / SECONDS_PER_HOUR
    price = price_list(options.prices, region_in_use(options.region)).of(options.instance_type)
    dollars = None if hours is None or price is None else hours * price
    return LaunchedJob(
        name=group.title,
        runs=group.runs,
        place=f"1 x {options.instance_type}",
        hours=hours,
        dollars=dollars,
        is_estimate=is_estimate,
        note=note,
    )
