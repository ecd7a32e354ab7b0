"""``--plan``: what would run and what is complete, how long that would take, and how much it would write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from rich import box
from rich.table import Table

from tunekit.cli.time_left import UsualTimes, makespan
from tunekit.config.composition.sweep_options import MISSING
from tunekit.config.schema import EVERY_REPORT
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import duration, plural, print_stdout, printable, stdout_console
from tunekit.runs.durations import OTHER_ENDS, SAME_METHOD, SAME_PROBLEM, SAME_SETUP, Usual
from tunekit.runs.selecting import status_text
from tunekit.studies.grouping import Grouping
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.number_text import format_fixed

MOST_LISTED = 40  # runs; of more, setups are shown
NOTHING = "-"  # in place of a number that is not known, or of no run
SHORT = 60  # seconds; longer times have minutes
LIKES = (SAME_SETUP, SAME_PROBLEM, SAME_METHOD, OTHER_ENDS)
UNITS = ("bytes", "kB", "MB", "GB", "TB")
COMPLETE = ExperimentStatus.COMPLETED.value
ORDER = (*(status.value for status in ExperimentStatus if status is not ExperimentStatus.COMPLETED), MISSING)


@attrs.frozen
class Planned:
    """A run, as a plan shows it.

    Attributes:
        spec: The run.
        status: Its status in words.
        usual: What such runs have taken; ``None`` if that is not known, or it is complete.
    """

    spec: RunSpec
    status: str
    usual: Usual | None


def print_plan(
    specs: Sequence[RunSpec], statuses: Mapping[Path, ExperimentStatus | None], counts: str, n_jobs: int
) -> None:
    """Print the runs if they are few, else setups with the number of runs of each status, then what is left in all.

    Args:
        specs: The runs.
        statuses: By folder the status of what is there; ``None`` if there is nothing that counts.
        counts: How many runs are complete and left, as a sentence.
        n_jobs: How many would run at the same time.
    """
    usual = UsualTimes()
    planned = []
    for spec in specs:
        status = status_text(statuses[spec.folder])
        known = None if status == COMPLETE else usual.of(spec)
        planned.append(Planned(spec, status, known))
    has_many = len(specs) > MOST_LISTED
    if has_many:
        _print_setups(planned)
    if not has_many or any(spec.verbosity == EVERY_REPORT for spec in specs):
        _print_runs(planned)
    print_stdout(counts)
    left = [each for each in planned if each.status != COMPLETE]
    if left:
        for line in _what_it_takes(left, n_jobs):
            print_stdout(line)


def _print_runs(planned: Sequence[Planned]) -> None:
    """The runs, each with its setup, which tells it from the others, and the status of what is in its folder."""
    labels = Grouping().labels([each.spec.metadata() for each in planned])
    table = Table("", "setup", "problem", "seed", "status", "folder", box=box.SIMPLE_HEAD)
    for number, (each, (setup, problem)) in enumerate(zip(planned, labels, strict=True)):
        table.add_row(
            str(number), printable(setup), printable(problem), str(each.spec.seed), each.status, str(each.spec.folder)
        )
    stdout_console().print(table)


def _print_setups(planned: Sequence[Planned]) -> None:
    """Setups on problems, each with the number of runs of each status and what is left of it."""
    labels = Grouping().labels([each.spec.metadata() for each in planned])
    groups: dict[tuple[str, str], list[Planned]] = {}
    for label, each in zip(labels, planned, strict=True):
        groups.setdefault(label, []).append(each)
    there = {each.status for each in planned}
    shown = [status for status in ORDER if status in there]
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("setup", "problem"):
        table.add_column(name)
    for name in ("runs", "complete", *shown, "each takes", "left"):
        table.add_column(name, justify="right")
    for (setup, problem), members in groups.items():
        counts = Counter(each.status for each in members)
        left = [each.usual for each in members if each.status != COMPLETE]
        known = [each.seconds for each in left if each is not None]
        takes = _seconds(sum(known) / len(known)) if known else NOTHING
        in_all = _seconds(sum(known)) if known and len(known) == len(left) else NOTHING
        numbers = [str(counts[status]) if counts[status] else NOTHING for status in (COMPLETE, *shown)]
        table.add_row(setup, problem, str(len(members)), *numbers, takes, in_all)
    stdout_console().print(table)


def _what_it_takes(left: Sequence[Planned], n_jobs: int) -> list[str]:
    """Sentences about the time, the files and the bytes of what is left, and how they are known."""
    known = [each.usual for each in left if each.usual is not None]
    limits = [each.spec.seconds_at_most for each in left]
    limited = [seconds for seconds in limits if seconds is not None]
    at_most = []
    if len(known) < len(left) == len(limited):
        at_most = [f"At most about {_seconds(makespan(limited, n_jobs))}, by stopping.max_wallclock_time."]
    if not known:
        return ["How long that takes is not known: no run of these methods is complete here yet.", *at_most]
    n_unknown = len(left) - len(known)
    without = f", without {plural(n_unknown, 'run')} of methods of which none is complete here yet" if n_unknown else ""
    seconds = makespan([each.seconds for each in known], n_jobs)
    n_files, n_bytes = sum(each.n_files for each in known), sum(each.n_bytes for each in known)
    likes = Counter(each.like for each in known)
    how = "; ".join(f"{like}, for {plural(likes[like], 'run')}" for like in LIKES if likes[like])
    return [
        f"About {_seconds(seconds)}, {plural(round(n_files), 'file')} and {size(n_bytes)}{without}.",
        f"Known from complete runs of: {how}.",
        *at_most,
    ]


def _seconds(seconds: float) -> str:
    return f"{format_fixed(seconds, 1)} s" if seconds < SHORT else duration(seconds)


def size(n_bytes: float) -> str:
    """An amount of data for people.

    >>> size(12), size(45_600_000)
    ('12 bytes', '45.6 MB')
    """
    for unit in UNITS:
        if n_bytes < 1000 or unit == UNITS[-1]:
            break
        n_bytes /= 1000
    return f"{format_fixed(n_bytes, 0 if unit == UNITS[0] else 1)} {unit}"
