"""What ``python -m tunekit`` does once its command line is composed: check everything, run what is left, answer."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.run_spec import RunSpec
from tunekit.config.schema import QUIET
from tunekit.console import say
from tunekit.live.progress import progress
from tunekit.results import summary as answer
from tunekit.results.best_so_far import read_best_so_far
from tunekit.results.comparison import FinishedRun, compare
from tunekit.results.figure import draw
from tunekit.results.index import write_index
from tunekit.runs.batch import available_cores, execute
from tunekit.runs.planning import check_runs, plan_runs, tell_plan
from tunekit.runs.run import COMPLETED, FAILED, INTERRUPTED, Outcome, failures_of, status_of
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import read_metadata

SUCCEEDED, SOME_FAILED, STOPPED_BY_USER = 0, 1, 130


@attrs.frozen
class Request:
    """What is to be run, and how.

    Attributes:
        command: The command line, to be typed again.
        debug: Show where runs failed.
        configs: Composed configurations, in plain dicts.
        is_sweep: Whether the answer is a comparison.
        n_jobs: Runs at the same time; ``None`` takes as many as there are cores, and one where trials are processes.
        plan: List what would run, and end.
    """

    command: str
    debug: bool
    configs: Sequence[Mapping[str, Any]] = ()
    is_sweep: bool = False
    n_jobs: int | None = None
    plan: bool = False


def respond(request: Request) -> int:
    """Run what is not complete yet, and print the answer.

    Returns:
        The exit status.

    Raises:
        TunekitError: If any of the configurations is refused; nothing has been run or written then.
    """
    return carry_out(plan_runs(request.configs), request)


def carry_out(specs: Sequence[RunSpec], request: Request) -> int:
    """As :func:`respond`, for runs that are known."""
    n_jobs = _n_jobs(request, specs)
    statuses = {spec.folder: status_of(spec.folder) for spec in specs}
    left = [spec for spec in specs if statuses[spec.folder] != COMPLETED]
    check_runs(left)
    if request.plan:
        tell_plan(specs, statuses)
        return SUCCEEDED
    is_quiet = all(spec.verbosity == QUIET for spec in specs)
    if not is_quiet:
        _say_what_is_there(specs, left, n_jobs)
    outcomes = _run(left, n_jobs, is_quiet=is_quiet)
    if any(outcome.status == INTERRUPTED for outcome in outcomes.values()):
        return _tell_interruption(specs, request)
    complete = [spec for spec in specs if _status(outcomes, spec) == COMPLETED]
    all_written = True
    if request.is_sweep:
        all_written = _tell_sweep(specs, complete)
    elif complete:
        outcome = outcomes.get(specs[0].folder)
        seconds = None if outcome is None else outcome.seconds
        command = request.command if request.configs else None  # that of a run which was resumed has no seed
        answer.tell_run(specs[0], read_metadata(specs[0].folder), seconds, command)
    all_succeeded = _tell_failures(specs, outcomes, request)
    return SUCCEEDED if all_written and all_succeeded else SOME_FAILED


def _n_jobs(request: Request, specs: Sequence[RunSpec]) -> int:
    if request.n_jobs is None:
        in_real_time = any(spec.can_go_on for spec in specs)  # each uses the whole machine already
        return 1 if in_real_time else available_cores()
    if request.n_jobs < 1:
        raise ConfigurationError(
            f"hydra.sweeper.n_jobs={request.n_jobs} must be at least 1; null takes as many as there are cores.",
            option="hydra.sweeper.n_jobs",
            value=request.n_jobs,
        )
    return request.n_jobs


def _say_what_is_there(specs: Sequence[RunSpec], left: Sequence[RunSpec], n_jobs: int) -> None:
    complete = [spec for spec in specs if spec not in left]
    if len(specs) > 1:
        at_once = f", {min(n_jobs, len(left))} at the same time" if len(left) > 1 else ""
        say(f"{len(specs)} runs: {len(complete)} complete, {len(left)} to run{at_once}.")
    elif left:
        say(f"Running in {left[0].folder}")
    answer.tell_other_versions([spec.folder for spec in complete])


def _run(specs: Sequence[RunSpec], n_jobs: int, *, is_quiet: bool) -> dict[Path, Outcome]:
    """Outcomes by folder; after an interruption some are missing."""
    outcomes: dict[Path, Outcome] = {}
    if len(specs) == 1:
        execute(specs, 1, lambda spec, outcome: outcomes.update({spec.folder: outcome}), is_watched=True)
    elif specs:
        with progress(len(specs), is_quiet=is_quiet) as shown:

            def note(spec: RunSpec, outcome: Outcome) -> None:
                outcomes[spec.folder] = outcome
                shown.advance(outcome)

            execute(specs, n_jobs, note)
    return outcomes


def _tell_sweep(specs: Sequence[RunSpec], complete: Sequence[RunSpec]) -> bool:
    """Print the comparison, draw it and write the index; false if a file could not be written."""
    panels = compare([_finished(spec) for spec in complete])
    if panels:
        answer.tell_sweep(panels)
    try:
        figures = draw(panels, answer.figure_stem(specs)) if panels else []
        answer.tell_files(figures, _write_indices(specs))
    except OSError as error:
        say(f"The runs are kept, but the figure or the index could not be written: {error}", style="red")
        return False
    return True


def _write_indices(specs: Sequence[RunSpec]) -> list[Path]:
    return [write_index(folder) for folder in sorted({spec.tag_folder for spec in specs}) if folder.is_dir()]


def _finished(spec: RunSpec) -> FinishedRun:
    metadata = read_metadata(spec.folder)
    return FinishedRun(spec, metadata, read_best_so_far(spec.folder, metadata))


def _tell_failures(specs: Sequence[RunSpec], outcomes: Mapping[Path, Outcome], request: Request) -> bool:
    """Say which runs failed, why, and how to run them again; true if none did."""
    failed = [(spec, outcomes[spec.folder]) for spec in specs if _status(outcomes, spec) == FAILED]
    if not failed:
        return True
    say(f"{len(failed)} of {len(specs)} runs failed:", style="red")
    for spec, outcome in failed:
        say(f"  {spec.method_name} on {spec.problem_name}, seed {spec.seed}: {outcome.reason}")
        say(f"    {spec.folder}")
        for failure in failures_of(spec.folder)[:1]:
            say(textwrap.indent(f"trial {failure['trial_id']}: {failure['reason']}", "    "))
        if request.debug and outcome.details:
            say(outcome.details)
    say(f"To run only these, type the same command again: {request.command}")
    return False


def _tell_interruption(specs: Sequence[RunSpec], request: Request) -> int:
    complete = sum(status_of(spec.folder) == COMPLETED for spec in specs)
    _write_indices(specs)
    say(f"Interrupted: {complete} of {len(specs)} runs are complete. To go on, type: {request.command}")
    return STOPPED_BY_USER


def _status(outcomes: Mapping[Path, Outcome], spec: RunSpec) -> str:
    return outcomes[spec.folder].status if spec.folder in outcomes else COMPLETED
