"""How many runs of a plan are run at the same time, and why one where it is one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tunekit.config.planning import Plan
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural
from tunekit.runs.batch import available_cores

ONE_BY_ONE = ", since their trials run in real time: hydra.sweeper.n_jobs=2 runs two"


@attrs.frozen
class AtOnce:
    """How many runs are run at the same time.

    Attributes:
        n_jobs: How many, at least 1.
        reason: Why it is not as many as there are cores, to follow the number; empty if it is, or was asked for.
    """

    n_jobs: int
    reason: str = ""


def at_once_of(plan: Plan) -> AtOnce:
    """How many runs of a plan are run at the same time."""
    if plan.n_jobs is not None:
        return AtOnce(plan.n_jobs)
    in_real_time = any(spec.can_restore for spec in plan.specs)  # each uses the whole machine already
    return AtOnce(1, ONE_BY_ONE) if in_real_time else AtOnce(available_cores())


def counts_of_runs(specs: Sequence[RunSpec], left: Sequence[RunSpec], at_once: AtOnce) -> str:
    """How many runs there are, are complete and are left, as a sentence.

    Args:
        specs: The runs.
        left: Those of them that are not complete.
        at_once: How many are run at the same time.
    """
    n = min(at_once.n_jobs, len(left))
    how_many = f", {n} at the same time{at_once.reason}" if len(left) > 1 else ""
    return f"{plural(len(specs), 'run')}: {len(specs) - len(left)} complete, {len(left)} to run{how_many}."
