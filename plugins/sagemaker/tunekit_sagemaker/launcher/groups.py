"""Which runs are in one job."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence

import attrs

from tunekit_core import LaunchedRun

SIMULATOR = "simulator"  # the backend of runs in which time is simulated
MOST_NAMED = 3  # methods or problems in a title
DIGITS = 8


@attrs.frozen
class Group:
    """Runs that are in one job.

    Attributes:
        runs: The runs, in the order in which they were asked for.
    """

    runs: tuple[LaunchedRun, ...]

    @property
    def title(self) -> str:
        """What is in it, for people: ``"ASHA, seeds 0 to 19"``."""
        problems = _distinct(run.problem for run in self.runs)
        parts = [_named(_distinct(run.method for run in self.runs), "methods"), _seeds(self.seeds)]
        if len(problems) == 1:
            parts.insert(1, problems[0])
        return ", ".join(parts)

    @property
    def seeds(self) -> list[int]:
        """Its seeds, sorted."""
        return sorted({run.seed for run in self.runs})

    @property
    def label(self) -> str:
        """What it is called in the names of jobs: its method, if it is one, and its seed."""
        methods = _distinct(run.method for run in self.runs)
        parts = methods if len(methods) == 1 else [f"{len(methods)}-methods"]
        return "-".join([*parts, *(map(str, self.seeds) if len(self.seeds) == 1 else ())])

    @property
    def digest(self) -> str:
        """What tells it from groups of other runs."""
        return hashlib.sha256("\n".join(sorted(map(folder_of, self.runs))).encode()).hexdigest()[:DIGITS]


def groups_of(runs: Sequence[LaunchedRun], group_by: Sequence[str] | None) -> list[Group]:
    """Groups of runs, each run in one of them, in the order in which they were asked for.

    Args:
        runs: The runs.
        group_by: In what the runs of a group agree, if not by the rule: of expensive runs, those in real time are
            alone, and simulated ones have one job for each method and seed; of others, a method has one job.
    """
    groups: dict[Hashable, list[LaunchedRun]] = {}
    for run in runs:
        groups.setdefault(_by_rule(run) if group_by is None else _by(run, group_by), []).append(run)
    return [Group(tuple(each)) for each in groups.values()]


def folder_of(run: LaunchedRun) -> str:
    """What tells a run from others: its folder, relative to that of results. Runs of two methods may have one hash."""
    return str(run.folder)


def is_simulated(run: LaunchedRun) -> bool:
    """Whether its time is simulated, so that it ends long before its time limit."""
    return run.seconds is None and run.backend == SIMULATOR


def _by_rule(run: LaunchedRun) -> Hashable:
    if not run.is_expensive:
        return run.method
    return (run.method, run.seed) if is_simulated(run) else run.folder


def _by(run: LaunchedRun, group_by: Sequence[str]) -> Hashable:
    values = {"method": run.method, "problem": run.problem, "dataset": run.dataset, "seed": run.seed, "run": run.folder}
    return tuple(values[field] for field in group_by)


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _named(names: Sequence[str], what: str) -> str:
    return " and ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} {what}"


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {', '.join(map(str, seeds))}" if len(seeds) <= MOST_NAMED else f"{len(seeds)} seeds"
