"""What is printed when runs have come to their ends, or were interrupted: the comparison, what failed, what to type."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.interruption import write_last_line
from tunekit.cli.sharding import what_others_miss
from tunekit.config.planning import Plan
from tunekit.config.specs.identity import ends_of
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import print_stderr, print_stdout
from tunekit.figures.best_values import draw, figure_stem, what_is_not_drawn
from tunekit.results import summary
from tunekit.results.best_so_far import metric_and_constraint
from tunekit.results.counts import trials_and_failures
from tunekit.results.index import write_index
from tunekit.runs.interruption import exit_status
from tunekit.runs.run import Outcome, counts_of, first_failure_of, status_of
from tunekit.studies.collection import Study, collect
from tunekit.studies.comparison import compare
from tunekit.studies.fixed_comparisons import fixed_beside
from tunekit.studies.tables import print_panels, print_verdicts
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError
from tunekit_core.randomness import effective_seed
from tunekit_core.records.files import read_metadata


def conclude(
    plan: Plan,
    specs: Sequence[RunSpec],
    outcomes: Mapping[Path, Outcome],
    *,
    command: str,
    debug: bool,
    is_resumed: bool = False,
) -> int:
    """Print what the runs have come to.

    Args:
        plan: What was asked for.
        specs: The runs of it that this process was to see to.
        outcomes: By folder what became of those that were run.
        command: The command line, to be typed again.
        debug: Show where runs failed.
        is_resumed: As for :func:`~tunekit.cli.run.run_plan`.

    Returns:
        The exit status.
    """
    became = {folder: outcome.became for folder, outcome in outcomes.items() if outcome.became is not None}
    if missing := what_others_miss(plan, command):
        with suppress(OSError):  # whoever comes last writes them
            _write_indices(specs)
        all_succeeded = _print_others(specs, became, command)
        all_succeeded &= _print_failures(specs, outcomes, command, debug=debug, is_resumed=is_resumed)
        print_stderr(missing)
        return SUCCEEDED if all_succeeded else SOME_FAILED
    if plan.shard is not None:  # those of others are complete by now
        own, asked_for = plan.shard.own(plan.specs), {spec.folder for spec in specs}
        left_out_here = {spec.folder for spec in own} - asked_for
        specs = [spec for spec in plan.specs if spec.folder not in left_out_here]
    complete = [
        spec
        for spec in specs
        if _status(outcomes, spec) is ExperimentStatus.COMPLETED and (spec.folder not in became or not plan.is_sweep)
    ]
    all_written = True
    if plan.is_sweep:
        all_written = _print_and_draw_comparison(specs, complete, must_write=bool(outcomes))
        all_written &= _print_others(specs, became, command)
    elif complete:
        outcome = outcomes.get(specs[0].folder)
        seconds = None if outcome is None else outcome.seconds
        spec = became.get(specs[0].folder, specs[0])
        summary.print_run_summary(spec, read_metadata(spec.folder), seconds, None if is_resumed else command)
    all_succeeded = _print_failures(specs, outcomes, command, debug=debug, is_resumed=is_resumed)
    return SUCCEEDED if all_written and all_succeeded else SOME_FAILED


def _print_others(planned: Sequence[RunSpec], became: Mapping[Path, RunSpec], command: str) -> bool:
    """Print which runs have become others than were asked for, and what to type for those; true if none has.

    Args:
        planned: Runs that were asked for.
        became: By folder what became of some of them.
        command: What was typed.
    """
    ends = {spec.folder: ends_of(spec.results) for spec in planned}
    edited = [spec for folder, spec in became.items() if ends_of(spec.results) == ends[folder]]
    extended = [spec for folder, spec in became.items() if ends_of(spec.results) != ends[folder]]
    if edited:
        _print_not_compared(edited, "their program was edited meanwhile")
        print_stderr(f"To have all with the program as it is now, type again: {command}")
    if extended:
        _print_not_compared(extended, "they got another end")
        print_stderr(
            "A report compares them as a setup of its own. To have such a run with the end of the others too, from its "
            f"beginning, type again: {command}"
        )
    return not became


def _print_not_compared(specs: Sequence[RunSpec], why: str) -> None:
    print_stderr(f"Not compared, since {why} ({len(specs)} of the runs):", style="red")
    for spec in specs:
        print_stderr(f"  {spec.folder}")


def _print_and_draw_comparison(specs: Sequence[RunSpec], complete: Sequence[RunSpec], *, must_write: bool) -> bool:
    """Print the comparison, draw it and write the index.

    Args:
        specs: All runs.
        complete: Those that are complete.
        must_write: Whether it is a failure if figure or index cannot be written: something was run, so it could be.

    Returns:
        False if it is one.
    """
    experiments = tuple(collect(spec.folder) for spec in complete)
    fixed, _ = fixed_beside(each.path for each in experiments)
    comparison = compare(Study(experiments, {}, {}, fixed, _seeds_asked_for(specs)))
    for warning in comparison.warnings:
        print_stderr(f"Check: {warning}.", style="yellow")
    panels = comparison.panels
    if panels:
        print_panels(panels)
        print_verdicts(comparison)
    metadata = {each.path: each.metadata for each in experiments}
    summary.print_failed_trials(metadata)
    summary.print_anomalies([*metadata.values()])
    summary.print_dropped_reports([*metadata.values()])
    if undrawn := what_is_not_drawn(panels):
        print_stdout(undrawn)
    problems = []
    figures: Sequence[Path] = []
    indices: Sequence[Path] = []
    try:
        figures = draw(panels, figure_stem(specs)) if panels else []
    except OSError as error:
        problems.append(f"the figure could not be written: {error}")
    try:
        indices = _write_indices(specs)
    except OSError as error:
        problems.append(f"the index could not be written: {error}")
    summary.print_file_paths(figures, indices)
    for problem in problems:
        print_stderr(f"The runs are kept, but {problem}", style="red" if must_write else None)
    return not (problems and must_write)


def _seeds_asked_for(specs: Sequence[RunSpec]) -> dict[str, frozenset[int]]:
    """By hash of a run the seeds of all runs that differ from it in their seed alone."""
    seeds: dict[str, set[int]] = {}
    for spec in specs:
        seeds.setdefault(spec.setting, set()).add(effective_seed(spec.results["random_seed"], spec.seed))
    return {spec.hash: frozenset(seeds[spec.setting]) for spec in specs}


def _write_indices(specs: Sequence[RunSpec]) -> list[Path]:
    return [write_index(folder) for folder in sorted({spec.tag_folder for spec in specs}) if folder.is_dir()]


def _print_failures(
    specs: Sequence[RunSpec], outcomes: Mapping[Path, Outcome], command: str, *, debug: bool, is_resumed: bool
) -> bool:
    """Print which runs failed, why, and how to run them again; true if none did."""
    failed = [(spec, outcomes[spec.folder]) for spec in specs if _status(outcomes, spec) is ExperimentStatus.FAILED]
    if not failed:
        return True
    print_stderr("The run failed:" if len(specs) == 1 else f"{len(failed)} of {len(specs)} runs failed:", style="red")
    for spec, outcome in failed:
        print_stderr(f"  {spec.method_name} on {spec.problem_name}, seed {spec.seed}: {outcome.reason}")
        if counts := counts_of(spec.folder):
            print_stderr(f"    {counts}")
        print_stderr(f"    {spec.folder}")
        if failure := first_failure_of(spec.folder):
            print_stderr(textwrap.indent(f"trial {failure['trial_id']}: {failure['reason']}", "    "))
        if debug and outcome.details:
            print_stderr(outcome.details)
    kept = [spec for spec, outcome in failed if outcome.cannot_go_on]
    if len(kept) < len(failed):
        mend = "First mend what went wrong in trials: the script, its surroundings, or the command. Then, to"
        gave_up = any(outcome.gave_up for _, outcome in failed)  # a bare second attempt would end alike
        print_stderr(f"{mend if gave_up else 'To'} run only what failed, type the same command again: {command}")
    if kept:
        print_stderr(f"To begin anew beside what is recorded, {anew(kept[0], command, is_resumed=is_resumed)}")
    return False


def anew(spec: RunSpec, command: str, *, is_resumed: bool) -> str:
    """What to type to have a run begin anew beside what is there, as the end of a sentence."""
    what = "type the command that made it, with" if is_resumed else f"type: {command}"
    return f"{what} experiment_tag={spec.experiment_tag}-anew"


def print_interruption(specs: Sequence[RunSpec], command: str, outcomes: Mapping[Path, Outcome]) -> int:
    """Print how far some runs have come and how to go on, and return the exit status."""
    became = outcomes[specs[0].folder].became if len(specs) == 1 and specs[0].folder in outcomes else None
    if became is not None:  # the command would not find it again
        specs, command = [became], f"python -m tunekit resume {shlex.quote(str(became.folder))}"
    complete = sum(status_of(spec) is ExperimentStatus.COMPLETED for spec in specs)
    with suppress(OSError):  # as where the disk is full; the next command writes them
        _write_indices(specs)
    how_far = "" if len(specs) == 1 else f", with {complete} of {len(specs)} runs complete"
    _write_best_so_far(specs)
    write_last_line(f"Interrupted{how_far}. To go on, type: {command}")
    return exit_status()


def _write_best_so_far(specs: Sequence[RunSpec]) -> None:
    """Of runs of which some were interrupted: the best for each problem, if anything was found."""
    found: dict[str, list[tuple[RunSpec, Mapping[str, Any]]]] = {}
    for spec in specs:
        with suppress(RecordError):  # it was interrupted before it had a folder
            metadata = read_metadata(spec.folder)
            if metadata["status"] != ExperimentStatus.RUNNING.value and "incumbent" in metadata:
                found.setdefault(spec.problem_name, []).append((spec, metadata))
    for problem, runs in found.items():
        spec, best = min(runs, key=lambda run: _loss(run[1]))
        which = "" if len(specs) == 1 else f" on {problem}"
        run = "" if len(specs) == 1 else f" with {spec.method_name}, seed {spec.seed}"
        failed = f" ({trials_and_failures(best)})" if best["n_failed"] else ""
        value = f"Best {metric_and_constraint(best)}{which} so far: {summary.value_and_place(best)}"
        write_last_line(f"{value}{run}{failed}. Results so far: {spec.folder}")


def _loss(metadata: Mapping[str, Any]) -> float:
    value = float(metadata["incumbent"]["metrics"][metadata["metric"][0]])
    return value if metadata["mode"][0] == "min" else -value


def _status(outcomes: Mapping[Path, Outcome], spec: RunSpec) -> ExperimentStatus:
    return outcomes[spec.folder].status if spec.folder in outcomes else ExperimentStatus.COMPLETED
