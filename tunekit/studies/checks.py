"""What is missing from a study, and what would make a verdict false: a sentence for each, told before the verdicts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.fitting import BEGIN_ANEW
from tunekit.config.specs.run_spec import CHOSEN_ON_KEY
from tunekit.console import plural
from tunekit.studies.benchmark_runs import TIME_LIMIT, BenchmarkRuns, time_limit
from tunekit.studies.collection import CollectedExperiment, Study
from tunekit.studies.grouping import differing_keys, entry, seed_of
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.number_text import format_number

MOST_SHOWN = 3
SIMULATOR = "simulator"


def left_out(study: Study) -> Iterator[str]:
    """What is in the folders and is not compared: copies, and experiments that are not complete, by their status."""
    if study.copies:
        copy, of = next(iter(study.copies.items()))
        yield f"{plural(len(study.copies), 'folder')} left out, with runs that other folders hold too: {copy} as {of}"
    by_status: dict[str, list[CollectedExperiment]] = {}
    for each in study.experiments:
        if each.status is not ExperimentStatus.COMPLETED:
            by_status.setdefault(each.status.value, []).append(each)
    for status, found in sorted(by_status.items()):
        yield f"{plural(len(found), 'experiment')} left out, {status}: {_folders(found)}"


def warnings_of(
    grouped: Sequence[BenchmarkRuns], asked_for: Mapping[str, frozenset[int]] | None = None
) -> Iterator[str]:
    """What is missing or surplus, and what differs between runs that are compared; once, with all benchmarks it is of.

    Args:
        grouped: The runs on each benchmark.
        asked_for: As for :class:`~tunekit.studies.collection.Study`; what was not asked for is not missing.
    """
    names = [runs.benchmark for runs in grouped]
    told: dict[str, list[str]] = {}
    for runs in grouped:
        same_metric = [each for each in grouped if (each.metric, each.mode) == (runs.metric, runs.mode)]
        setups = sorted({setup for each in same_metric for setup in each.setups})
        metric = f" ({runs.mode} {runs.metric})" if names.count(runs.benchmark) > 1 else ""
        found = (
            _tags(runs),
            _without_seeds(runs),
            _missing(runs, setups) if asked_for is None else _missing_seeds(runs, asked_for),
            _surplus(runs),
            _differing(runs),
            _mixed_versions(runs),
            _chosen_on(runs),
            _begun_anew(runs),
        )
        for warning in itertools.chain(*found):
            told.setdefault(warning, []).append(f"{runs.benchmark}{metric}")
    for warning, where in told.items():
        yield f"{', '.join(where)}: {warning}"


def _tags(runs: BenchmarkRuns) -> Iterator[str]:
    """Runs of several studies in one comparison, as those of a first try."""
    tags = sorted({str(run.metadata["experiment_tag"]) for run in runs.runs if "experiment_tag" in run.metadata})
    if len(tags) > 1:
        yield f"runs with {len(tags)} experiment tags are compared: {', '.join(tags)}. tag={tags[0]} chooses one"


def _without_seeds(runs: BenchmarkRuns) -> Iterator[str]:
    for setup, of_setup in runs.setups.items():
        n = sum(seed_of(run.metadata) is None for run in of_setup)
        if n:
            yield f"{n} of {plural(len(of_setup), 'run')} of {setup} tell no seed: they are in no pair"


def _missing(runs: BenchmarkRuns, setups: Sequence[str]) -> Iterator[str]:
    if absent := [setup for setup in setups if setup not in runs.setups]:
        yield f"{', '.join(absent)} {'has' if len(absent) == 1 else 'have'} no run"
    yield from _missing_seeds(runs, None)


def _missing_seeds(runs: BenchmarkRuns, asked_for: Mapping[str, frozenset[int]] | None) -> Iterator[str]:
    """Which setups lack seeds that others have; if it is known which were asked for, of these."""
    seeds = {setup: {seed_of(run.metadata) for run in of_setup} for setup, of_setup in runs.setups.items()}
    every = {seed for of_setup in seeds.values() for seed in of_setup if seed is not None}
    by_lacking: dict[tuple[int, ...], list[str]] = {}
    for setup, of_setup in seeds.items():
        lacking = every - of_setup
        if asked_for is not None:
            lacking &= frozenset[int]().union(*(asked_for[run.hash] for run in runs.setups[setup] if run.hash))
        by_lacking.setdefault(tuple(sorted(lacking)), []).append(setup)
    for missing, lack_them in by_lacking.items():
        if not missing:
            continue
        names, is_one = ", ".join(lack_them), len(lack_them) == 1
        there = every - set(missing)
        if asked_for is None and there and max(there) < min(missing):  # fewer may have been asked for
            has, pairs = ("has", "its pairs") if is_one else ("have", "their pairs")
            yield f"{names} {has} the first {len(there)} of {plural(len(every), 'seed')}: {pairs} are over these"
        else:
            n_seeds = plural(len(missing), "seed")
            yield f"{names} {'lacks' if is_one else 'lack'} {n_seeds} that others have: {_ranges(missing)}"


def _surplus(runs: BenchmarkRuns) -> Iterator[str]:
    for setup, surplus in runs.surplus.items():
        repeated = {seed_of(run.metadata) for run in surplus}
        of_these = [run for run in runs.setups[setup] if seed_of(run.metadata) in repeated]
        keys = differing_keys([run.metadata for run in [*of_these, *surplus]])
        why = f" They differ in {', '.join(keys)}: name it in setups=." if keys else ""
        are = "repeats" if len(surplus) == 1 else "repeat"
        yield (
            f"{plural(len(surplus), 'run')} of {setup} {are} the seed of another (runs draw the same where random_seed "
            f"+ seed is the same). Of each seed the newest counts.{why} Left out: {_folders(surplus)}"
        )


def _differing(runs: BenchmarkRuns) -> Iterator[str]:
    """What should be the same in all runs that are compared."""
    for what, (value_of, in_name) in _SAME.items():
        by_value: dict[str, list[CollectedExperiment]] = {}
        for run in runs.runs:
            if (value := value_of(run.metadata)) is not None:
                by_value.setdefault(value, []).append(run)
        is_named = in_name is not None and all(in_name in setup for setup in runs.setups)
        if len(by_value) > 1 and not is_named:
            shown = "; ".join(f"{value} as in {found[0].path}" for value, found in list(by_value.items())[:MOST_SHOWN])
            yield f"{what} differ between the runs: {shown}"


def _chosen_on(runs: BenchmarkRuns) -> Iterator[str]:
    """Setups whose numbers were chosen on this very problem."""
    for setup, of_setup in runs.setups.items():
        if any(_was_chosen_on(run) for run in of_setup):
            yield f"{setup} was chosen on this problem: how it compares here says less of others"


def _begun_anew(runs: BenchmarkRuns) -> Iterator[str]:
    """Setups that pause trials which keep nothing: what they had come to is trained again."""
    for setup, of_setup in runs.setups.items():
        whys = {str(run.metadata[BEGIN_ANEW]) for run in of_setup if BEGIN_ANEW in run.metadata}
        yield from (f"{setup} pauses trials, but {why}: it could do more in its time" for why in sorted(whys))


def _was_chosen_on(run: CollectedExperiment) -> bool:
    patterns = run.metadata.get(CHOSEN_ON_KEY)
    return isinstance(patterns, list) and any(fnmatchcase(run.problem, str(pattern)) for pattern in patterns)


def _mixed_versions(runs: BenchmarkRuns) -> Iterator[str]:
    versions: dict[str, dict[str, CollectedExperiment]] = {}
    for run in runs.runs:
        for distribution, version in run.metadata.get("versions", {}).items():
            versions.setdefault(distribution, {}).setdefault(version, run)
    for distribution, found in versions.items():
        if len(found) > 1:
            shown = "; ".join(f"{version} as in {run.path}" for version, run in sorted(found.items()))
            yield f"versions of {distribution} differ between the runs: {shown}"


def _budget(metadata: Mapping[str, Any]) -> str | None:
    if entry(metadata, "config") is None:
        return None
    limit = time_limit(metadata)
    return "none" if limit is None else f"{format_number(limit)} s"


def _ends(metadata: Mapping[str, Any]) -> str | None:
    """The criteria that end a run, but for the time limit."""
    stopping = entry(metadata, "config", "stopping")
    if not isinstance(stopping, Mapping):
        return None
    criteria = {name: options for name, options in sorted(stopping.items()) if name != TIME_LIMIT}
    texts = [f"{name}={_first_option(options)}" for name, options in criteria.items()]
    return ", ".join(texts) or "none"


def _first_option(options: Any) -> Any:
    if not isinstance(options, Mapping):
        return options
    return next((value for key, value in options.items() if key not in (DISTRIBUTION, REVISION)), "on")


def _workers(metadata: Mapping[str, Any]) -> str | None:
    n_workers = entry(metadata, "config", "n_workers")
    return None if n_workers is None else str(n_workers)


def _data(metadata: Mapping[str, Any]) -> str | None:
    digest = entry(metadata, "config", "data_hash")
    return None if digest is None else str(digest)[:12]


def _machine(metadata: Mapping[str, Any]) -> str | None:
    """The processor of a run whose time is that of a real clock."""
    if entry(metadata, "config", "backend", "name") in (None, SIMULATOR):
        return None
    blas = entry(metadata, "numerics", "blas")
    kernels = {str(entry(each, "architecture")) for each in blas} if isinstance(blas, list) else set()
    return f"{entry(metadata, 'numerics', 'machine')} {' '.join(sorted(kernels))}"


_SAME: Mapping[str, tuple[Callable[[Mapping[str, Any]], str | None], str | None]] = {
    "time limits": (_budget, "stopping."),
    "criteria that end runs": (_ends, "stopping."),
    "numbers of workers": (_workers, "n_workers="),
    "data": (_data, None),
    "machines, whose clocks are compared,": (_machine, None),
}
"""What should be the same: how it is read, and what the name of a setup holds that says of itself what differs."""


def _folders(runs: Sequence[CollectedExperiment]) -> str:
    more = f" and {len(runs) - MOST_SHOWN:,} more" if len(runs) > MOST_SHOWN else ""
    return ", ".join(str(run.path) for run in runs[:MOST_SHOWN]) + more


def _ranges(seeds: Sequence[int]) -> str:
    """Such as ``0-4, 7``.

    >>> _ranges([0, 1, 2, 5])
    '0-2, 5'
    """
    groups: list[list[int]] = []
    for seed in seeds:
        if groups and seed == groups[-1][-1] + 1:
            groups[-1].append(seed)
        else:
            groups.append([seed])
    return ", ".join(str(each[0]) if len(each) == 1 else f"{each[0]}-{each[-1]}" for each in groups)
