"""What ``python -m tunekit`` does once it is known what to run: check everything, run what is left, summarise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunekit.cli.at_once import AtOnce, at_once_of, counts_of_runs
from tunekit.cli.conclusion import anew, conclude, print_interruption
from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.interruption import raise_when_interrupted
from tunekit.cli.plan_page import print_plan
from tunekit.cli.sharding import runs_of_shard
from tunekit.cli.time_left import TimeLeft
from tunekit.config.planning import Plan
from tunekit.config.schema import QUIET
from tunekit.config.specs.run_spec import TIME_LIMIT, RunSpec
from tunekit.console import duration, print_stderr
from tunekit.live.progress import progress
from tunekit.results import summary
from tunekit.runs.batch import run_all
from tunekit.runs.checking import check_names, check_runs
from tunekit.runs.run import Outcome, set_aside_of
from tunekit.runs.selecting import left_out, with_status
from tunekit.runs.siblings import offer, sibling_of
from tunekit.sources import told
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.believed import Found, find

LIMIT = f"stopping.{TIME_LIMIT}"


def run_plan(plan: Plan, *, command: str, debug: bool, is_resumed: bool = False) -> int:
    """Run what is not complete yet, and print the summary.

    Args:
        plan: What is asked for.
        command: The command line, to be typed again.
        debug: Show where runs failed.
        is_resumed: Whether the command names a folder: then it has no seed that could be varied.

    Returns:
        The exit status.

    Raises:
        TunekitError: If one of the runs cannot be built or written; nothing has been run or written then.
    """
    specs = runs_of_shard(plan)
    check_names(plan.specs)
    found = find_all(specs)
    asked = with_status(specs, {folder: each.status for folder, each in found.items()}, plan.only)
    not_asked_for = left_out(len(specs) - len(asked), plan.only)
    if not_asked_for and not asked:
        print_stderr(f"Nothing to run.{not_asked_for}")
        return SUCCEEDED
    check_runs(left_of(asked, found), are_run=not plan.is_only_listed)
    if plan.is_only_listed:
        print_planned(plan, asked, found, not_asked_for)
        return SUCCEEDED
    raise_when_interrupted()
    how_anew = anew(plan.specs[0], command, is_resumed=is_resumed)
    outcomes = run_specs(asked, found, at_once_of(plan), how_anew, not_asked_for)
    if is_interrupted(left_of(asked, found), outcomes):
        return print_interruption(asked, command, outcomes)
    return conclude(plan, asked, outcomes, command=command, debug=debug, is_resumed=is_resumed)


def find_all(specs: Sequence[RunSpec]) -> dict[Path, Found]:
    """By folder what there is of each run."""
    return {spec.folder: find(spec.folder, spec.hash) for spec in specs}


def left_of(specs: Sequence[RunSpec], found: Mapping[Path, Found]) -> list[RunSpec]:
    """Those that are not complete."""
    return [spec for spec in specs if found[spec.folder].status is not ExperimentStatus.COMPLETED]


def print_planned(plan: Plan, specs: Sequence[RunSpec], found: Mapping[Path, Found], not_asked_for: str = "") -> None:
    """Print what of a plan would be run, and what is complete of it."""
    at_once, left = at_once_of(plan), left_of(specs, found)
    statuses = {folder: each.status for folder, each in found.items()}
    print_plan(specs, statuses, f"{counts_of_runs(specs, left, at_once)}{not_asked_for}", at_once.n_jobs)
    if any(spec.verbosity != QUIET for spec in specs):
        _print_siblings(left)


def run_specs(
    specs: Sequence[RunSpec], found: Mapping[Path, Found], at_once: AtOnce, how_anew: str, not_asked_for: str = ""
) -> dict[Path, Outcome]:
    """Run what is not complete of some runs, and tell what that is.

    Args:
        specs: The runs, at least one.
        found: What there is of each.
        at_once: How many are run at the same time.
        how_anew: What to type to have them begin anew.
        not_asked_for: How many others are left out, as a sentence.

    Returns:
        By folder what became of those that were run; after an interruption some are missing.
    """
    left = left_of(specs, found)
    is_quiet = all(spec.verbosity == QUIET for spec in specs)  # of no specs, too
    if not is_quiet:
        _print_what_is_left(specs, left, at_once, how_anew, not_asked_for)
        for spec in specs:
            if found[spec.folder].damage:
                print_stderr(f"Not complete: {found[spec.folder].damage}.")
        print_sources(left)
        _print_limits(left)
        _print_siblings(left)
    outcomes = _run(left, at_once.n_jobs, is_quiet=is_quiet)
    for folder in outcomes:
        for name, reason in set_aside_of(folder).items():
            print_stderr(f"Kept as {folder / name}: {reason}.")
    return outcomes


def is_interrupted(left: Sequence[RunSpec], outcomes: Mapping[Path, Outcome]) -> bool:
    """Whether some of the runs that were to be run did not come to their end, and nothing is wrong with them."""
    has_missing = any(spec.folder not in outcomes for spec in left)  # though all that had begun came to their end
    return has_missing or any(outcome.status is ExperimentStatus.INTERRUPTED for outcome in outcomes.values())


def _print_what_is_left(
    specs: Sequence[RunSpec], left: Sequence[RunSpec], at_once: AtOnce, anew: str, not_asked_for: str
) -> None:
    complete = [spec for spec in specs if spec not in left]
    if len(specs) > 1 or not_asked_for:
        print_stderr(f"{counts_of_runs(specs, left, at_once)}{not_asked_for}")
    elif left:
        print_stderr(f"Running in {left[0].folder}")
    summary.print_other_versions([spec.folder for spec in complete], anew)


def print_sources(left: Sequence[RunSpec]) -> None:
    """Print which files count as the programs of runs."""
    for names in dict.fromkeys(tuple(spec.sources) for spec in left if spec.sources is not None):
        print_stderr(told(names))


def _print_limits(left: Sequence[RunSpec]) -> None:
    """Print after which time runs end whose trials run in real time."""
    which = "It ends" if len(left) == 1 else "Each ends"
    for seconds in dict.fromkeys(spec.seconds_at_most for spec in left if spec.seconds_at_most is not None):
        print_stderr(f"{which} after {duration(seconds)} at the latest; {LIMIT}=SECONDS says otherwise.")


def _print_siblings(left: Sequence[RunSpec]) -> None:
    """Print which experiments could go on instead of beginning anew."""
    found = [(sibling, spec) for spec in left if (sibling := sibling_of(spec)) is not None]
    for sibling, spec in found[:1]:
        print_stderr(offer(sibling, spec))
    if len(found) > 1:
        print_stderr(f"So it is with {len(found) - 1} more of these runs.")


def _run(specs: Sequence[RunSpec], n_jobs: int, *, is_quiet: bool) -> dict[Path, Outcome]:
    """Outcomes by folder; after an interruption some are missing."""
    outcomes: dict[Path, Outcome] = {}
    if len(specs) == 1:
        tell = (lambda text: None) if is_quiet else print_stderr
        run_all(specs, 1, lambda spec, outcome: outcomes.update({spec.folder: outcome}), tell, is_watched=True)
    elif specs:
        time_left = TimeLeft(specs, n_jobs)
        with progress(len(specs), time_left.text, is_quiet=is_quiet) as shown:

            def note(spec: RunSpec, outcome: Outcome) -> None:
                outcomes[spec.folder] = outcome
                if outcome.status is not ExperimentStatus.INTERRUPTED:  # it is left
                    time_left.note(spec, outcome.seconds)
                    shown.advance(has_failed=outcome.status is not ExperimentStatus.COMPLETED)

            run_all(specs, n_jobs, note, shown.wait)
    return outcomes
