"""From what is typed to comparisons that are fixed before their runs: which setups, where, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tunekit.config.composition.until import END, OPTION, PER_CENT, SECONDS, Until, When
from tunekit.config.specs.run_spec import TIME_LIMIT, RunSpec
from tunekit.console import printable
from tunekit.studies.fixed_comparisons import FixedComparison
from tunekit.studies.grouping import Grouping, seed_of
from tunekit.studies.statistics.sequential import can_tell_apart, default_looks
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.number_text import format_number

Planned = Mapping[str, Mapping[str, Sequence[RunSpec]]]  # by benchmark and setup, seed by seed


@attrs.frozen(eq=False)
class PlannedComparison:
    """A comparison, and the runs that it may take.

    Attributes:
        fixed: What is fixed, without looks.
        specs: For each of the two setups its runs, seed by seed up to the cap.
        folders: Those of all runs on the benchmark, of other setups too.
    """

    fixed: FixedComparison
    specs: tuple[Sequence[RunSpec], Sequence[RunSpec]]
    folders: frozenset[Path]


def fix(specs: Sequence[RunSpec], until: Until) -> list[PlannedComparison]:
    """What is to be compared of the runs of a sweep.

    Args:
        specs: All runs that it may take: each setup with as many seeds as the cap.
        until: What was typed.

    Raises:
        ConfigurationError: If there is no such setup or benchmark, or the rule could tell nothing apart.
    """
    tags = list(dict.fromkeys(spec.tag_folder for spec in specs))
    if len(tags) > 1:
        raise _refusal("", f"runs of one comparison have one experiment_tag, and these have {len(tags)}")
    planned = _planned(specs)
    pairs = _pairs(planned, until)
    error = until.error / len(pairs)
    looks = _looks(until, error)
    n_pairs = len(pairs)
    return [_planned_comparison(planned, each, pair, until, looks, n_pairs) for each, pair in pairs.items()]


def _planned(specs: Sequence[RunSpec]) -> Planned:
    planned: dict[str, dict[str, list[RunSpec]]] = {}
    labels = Grouping().labels([spec.metadata() for spec in specs])
    for spec, (setup, benchmark) in zip(specs, labels, strict=True):
        planned.setdefault(printable(benchmark), {}).setdefault(printable(setup), []).append(spec)
    return planned


def _pairs(planned: Planned, until: Until) -> dict[str, tuple[str, str]]:
    """By benchmark the two setups that are compared there."""
    if None not in until.pairs:
        pairs = {str(benchmark): pair for benchmark, pair in until.pairs.items()}
    elif until.on or len(planned) == 1:
        pairs = dict.fromkeys(until.on or planned, until.pairs[None])
    else:
        raise _refusal(
            "on", f"the sweep has {len(planned)} benchmarks. Name what is to be settled: on: [{', '.join(planned)}]"
        )
    for benchmark, pair in pairs.items():
        if benchmark not in planned:
            close = suggestion(benchmark, planned)
            key = "on" if until.on else "compare"
            raise _refusal(key, f"there is no benchmark '{benchmark}'. {close}Benchmarks: {', '.join(planned)}")
        for setup in pair:
            if setup not in planned[benchmark]:
                close = suggestion(setup, planned[benchmark])
                raise _refusal(
                    "compare",
                    f"there is no setup '{setup}' on {benchmark}. {close}Setups: {', '.join(planned[benchmark])}",
                )
    return pairs


def _looks(until: Until, error: float) -> tuple[int, ...]:
    able = [n for n in range(1, until.cap + 1) if can_tell_apart(n, until.cap, error)]
    if not able:
        raise _refusal(
            "cap" if until.looks is None else "looks",
            f"with {until.cap} seeds at the most nothing can be told apart at an error of {error:g}. Type more",
        )
    if until.looks is None:
        return default_looks(until.cap, error)
    if until.looks[0] < able[0]:
        raise _refusal(
            "looks",
            f"with {until.looks[0]} seeds nothing can be told apart yet, at an error of {error:.3g} over up to "
            f"{until.cap} seeds. Begin with {able[0]} or more",
        )
    return until.looks


def _planned_comparison(
    planned: Planned, benchmark: str, pair: tuple[str, str], until: Until, looks: tuple[int, ...], n_pairs: int
) -> PlannedComparison:
    first, second = (planned[benchmark][setup] for setup in pair)
    seeds = [[seed_of(spec.metadata()) for spec in of_setup] for of_setup in (first, second)]
    for setup, of_setup in zip(pair, seeds, strict=True):
        if len(set(of_setup)) != until.cap or len(of_setup) != until.cap or of_setup != seeds[0]:
            raise _refusal(
                "compare", f"the runs of {setup} on {benchmark} are not one for each seed, and those of the other setup"
            )
    _check_time(until.at, benchmark, [first[0], second[0]])
    fixed = FixedComparison(
        benchmark,
        pair,
        (tuple(spec.hash for spec in first), tuple(spec.hash for spec in second)),
        tuple(seed for seed in seeds[0] if seed is not None),
        looks,
        until.at,
        until.error / n_pairs,
        n_pairs,
    )
    folders = frozenset(spec.folder for of_setup in planned[benchmark].values() for spec in of_setup)
    return PlannedComparison(fixed, (first, second), folders)


def _check_time(at: When, benchmark: str, specs: Sequence[RunSpec]) -> None:
    """See that runs, as these are, come to the time at which they are compared."""
    ends = [spec.built_in_criteria[TIME_LIMIT]["seconds"] for spec in specs if TIME_LIMIT in spec.built_in_criteria]
    has_limit = len(ends) == len(specs)
    if at.unit == PER_CENT and not at.is_end and not has_limit:
        raise _refusal("at", f"on {benchmark} runs have no time limit of which {at} could be. Type seconds")
    if at.unit == SECONDS and has_limit and at.number > max(ends):
        limit = f"{format_number(max(ends), 6)} s"
        raise _refusal(
            "at",
            f"{at} is after the end of the runs on {benchmark}, whose time limit is {limit}. Type '{END}', or no more "
            f"than {limit}",
        )


def _refusal(key: str, text: str) -> ConfigurationError:
    option = f"{OPTION}.{key}" if key else OPTION
    return ConfigurationError(f"{option}: {text}.", option=option)
