"""What ``python -m tunekit`` does with ``hydra.sweeper.until``: batches of seeds, and a look after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tunekit.cli.at_once import at_once_of
from tunekit.cli.conclusion import anew, conclude, print_interruption
from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.interruption import raise_when_interrupted
from tunekit.cli.run import find_all, is_interrupted, left_of, print_planned, run_specs
from tunekit.config.composition.until import Until
from tunekit.config.planning import Plan
from tunekit.config.schema import QUIET
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural, print_stderr, print_stdout
from tunekit.runs.checking import check_names, check_runs
from tunekit.runs.run import Outcome, status_of
from tunekit.studies.collection import collect
from tunekit.studies.fixed_comparisons import FixedComparison, check_unchanged, write_fixed
from tunekit.studies.fixing import PlannedComparison, fix
from tunekit.studies.looking import about_last_look, with_looks
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError


def run_until(plan: Plan, until: Until, *, command: str, debug: bool) -> int:
    """Run the next seeds of all setups and look, until what is compared is told apart or there are as many as the cap.

    A benchmark on which it is settled gets no more seeds; one on which nothing is compared gets them to the end. What
    the looks say follows from the runs of their seeds alone: typed again, the command comes to the same.

    Args:
        plan: All runs that it may take.
        until: What is to be told apart.
        command: The command line, to be typed again.
        debug: As for :func:`~tunekit.cli.run.run_plan`.

    Returns:
        The exit status.

    Raises:
        TunekitError: If there is nothing such to compare, a rule was changed, or a run cannot be carried out.
    """
    comparisons = fix(plan.specs, until)
    rule = comparisons[0].fixed
    folder = plan.specs[0].tag_folder
    for each in comparisons:
        check_unchanged(folder, each.fixed)
    batches = _batches(plan.specs, rule.looks)
    check_names(plan.specs)
    found = find_all(plan.specs)
    check_runs(left_of(plan.specs, found), are_run=not plan.is_only_listed)
    if plan.is_only_listed:
        print_planned(plan, batches[0], found)
        print_stdout(_what_it_may_become(plan, [each.fixed for each in comparisons], len(batches[0])))
        return SUCCEEDED
    raise_when_interrupted()
    is_quiet = all(spec.verbosity == QUIET for spec in plan.specs)
    for each in comparisons:
        _keep(folder, each.fixed)
        if not is_quiet:
            print_stderr(f"{_both(each.fixed)} on {each.fixed.benchmark}: {each.fixed.rule}.")
    at_once, how_anew = at_once_of(plan), anew(plan.specs[0], command, is_resumed=False)
    begun: list[RunSpec] = []
    outcomes: dict[Path, Outcome] = {}
    for n, batch in zip(rule.looks, batches, strict=True):
        settled = frozenset[Path]().union(*(each.folders for each in comparisons if each.fixed.is_settled))
        specs = [spec for spec in batch if spec.folder not in settled]
        begun += specs
        own = specs if plan.shard is None else plan.shard.own(specs)
        of_batch = run_specs(own, found, at_once, how_anew) if own else {}
        outcomes |= of_batch
        if is_interrupted(left_of(own, found), of_batch):
            return print_interruption(begun, command, outcomes)
        incomplete = _incomplete(comparisons, n, outcomes)
        if incomplete:
            print_stderr(incomplete, style="red")
            break
        comparisons = [each if each.fixed.is_settled else _looked_at(each, n) for each in comparisons]
        for each in comparisons:
            if each.fixed.n_seeds == n:
                _keep(folder, each.fixed)
                if not is_quiet:
                    print_stderr(about_last_look(each.fixed, has_several=len(comparisons) > 1))
        if all(each.fixed.is_settled for each in comparisons):
            break
    return conclude(attrs.evolve(plan, specs=begun), begun, outcomes, command=command, debug=debug)


def _keep(folder: Path, fixed: FixedComparison) -> None:
    try:
        write_fixed(folder, fixed)
    except OSError as error:
        raise ConfigurationError(
            f"results_dir: what is fixed of {_both(fixed)} cannot be written to {folder}: {error.strerror}. No look "
            "counts without it. Make room, or choose another place by results_dir=FOLDER, and type the command again.",
            option="results_dir",
        ) from error


def _batches(specs: Sequence[RunSpec], looks: Sequence[int]) -> list[list[RunSpec]]:
    """The runs that each look adds, in the order of the plan; all setups have the same seeds."""
    seeds = sorted({spec.seed for spec in specs})
    ends = zip((0, *looks), looks, strict=False)
    return [[spec for spec in specs if spec.seed in seeds[before:n]] for before, n in ends]


def _looked_at(comparison: PlannedComparison, n: int) -> PlannedComparison:
    runs = [[collect(spec.folder) for spec in of_setup[:n]] for of_setup in comparison.specs]
    return attrs.evolve(comparison, fixed=with_looks(comparison.fixed, runs))


def _incomplete(comparisons: Sequence[PlannedComparison], n: int, outcomes: Mapping[Path, Outcome]) -> str:
    """Why no look is taken at so many seeds; empty if it can be."""

    def is_complete(spec: RunSpec) -> bool:
        outcome = outcomes.get(spec.folder)
        if outcome is None:
            return status_of(spec) is ExperimentStatus.COMPLETED
        return outcome.status is ExperimentStatus.COMPLETED and outcome.became is None

    for each in comparisons:
        specs = [] if each.fixed.is_settled else [spec for of_setup in each.specs for spec in of_setup[:n]]
        n_missing = sum(not is_complete(spec) for spec in specs)
        if n_missing:
            return (
                f"No look is taken at {n} seeds, and none are added, before all runs of {_both(each.fixed)} on "
                f"{each.fixed.benchmark} are complete: {n_missing} of {len(specs)} are not."
            )
    return ""


def _what_it_may_become(plan: Plan, comparisons: Sequence[FixedComparison], n_first: int) -> str:
    rules = " ".join(f"{_both(each)} on {each.benchmark}: {each.rule}." for each in comparisons)
    seeds = plural(comparisons[0].looks[0], "seed")
    most = f"{len(plan.specs)} runs with {comparisons[0].cap} seeds at the most"
    return f"These are the first {seeds} of each setup, {n_first} runs; it may become {most}. {rules}"


def _both(fixed: FixedComparison) -> str:
    return " and ".join(fixed.setups)
