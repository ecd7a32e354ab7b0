"""Which runs are to be made, which of them are missing, and the hours that they take."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from quality.split import BASELINE, BASELINE_SEEDS, CORE_HOURS, SMAC_METHODS, family_of, is_confirming, is_planned
from runs.peers import PEERS
from runs.run import Job, Run, key_of, recipe
from runs.tasks import open_task


def has_label(method: str) -> bool:
    """Whether runs of a method are of a version of our code: all but those of peers and of random search.

    What these find tells nothing about a change of ours, so that they may run on confirming tasks at any time.
    """
    return method not in PEERS and method != BASELINE


def planned(methods: Sequence[str], tasks: Sequence[str], n_seeds: int, label: str) -> list[Job]:
    """All jobs, seed by seed, so that every task has its share wherever one stops.

    Args:
        methods: Recipes and peers.
        tasks: Names of tasks whose data are there.
        n_seeds: Seeds from 0; random search has more, see :func:`quality.split.is_planned`.
        label: Version of the code, see :func:`has_label`.

    Raises:
        ValueError: If there is no such method or task.
    """
    recipes = {method: recipe(method) for method in methods}
    budgets = {task: open_task(task).max_wallclock_time for task in tasks}
    return [
        Job(method, recipes[method], task, seed, budgets[task], label if has_label(method) else "")
        for seed in range(max(n_seeds, BASELINE_SEEDS))
        for task in tasks
        for method in methods
        if is_planned(method, task, seed, n_seeds)
    ]


def missing(jobs: Iterable[Job], runs: Iterable[Run]) -> list[Job]:
    """Those that no run has been made of."""
    there = {run.key for run in runs}
    return [job for job in jobs if key_of(job) not in there]


def those_here(tasks: Iterable[str]) -> list[str]:
    """The tasks whose data are there; of those left out, the first of each family is named with the reason.

    Raises:
        ValueError: If confirming tasks are missing: what confirms is complete.
    """
    here, reasons = [], dict[str, str]()
    for task in tasks:
        try:
            open_task(task)
            here.append(task)
        except ValueError as error:
            if is_confirming(task):
                raise
            reasons.setdefault(family_of(task), f"{family_of(task)} is left out, at least in part. {error}")
    for reason in reasons.values():
        print(reason, file=sys.stderr)
    return here


def hours(runs: Sequence[Run], jobs: Sequence[Job]) -> str:
    """What has been spent, of what may be, and what the jobs will take as far as runs like them are known."""
    spent: dict[str, float] = {}
    for run in runs:
        part = "SMAC" if run.method in SMAC_METHODS else "confirming" if is_confirming(run.task) else "choosing"
        spent[part] = spent.get(part, 0.0) + run.processor_seconds / 3600
    parts = ", ".join(f"{allowed:g} for {what}" for what, allowed in CORE_HOURS.items())
    known = ", ".join(f"{value:.2f} for {part}" for part, value in spent.items()) or "none"
    expected = _Expected(runs)
    seconds = [expected.of(job) for job in jobs]
    to_come = sum(each for each in seconds if each is not None) / 3600
    unknown = sum(each is None for each in seconds)
    text = f"core-hours spent: {known}; of {sum(CORE_HOURS.values()):g} ({parts}). "
    text += f"To come: {len(jobs)} runs, {to_come:.2f} core-hours"
    return text + (f" and what {unknown} runs take of which nothing is known" if unknown else "") + "."


class _Expected:
    """Processor seconds of runs by method and task, or by method and family where the task is new to it."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = {}
        for run in runs:
            for where in {run.task, family_of(run.task)}:
                self._seconds.setdefault((run.method, where), []).append(run.processor_seconds)

    def of(self, job: Job) -> float | None:
        for where in (job.task, family_of(job.task)):
            seconds = self._seconds.get((job.method, where))
            if seconds:
                return sum(seconds) / len(seconds)
        return None
