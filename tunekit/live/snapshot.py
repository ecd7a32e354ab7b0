"""Where a run stands while it runs, in values that nobody changes: the tuner makes them, another thread shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from tunekit.config.run_spec import TIME_LIMIT, RunSpec
from tunekit.console import duration
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Scalar
from tunekit_core.contracts.view import ExperimentView, Failure, Incumbent

COUNTED = {  # criteria that end a run at a number, what they count, and how to say how much of it is left
    "max_num_trials_started": ("n_started", "trial", " left to start"),
    "max_num_trials_completed": ("n_completed", "trial", " left to complete"),
    "max_num_trials_finished": ("n_finished", "trial", " left to finish"),
    "max_num_evaluations": ("n_reports", "report", " left"),
}


COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # what scripts print in colour


@attrs.frozen
class Subject:
    """What is watched.

    Attributes:
        title: Method, benchmark and seed.
        metric: Name of what is optimised.
        resource: Name of what trials spend, such as ``"epoch"``.
        max_resource: Where a trial is complete, if that is known.
        searched: The hyperparameters that differ between trials.
        stopping: Options of the criteria, by name.
    """

    title: str
    metric: str
    resource: str
    max_resource: int | None
    searched: tuple[str, ...]
    stopping: Mapping[str, Mapping[str, Any]]

    def left(self, counts: Counts, now: float) -> list[str]:
        """What is left until criteria end the run, for people: those whose numbers are known."""
        left = []
        if TIME_LIMIT in self.stopping:
            left.append(f"{duration(max(0.0, self.stopping[TIME_LIMIT]['seconds'] - now))} left")
        for name, (counted, noun, rest) in COUNTED.items():
            if name in self.stopping:
                number_left = max(0, self.stopping[name]["count"] - getattr(counts, counted))
                left.append(_plural(number_left, noun) + rest)
        return left

    def configuration(self, configuration: Mapping[str, Any]) -> list[str]:
        """The searched values of a configuration, such as ``lr=0.01``."""
        return [f"{name}={number(configuration[name])}" for name in self.searched]


@attrs.frozen
class Counts:
    """How many trials and reports there are; the names are those of the view."""

    n_started: int = 0
    n_running: int = 0
    n_paused: int = 0
    n_completed: int = 0
    n_stopped: int = 0
    n_failed: int = 0
    n_reports: int = 0

    @property
    def n_finished(self) -> int:
        """Trials that were completed, stopped or failed."""
        return self.n_completed + self.n_stopped + self.n_failed

    def __str__(self) -> str:
        kinds = ("running", "paused", "completed", "stopped", "failed")
        numbers = [f"{n:,} {kind}" for kind in kinds if (n := getattr(self, f"n_{kind}"))]
        what = f" ({', '.join(numbers)})" if numbers else ""
        return f"{_plural(self.n_started, 'trial')}{what}, {_plural(self.n_reports, 'report')}"


@attrs.frozen
class Row:
    """A trial that runs.

    Attributes:
        trial_id: Which.
        target: The resource that it was sent to.
        heard: When it was started or reported last, in seconds since the experiment began.
        resource: Where it reported last; ``None`` if it has not reported.
        value: The metric that it reported last.
        ending: ``"pausing"`` or ``"stopping"`` if its end was decided.
        devices: Where it runs, if the backend tells.
    """

    trial_id: int
    target: int | None
    heard: float
    resource: int | None = None
    value: Any = None
    ending: str = ""
    devices: str = ""


@attrs.frozen
class Standing:
    """Where a run stands.

    Attributes:
        now: Seconds since the experiment began.
        counts: Trials and reports.
        rows: The trials that run.
        columns: What the scheduler tells about itself.
        incumbent: The best report so far.
        failure: The trial that failed last.
        reason: Why the run ends, once it does.
    """

    now: float
    counts: Counts
    rows: tuple[Row, ...] = ()
    columns: tuple[tuple[str, Scalar], ...] = ()
    incumbent: Incumbent | None = None
    failure: Failure | None = None
    reason: str = ""


def subject_of(spec: RunSpec, problem: Problem) -> Subject:
    """What is to be known of a run beforehand."""
    return Subject(
        title=f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}",
        metric=problem.objective.metric[0],
        resource=problem.objective.resource or "report",
        max_resource=problem.max_resource,
        searched=tuple(problem.space.searched),
        stopping=spec.results["stopping"],
    )


def counts_of(view: ExperimentView) -> Counts:
    """The counters of an experiment."""
    return Counts(*(getattr(view, field.name) for field in attrs.fields(Counts)))


def _plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: Any) -> str:
    """A value in few digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def gist(reason: str) -> list[str]:
    """The first line of a reason, and the last if there are several: where a script failed, that names its error."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    return lines[:1] + lines[1:][-1:]


def printable(text: str) -> str:
    """One line, without anything that would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in COLOUR.sub("", text))
