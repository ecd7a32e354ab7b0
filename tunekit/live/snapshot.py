"""What is known of a run that is watched, in values that never change: one thread makes them, another shows them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.run_spec import TIME_LIMIT, RunSpec, built_in_criteria
from tunekit.config.specs.titles import recorded_title
from tunekit.console import duration, plural
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Scalar, Trial
from tunekit_core.contracts.view import ExperimentView, Failure, Incumbent
from tunekit_core.number_text import format_number
from tunekit_core.space.domain import as_lists

COUNTED = {  # criteria that end a run at a number, what they count, and how to say how much of it is left
    "max_num_trials_started": ("n_started", "trial", " left to start"),
    "max_num_trials_completed": ("n_completed", "trial", " left to complete"),
    "max_num_trials_finished": ("n_finished", "trial", " left to finish"),
    "max_num_evaluations": ("n_reports", "report", " left"),
}


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
    n_waiting: int = 0

    @classmethod
    def of(cls, view: ExperimentView) -> Counts:
        """The counters of an experiment."""
        return cls(*(getattr(view, field.name) for field in attrs.fields(cls)))

    @property
    def n_finished(self) -> int:
        """Trials that were completed, stopped or failed."""
        return self.n_completed + self.n_stopped + self.n_failed

    def __str__(self) -> str:
        counts = {
            "running": self.n_running - self.n_waiting,
            "waiting": self.n_waiting,
            "paused": self.n_paused,
            "completed": self.n_completed,
            "stopped": self.n_stopped,
            "failed": self.n_failed,
        }
        numbers = [f"{n:,} {kind}" for kind, n in counts.items() if n]
        details = f" ({', '.join(numbers)})" if numbers else ""
        return f"{plural(self.n_started, 'trial')}{details}, {plural(self.n_reports, 'report')}"


@attrs.frozen
class RunInfo:
    """What is known of a run before it begins.

    Attributes:
        title: Method, benchmark and seed.
        metric: Name of what is optimised.
        resource: Name of what trials spend, such as ``"epoch"``.
        max_resource: Where a trial is complete, if that is known.
        searched: The hyperparameters that differ between trials.
    """

    title: str
    metric: str
    resource: str
    max_resource: int | None
    searched: tuple[str, ...]

    @classmethod
    def of(cls, spec: RunSpec, problem: Problem) -> RunInfo:
        """What is known of this run."""
        return cls(
            title=f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}",
            metric=problem.objective.metric[0],
            resource=problem.objective.resource or "report",
            max_resource=problem.max_resource,
            searched=tuple(problem.space.searched),
        )

    @classmethod
    def recorded(cls, name: str, metadata: Mapping[str, Any], problem: Problem) -> RunInfo:
        """What the metadata of an experiment tell of it, whichever process runs it.

        Args:
            name: What it is called if no method and benchmark are told.
            metadata: Its ``metadata.json``.
            problem: What is tuned.
        """
        return cls(
            title=recorded_title(name, metadata),
            metric=problem.objective.metric[0],
            resource=problem.objective.resource or "report",
            max_resource=problem.max_resource,
            searched=tuple(problem.space.searched),
        )

    def searched_values(self, configuration: Mapping[str, Any]) -> list[str]:
        """The searched values of a configuration, such as ``lr=0.01``."""
        return searched_values(self.searched, configuration)


def searched_values(searched: Sequence[str], configuration: Mapping[str, Any]) -> list[str]:
    """The values of some hyperparameters in a configuration, such as ``lr=0.01``."""
    return [f"{name}={format_number(as_lists(configuration[name]))}" for name in searched]


@attrs.frozen
class RunningTrial:
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

    @classmethod
    def of(cls, trial: Trial, metric: str, began: float, *, ending: str = "", devices: str = "") -> RunningTrial:
        """What is shown of a trial that runs.

        Args:
            trial: The trial.
            metric: Name of what is optimised.
            began: When it was sent off, in seconds since the experiment began.
            ending: As among the attributes.
            devices: As among the attributes.
        """
        report = trial.last_report
        if report is None:
            return cls(trial.id, trial.until, heard=began, ending=ending, devices=devices)
        return cls(trial.id, trial.until, report.time, report.resource, report.metrics[metric], ending, devices)


@attrs.frozen
class Snapshot:
    """A run at one moment.

    Attributes:
        now: Seconds since the experiment began.
        counts: Trials and reports.
        running: The trials that run.
        columns: What the scheduler tells about itself.
        incumbent: The best report so far.
        newest_failure: The trial that failed last.
        reason: Why the run ends, once it does.
        notes: What else is to be said of it, each a line.
        ends: Options of the criteria that end it now and are tunekit's own, by name.
    """

    now: float
    counts: Counts
    running: tuple[RunningTrial, ...] = ()
    columns: tuple[tuple[str, Scalar], ...] = ()
    incumbent: Incumbent | None = None
    newest_failure: Failure | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()
    ends: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)

    @property
    def remaining(self) -> list[str]:
        """What is left until criteria end the run, as texts: of those that end it at a time or a number."""
        texts = []
        if TIME_LIMIT in self.ends:
            texts.append(f"{duration(max(0.0, self.ends[TIME_LIMIT]['seconds'] - self.now))} left")
        for name, (counted, noun, rest) in COUNTED.items():
            if name in self.ends:
                n_left = max(0, self.ends[name]["count"] - getattr(self.counts, counted))
                texts.append(plural(n_left, noun) + rest)
        return texts


def recorded_ends(metadata: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """What ends an experiment by its ``metadata.json``, as :attr:`Snapshot.ends`."""
    config = metadata.get("config")
    criteria = config.get("stopping") if isinstance(config, Mapping) else None
    criteria = criteria if isinstance(criteria, Mapping) else {}
    return built_in_criteria({name: each for name, each in criteria.items() if isinstance(each, Mapping)})


def held(folder: Path) -> str:
    """What is said of an experiment that is paused, with what is typed to have it continue.

    Args:
        folder: Of the experiment.
    """
    how = continue_command(folder)
    return f"It is paused: what runs goes on, and nothing new begins until it is told to continue, by: {how}"


def continue_command(folder: Path) -> str:
    """What is typed to have an experiment continue that is paused.

    Args:
        folder: Of the experiment.
    """
    return f"python -m tunekit steer {shlex.quote(str(folder))} continue"
