"""Comparisons that were fixed before their runs began: two setups, looked at with so many seeds, at such an error.

Each has a file ``until-HASH.json`` beside the index of its experiment tag, with its rule and what the looks have said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.composition.until import When
from tunekit.console import plural
from tunekit.results.index import FIXED, LOCK
from tunekit.studies.fixed_entries import check_entries
from tunekit.studies.statistics.sequential import Look
from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.json_text import as_json
from tunekit_core.records.files import write_whole
from tunekit_core.records.foreign_files import content_of
from tunekit_core.records.lock import exclusively

FORMAT = 1
DIGITS = 12
# What the looks said follows from the runs; that there were looks, and by which rule, nothing else says.
ABOUT_A_LOST_RULE = (
    "It says by which rule seeds were added, and nothing else does. Put it back from a copy; or move it away and type "
    "the sweep with the very hydra.sweeper.until that it had: the looks follow from the runs, and come out as they "
    "were. By another rule, or none, the runs that were looked at have another chance of error than is said: begin a "
    "new comparison with seeds of its own, such as seed=1000"
)


@attrs.frozen
class FixedComparison:
    """A comparison that is looked at several times, by a rule that was fixed before its first run.

    Attributes:
        benchmark: Label of the benchmark.
        setups: Labels of the two setups.
        runs: For each of the two the hashes of its runs, seed by seed up to the cap.
        seeds: What pairs the runs, as :func:`~tunekit.studies.grouping.seed_of` has it.
        looks: Numbers of seeds; the last is the cap.
        at: When in the runs they are compared.
        error: Chance of telling the two apart if they are equal, over all looks.
        n_pairs: How many pairs share an error; each has an equal part of it.
        taken: The looks so far.
    """

    benchmark: str
    setups: tuple[str, str]
    runs: tuple[tuple[str, ...], tuple[str, ...]]
    seeds: tuple[int, ...]
    looks: tuple[int, ...]
    at: When
    error: float
    n_pairs: int
    taken: tuple[Look, ...] = ()

    @property
    def cap(self) -> int:
        """Seeds at the most."""
        return self.looks[-1]

    @property
    def n_seeds(self) -> int:
        """Seeds of the last look; 0 before the first."""
        return self.taken[-1].n_seeds if self.taken else 0

    @property
    def is_told_apart(self) -> bool:
        """Whether the two are told apart."""
        return bool(self.taken) and self.taken[-1].is_told_apart

    @property
    def is_settled(self) -> bool:
        """Whether no more seeds are added."""
        return self.is_told_apart or self.n_seeds == self.cap

    @property
    def better(self) -> str:
        """Label of the setup that the signed ranks are for; only after a look."""
        return self.setups[0 if self.taken[-1].first_is_lower else 1]

    @property
    def rule(self) -> str:
        """What was fixed, but for what is compared."""
        *others, cap = map(str, self.looks)
        numbers = f"{', '.join(others)} and {cap}" if others else cap
        shared = f" ({plural(self.n_pairs, 'pair')} share {self.error * self.n_pairs:g})" if self.n_pairs > 1 else ""
        return f"looks with {numbers} seeds, error {self.error:.3g} over all of them{shared}, compared at {self.at}"

    def has_the_rule_of(self, other: FixedComparison) -> bool:
        """Whether the same was fixed for the same runs."""
        same = set(self.runs) == set(other.runs) and self.looks == other.looks and self.at == other.at
        return same and self.error == other.error

    def shares_runs_with(self, other: FixedComparison) -> bool:
        """Whether some runs of both setups are those of another comparison."""
        (a, b), (c, d) = ((set(runs) for runs in each.runs) for each in (self, other))
        return bool((a & c and b & d) or (a & d and b & c))

    @property
    def file_name(self) -> str:
        """Name of its file, the same whichever of the two is named first."""
        text = "\n".join(sorted(runs[0] for runs in self.runs))
        return FIXED.replace("*", hashlib.sha256(text.encode()).hexdigest()[:DIGITS])


def write_fixed(folder: Path, comparison: FixedComparison) -> None:
    """Write the file of a comparison into the folder of its experiment tag, unless it says the same and more.

    Raises:
        ConfigurationError: If another rule has taken a look at these runs, or, where this one has taken one, another
            process has fixed another rule meanwhile: of two rules for the same runs one alone is looked by.
        OSError: If it cannot be written.
        RecordError: If there is one that cannot be read.
    """
    path = folder / comparison.file_name
    values = {**attrs.asdict(comparison), "at": attrs.asdict(comparison.at), "format": FORMAT}
    folder.mkdir(parents=True, exist_ok=True)
    with exclusively(folder / LOCK):
        check_unchanged(folder, comparison)
        if path.exists():
            there = _read(path)
            has_same_rule = there.has_the_rule_of(comparison)
            if has_same_rule and there.taken[: len(comparison.taken)] == comparison.taken:
                return
            if comparison.taken and not has_same_rule:
                first, second = there.setups
                raise ConfigurationError(
                    f"hydra.sweeper.until: another command has fixed another rule for {first} and {second} on "
                    f"{there.benchmark} meanwhile: {there.rule}. This look does not count; type that rule to go on, or "
                    f"begin a new comparison with seeds of its own: seed={there.seeds[-1] + 1}",
                    option="hydra.sweeper.until",
                )
        write_whole(path, as_json(values, indent=1) + "\n", sync=True)


def read_fixed(folder: Path) -> list[FixedComparison]:
    """The comparisons that were fixed for runs of an experiment tag, by the names of their files.

    Raises:
        RecordError: If a file cannot be read.
    """
    return [_read(path) for path in sorted(folder.glob(FIXED))]


def check_unchanged(folder: Path, comparison: FixedComparison) -> None:
    """See that no look was taken at these runs by another rule.

    Raises:
        ConfigurationError: If one was.
        RecordError: If a file cannot be read.
    """
    for other in read_fixed(folder):
        if other.taken and other.shares_runs_with(comparison) and not other.has_the_rule_of(comparison):
            first, second = other.setups
            raise ConfigurationError(
                f"hydra.sweeper.until: {first} and {second} on {other.benchmark} have been looked at by another rule: "
                f"{other.rule}, seeds from {other.seeds[0]}. A rule that is changed after a look has another error: "
                f"type that one, or begin a new comparison with seeds of its own: seed={other.seeds[-1] + 1}",
                option="hydra.sweeper.until",
            )


def fixed_beside(experiments: Iterable[Path]) -> tuple[list[FixedComparison], dict[Path, str]]:
    """The comparisons that were fixed for experiments in some folders, and by file why others cannot be read.

    Of a rule that lies in several of the folders, as beside copies of runs, it is the one with the most looks.
    """
    found: dict[tuple[object, ...], FixedComparison] = {}
    unreadable: dict[Path, str] = {}
    for folder in dict.fromkeys(path.parent.parent for path in experiments):
        for path in sorted(folder.glob(FIXED)):
            try:
                each = _read(path)
            except RecordError as error:
                unreadable[path] = str(error)
                continue
            rule = (frozenset(each.runs), each.looks, each.at, each.error)
            if rule not in found or len(found[rule].taken) < len(each.taken):
                found[rule] = each
    return [*found.values()], unreadable


def _read(path: Path) -> FixedComparison:
    try:
        values: dict[str, Any] = json.loads(content_of(path))
        if isinstance(values, dict) and values.get("format", FORMAT) != FORMAT:
            raise ValueError("another version wrote it")
        check_entries(values)
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path} cannot be read: {error}. {ABOUT_A_LOST_RULE}") from error
    first, second = values["runs"]
    return FixedComparison(
        benchmark=values["benchmark"],
        setups=(values["setups"][0], values["setups"][1]),
        runs=(tuple(first), tuple(second)),
        seeds=tuple(values["seeds"]),
        looks=tuple(values["looks"]),
        at=When(float(values["at"]["number"]), values["at"]["unit"]),
        error=float(values["error"]),
        n_pairs=values["n_pairs"],
        taken=tuple(Look(**look) for look in values["taken"]),
    )
