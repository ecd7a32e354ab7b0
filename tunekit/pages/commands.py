"""What to type to have runs again: each for itself, and all of them by as few commands as tell them truly."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from tunekit.config.schema import COMPONENTS
from tunekit.results.repeated import repeating, value_text
from tunekit.studies.collection import CollectedExperiment
from tunekit.studies.grouping import entry

Words: TypeAlias = tuple[str, ...]

PROGRAM = ("python", "-m", "tunekit")
SEED = "seed"
RESULTS = "results"  # where runs lie unless results_dir says otherwise
METHODS = ("method", "method.name")
BENCHMARK = ("benchmark",)
PARTS = ((), (BENCHMARK,), (METHODS,), (METHODS, BENCHMARK))  # by which runs are divided among commands
PARTS_OF_FOLDER = 3  # below results_dir: tag, method, run
MOST_COMMANDS = 50


def words_of(runs: Iterable[CollectedExperiment]) -> list[Words | None]:
    """For each of the runs what to type for it after the program, but for its seed, so that it has the same folder.

    Args:
        runs: Those of one setup and problem should follow each other: then it is fast.

    Returns:
        Words; ``None`` where the command line did not make the run, or what it was made with is not installed here.
    """
    made: list[Words | None] = []
    before: object = None
    for run in runs:
        config = entry(run.metadata, "config")
        unseeded = {key: value for key, value in config.items() if key != SEED} if isinstance(config, Mapping) else {}
        same = (unseeded, run.method, run.metadata.get("experiment_tag"), _results_dir(run))
        if same != before:  # of runs of one setup it is the same, and takes longer to be made than to be compared
            found = repeating(run.metadata)
            words = None if found is None else (*found, *_results_dir(run))
        before = same
        made.append(words)
    return made


def commands_of(runs: Sequence[CollectedExperiment]) -> list[str]:
    """What to type to repeat each of the runs, but for its seed; empty where the command line did not make it."""
    return ["" if words is None else shlex.join([*PROGRAM, *words]) for words in words_of(runs)]


def sweeps_of(runs: Sequence[CollectedExperiment]) -> dict[str, Any]:
    """The commands that have all of some runs again, and no other: one if they are all combinations of some values.

    Args:
        runs: The runs; what they have come to does not count.

    Returns:
        ``commands``: one; else one for each benchmark, for each method, or for each of both, which of them takes the
        fewest; of those whose runs are no such combinations, one for all that differ in their seed alone. ``n_more``:
        how many commands are left out; ``n_without``: how many runs have none.
    """
    alike: dict[Words, _Alike] = {}
    n_without = 0
    for run, words in zip(runs, words_of(runs), strict=True):
        if words is None or run.seed is None:
            n_without += 1
        else:
            alike.setdefault(words, _Alike(words, run.metadata["config"], set())).seeds.add(run.seed)
    commands = [shlex.join([*PROGRAM, *words]) for words in _commands(list(alike.values()))]
    return {
        "commands": commands[:MOST_COMMANDS],
        "n_more": max(0, len(commands) - MOST_COMMANDS),
        "n_without": n_without,
    }


def _results_dir(run: CollectedExperiment) -> Words:
    """The word for where the run lies; none where it lies where runs do, or was moved."""
    path, tag = run.path, run.metadata.get("experiment_tag")
    if len(path.parts) < PARTS_OF_FOLDER or path.parts[-PARTS_OF_FOLDER] != tag:
        return ()
    folder = str(path.parents[PARTS_OF_FOLDER - 1])
    if folder == RESULTS:
        return ()
    return (f"results_dir={value_text(folder)}",)


@attrs.frozen(eq=False)
class _Alike:
    """Runs that differ in their seed alone."""

    words: Words
    config: Mapping[str, Any]
    seeds: set[int]

    def word_of(self, keys: Sequence[str]) -> str:
        return next((word for word in self.words if _key(word) in keys), "")

    @property
    def typed(self) -> dict[str, str]:
        return dict(word.split("=", 1) for word in self.words)

    def value_of(self, key: str) -> str | None:
        """The value that is typed; or the default, of an option of a component that has it."""
        if key in self.typed:
            return self.typed[key]
        kind, _, option = key.partition(".")
        is_known = kind in COMPONENTS and option in self.config[kind]
        return value_text(self.config[kind][option]) if is_known else None


def _commands(alike: Sequence[_Alike]) -> list[list[str]]:
    """The fewest commands that some ways to divide the runs give."""
    found: list[list[list[str]]] = []
    for parts in PARTS:
        divided: dict[tuple[str, ...], list[_Alike]] = {}
        for each in alike:
            divided.setdefault(tuple(each.word_of(keys) for keys in parts), []).append(each)
        found.append([words for part in divided.values() for words in _sweeps(part)])
    return min(found, key=len)


def _sweeps(part: Sequence[_Alike]) -> Iterator[list[str]]:
    whole = _sweep(part)
    yield from [whole] if whole is not None else filter(None, (_sweep([each]) for each in part))


def _key(word: str) -> str:
    return word.partition("=")[0]


def _sweep(alike: Sequence[_Alike]) -> list[str] | None:
    """The words of a sweep with just these runs; ``None`` where they are not all combinations of some values."""
    if not alike or any(each.seeds != alike[0].seeds for each in alike):
        return None
    keys = max((list(each.typed) for each in alike), key=len)
    found = [[each.value_of(key) for key in keys] for each in alike]
    if any(None in of for of in found) or any(each.typed.keys() - set(keys) for each in alike):
        return None
    typed = [dict(zip(keys, map(str, of), strict=True)) for of in found]
    values = {key: list(dict.fromkeys(each[key] for each in typed)) for key in keys}
    if math.prod(map(len, values.values())) != len(typed):
        return None
    words = [f"{key}={','.join(of)}" for key, of in values.items()]
    axes = [word for word, of in zip(words, values.values(), strict=True) if len(of) > 1]
    return [
        "--multirun",
        *(word for word in words if word in axes or _key(word) in METHODS),
        _seeds(alike[0].seeds),
        *(word for word in words if word not in axes and _key(word) not in METHODS),
    ]


def _seeds(found: set[int]) -> str:
    """The word for seeds: a range where there is no gap."""
    ordered = sorted(found)
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        begins = "" if ordered[0] == 0 else f"{ordered[0]},"
        return f"{SEED}=range({begins}{ordered[-1] + 1})"
    return f"{SEED}={','.join(map(str, ordered))}"
