"""What runs were made with: versions, data, and where these differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tunekit.studies.benchmark_runs import BenchmarkRuns
from tunekit.studies.collection import CollectedExperiment
from tunekit.studies.grouping import entry

Settings: TypeAlias = tuple[tuple[str, str], ...]  # names and texts

SEVERAL = "several"  # in place of what differs between runs of a setup


def settings_of(run: CollectedExperiment) -> Settings:
    """What a run was made with: versions, data, seeds, workers."""
    metadata = run.metadata
    versions, numerics, config = (entry(metadata, key) for key in ("versions", "numerics", "config"))
    told = {
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()) if versions else "",
        "Python": entry(numerics, "python"),
        "NumPy": entry(numerics, "numpy"),
        "Processor": entry(numerics, "machine"),
        "Hash of the data": entry(config, "data_hash"),
        "Master seed": metadata.get("random_seed"),
        "Workers": metadata.get("n_workers"),
        "Searcher": entry(config, "searcher", "name"),
        "Scheduler": entry(config, "scheduler", "name"),
        "Backend": entry(config, "backend", "name"),
    }
    return tuple((name, str(value)) for name, value in told.items() if value not in (None, ""))


def same_and_different(grouped: Sequence[BenchmarkRuns]) -> dict[str, Any]:
    """What all runs were made with, and in tables what differs between benchmarks, setups, or both.

    Args:
        grouped: The runs on each benchmark.

    Returns:
        ``same``: pairs of a name and a text; ``tables``: each with its caption, columns and rows.
    """
    told = {(runs.benchmark, setup): _of_setup(found) for runs in grouped for setup, found in runs.setups.items()}
    names = list(dict.fromkeys(name for values in told.values() for name in values))
    texts = {name: {where: values.get(name, "") for where, values in told.items()} for name in names}
    same = [[name, next(iter(of.values()))] for name, of in texts.items() if len(set(of.values())) == 1]
    left = {name: of for name, of in texts.items() if len(set(of.values())) > 1}
    tables = []
    for caption, of_what, columns in _WAYS:
        found = {name: by for name, of in left.items() if (by := _by(of, of_what)) is not None}
        left = {name: of for name, of in left.items() if name not in found}
        if found:
            places = dict.fromkeys(place for by in found.values() for place in by)
            rows = [[*place, *(by[place] for by in found.values())] for place in places]
            tables.append({"caption": caption, "columns": [*columns, *found], "rows": rows})
    return {"same": same, "tables": tables}


_WAYS = (
    ("What differs between benchmarks", (0,), ("benchmark",)),
    ("What differs between setups", (1,), ("setup",)),
    ("What differs between both", (0, 1), ("benchmark", "setup")),
)


def _of_setup(runs: Sequence[CollectedExperiment]) -> dict[str, str]:
    """What the runs of a setup on a benchmark were made with."""
    kinds = [dict(settings) for settings in dict.fromkeys(map(settings_of, runs))]
    both = {name: {each.get(name, "") for each in kinds} for each in kinds for name in each}
    return {name: next(iter(texts)) if len(texts) == 1 else SEVERAL for name, texts in both.items()}


def _by(of: Mapping[tuple[str, str], str], parts: Sequence[int]) -> dict[tuple[str, ...], str] | None:
    """Texts by some parts of where they are from; ``None`` where that does not tell them."""
    found: dict[tuple[str, ...], str] = {}
    for where, text in of.items():
        if found.setdefault(tuple(where[part] for part in parts), text) != text:
            return None
    return found
