"""What ``python -m tunekit`` does with a launcher: bring home, launch what is left, or say what that would be."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.interruption import raise_when_interrupted
from tunekit.cli.run import print_sources, run_plan
from tunekit.config.planning import Plan
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural, print_stderr, print_stdout, stdout_console
from tunekit.runs.checking import check_names, check_runs
from tunekit.runs.launching import launch_of
from tunekit.runs.selecting import left_out, with_status
from tunekit_core.contracts.launchers import LaunchedJob, Launcher
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ExperimentLocked
from tunekit_core.number_text import format_fixed
from tunekit_core.records.believed import find
from tunekit_core.records.lock import writer_of

UNKNOWN = "unknown"
AT_MOST, ESTIMATED = "≤", "≈"


def launch_plan(plan: Plan, launcher: Launcher, *, command: str, debug: bool) -> int:
    """Launch what is not complete, here or elsewhere; where all of it is, print the summary.

    Args:
        plan: What is asked for.
        launcher: What runs it elsewhere.
        command: The command line, to be typed again.
        debug: As for :func:`~tunekit.cli.run.run_plan`.

    Returns:
        The exit status.

    Raises:
        TunekitError: If one of the runs cannot be launched; nothing has been begun then.
    """
    check_names(plan.specs)
    specs, left = _asked_for(plan)
    check_runs(left, are_run=False)
    if plan.is_only_listed:
        launch = launch_of(left, launcher=launcher.name, command=command, with_durations=True) if left else None
        _print_jobs(specs, [] if launch is None else launcher.plan(launch))
        return SUCCEEDED
    incomplete = _left(plan.specs)
    launch = launch_of(incomplete, launcher=launcher.name, command=command) if incomplete else None
    raise_when_interrupted()
    if launch is not None:
        launcher.check(launch)
        launcher.collect(launch)
        specs, left = _asked_for(plan)  # as what is home now says
    if not left:
        return run_plan(plan, command=command, debug=debug)
    for spec in left:
        if (writer := writer_of(spec.folder)) is not None:
            raise ExperimentLocked(
                f"{spec.folder} is being run by {writer}. Wait until that has ended, or interrupt it, and type the "
                "command again."
            )
    launch = launch_of(left, launcher=launcher.name, command=command)
    counts = f"{len(specs) - len(left)} complete, {len(left)} to launch."
    not_asked_for = left_out(len(plan.specs) - len(specs), plan.only)
    print_stderr(f"{plural(len(specs), 'run')}: {counts}{not_asked_for}")
    print_sources(left)
    return SUCCEEDED if launcher.launch(launch, print_stderr) else SOME_FAILED


def _asked_for(plan: Plan) -> tuple[list[RunSpec], list[RunSpec]]:
    """The runs that a plan asks for, by the statuses that it names, and those of them that are not complete."""
    statuses = {spec.folder: find(spec.folder, spec.hash).status for spec in plan.specs}
    specs = with_status(plan.specs, statuses, plan.only)
    return specs, [spec for spec in specs if statuses[spec.folder] is not ExperimentStatus.COMPLETED]


def _left(specs: Sequence[RunSpec]) -> list[RunSpec]:
    return [spec for spec in specs if find(spec.folder, spec.hash).status is not ExperimentStatus.COMPLETED]


def _print_jobs(specs: Sequence[RunSpec], jobs: Sequence[LaunchedJob]) -> None:
    table = Table("job", "runs", "where", "hours", "dollars", box=box.SIMPLE_HEAD)
    for job in jobs:
        sign = ESTIMATED if job.is_estimate else AT_MOST
        hours, dollars = _number(job.hours, sign, 1), _number(job.dollars, sign, 2)
        table.add_row(job.name, str(len(job.runs)), job.place, hours, dollars)
    if jobs:
        stdout_console().print(table)
    n_left = sum(len(job.runs) for job in jobs)
    print_stdout(f"{plural(len(specs), 'run')}: {len(specs) - n_left} complete here, {n_left} left.")
    if jobs:
        hours, dollars = _total([job.hours for job in jobs], 1), _total([job.dollars for job in jobs], 2)
        print_stdout(f"{plural(len(jobs), 'job')}. Hours: {hours}. Dollars: {dollars}.")
        print_stdout(_how_known(jobs))
    for job in jobs:
        if job.note:
            print_stdout(job.note)


def _how_known(jobs: Sequence[LaunchedJob]) -> str:
    """What the signs before the numbers mean, and why some are not known."""
    said = []
    if any(job.hours is not None and not job.is_estimate for job in jobs):
        said.append(f"{AT_MOST}: by the time limit of the job.")
    if any(job.hours is not None and job.is_estimate for job in jobs):
        said.append(f"{ESTIMATED}: what such runs have taken here.")
    if any(job.hours is None for job in jobs):
        said.append("Unknown hours: no such run is complete here yet. Run one seed of each method here to have them.")
    return " ".join(said)


def _number(value: float | None, sign: str, decimals: int) -> str:
    return UNKNOWN if value is None else f"{sign} {format_fixed(value, decimals)}"


def _total(values: Sequence[float | None], decimals: int) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return UNKNOWN
    others = "" if len(known) == len(values) else f" for {len(known)} of the jobs, {UNKNOWN} for the others"
    return f"{format_fixed(sum(known), decimals)}{others}"
