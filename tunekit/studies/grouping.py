"""Which experiments are runs of the same setup on the same benchmark: by the method and what varies, or by any keys.

A key is one of ``metadata.json``, dotted, as ``tags.cluster``. What was asked for has the name that is typed on the
command line, as ``scheduler.brackets``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.components import DISTRIBUTION, REVISION
from tunekit.config.specs.fixed_arguments import flat
from tunekit.config.specs.inputs import CONTENT, PATH
from tunekit.results.problems import BENCHMARK, DATASET, METHOD, problem_labels
from tunekit.results.typed_values import as_typed
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.randomness import effective_seed

Entries = Mapping[str, Any]  # by dotted key

ASKED_FOR, WATCHING = "config", "observers"
NAMES = (METHOD, BENCHMARK, DATASET)  # whose values speak for themselves
SEEDS = ("seed", "random_seed")  # setups are compared over these
NO_METHOD = "(no method)"
# In runs that differ in the second, the first says no more.
FOLLOWING = ((DISTRIBUTION, "name"), (REVISION, "name"), (CONTENT, PATH))
STOPPING = "stopping."
MAY_LACK = (STOPPING, "fixed.")  # what some runs have and others do not
MOST_NAMED = 12


@attrs.frozen
class Grouping:
    """By which keys experiments are grouped.

    Attributes:
        setups: Those of a setup. Unless given: the method, and the options that differ between runs of it on one
            benchmark.
        benchmarks: Those of a benchmark. Unless given: the benchmark and its dataset, see
            :func:`~tunekit.results.problems.problem_labels`; what setups are told apart by divides none.
    """

    setups: Sequence[str] = ()
    benchmarks: Sequence[str] = ()

    def labels(self, runs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
        """Setup and benchmark of each experiment.

        Args:
            runs: The ``metadata.json`` of each.

        Raises:
            ConfigurationError: If no experiment has one of the keys.
        """
        by = self.benchmarks
        benchmarks = _by_keys("benchmarks", by, runs) if by else problem_labels(runs, setups=self.setups)
        setups = _by_keys("setups", self.setups, runs) if self.setups else _methods(runs, benchmarks)
        return list(zip(setups, benchmarks, strict=True))


def entry(metadata: Mapping[str, Any], *keys: str) -> Any:
    """What lies below some keys, one in the other; ``None`` where there is nothing, as whoever wrote it may have."""
    value: Any = metadata
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def seed_of(metadata: Mapping[str, Any]) -> int | None:
    """What pairs a run with those of other setups: they draw the same where ``random_seed + seed`` is the same."""
    seed, master = metadata.get("seed"), metadata.get("random_seed", 0)
    if type(seed) is not int or type(master) is not int:
        return None
    return effective_seed(master, seed)


def differing_keys(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of what was asked for with other values in some of the experiments than in others.

    Args:
        runs: The ``metadata.json`` of each; at least one.
    """
    asked = [_asked_for(metadata) for metadata in runs]
    return [_shown_key(key, asked) for key in _varying(asked)]


def _asked_for(metadata: Mapping[str, Any]) -> dict[str, Any]:
    config = metadata.get(ASKED_FOR)
    if not isinstance(config, Mapping):
        return {}
    return dict(flat({key: value for key, value in config.items() if key != WATCHING}))


def _told(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return dict(flat({key: value for key, value in metadata.items() if key != ASKED_FOR}))


def _by_keys(option: str, keys: Sequence[str], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    entries = [{**_told(metadata), **_asked_for(metadata)} for metadata in runs]
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigurationError(
                f"{option}={','.join(keys)} names '{key}' {keys.count(key)} times. Name it once.",
                option=option,
                value=key,
            )
    names = {key: _recorded_key(option, key, entries) for key in keys}
    return [
        " ".join(
            str(each.get(name)) if key in NAMES else f"{key}={as_typed(each.get(name))}" for key, name in names.items()
        )
        for each in entries
    ]


def _recorded_key(option: str, key: str, entries: Sequence[Entries]) -> str:
    """The key that experiments have for one that was typed, in full or as labels show it.

    Raises:
        ConfigurationError: If none has it.
    """
    if any(key in each for each in entries):
        return key
    for each in entries:
        for name in each:
            if name.startswith(f"{key}.") and _shown_key(name, [each]) == key:
                return name
    known = list(dict.fromkeys(name for each in entries for name in each))
    varying = [name for name in known if len({str(each.get(name)) for each in entries}) > 1]
    there_is = f"These differ: {', '.join(varying[:MOST_NAMED])}." if varying else "They differ in nothing."
    raise ConfigurationError(
        f"{option}={key}: no experiment has '{key}'. {suggestion(key, known)}{there_is}", option=option, value=key
    )


def _methods(runs: Sequence[Mapping[str, Any]], benchmarks: Sequence[str]) -> list[str]:
    """The method of each experiment, and the options that differ between runs of it on one benchmark."""
    methods = [str(metadata.get(METHOD) or NO_METHOD) for metadata in runs]
    groups: dict[tuple[str, str], list[Setting]] = {}
    for i, (method, benchmark) in enumerate(zip(methods, benchmarks, strict=True)):
        _add(groups.setdefault((method, benchmark), []), i, runs[i])
    varying: dict[str, dict[str, list[Entries]]] = {method: {} for method in methods}
    for (method, _), settings in groups.items():
        entries = [setting.entries for setting in settings]
        for key in _varying(entries):
            varying[method].setdefault(key, []).extend(entries)
    labels = [""] * len(runs)
    for (method, _), settings in groups.items():
        for setting in settings:
            shown = (
                f"{_shown_key(key, [setting.entries, *others])}={_shown_value(key, setting.entries, others)}"
                for key, others in varying[method].items()
                if key in setting.entries or key.startswith(MAY_LACK)
            )
            label = " ".join([method, *shown])
            for i in setting.runs:
                labels[i] = label
    return labels


@attrs.frozen
class Setting:
    """What was asked for by some of the experiments, but for their seeds.

    Attributes:
        config: As it is in their metadata.
        entries: The same by dotted key.
        runs: Positions of the experiments.
    """

    config: Mapping[str, Any]
    entries: Entries
    runs: list[int]


def _add(settings: list[Setting], i: int, metadata: Mapping[str, Any]) -> None:
    """Add an experiment to the setting that it has; to look at each entry of thousands would take seconds."""
    config = metadata.get(ASKED_FOR)
    config = {key: value for key, value in config.items() if key not in SEEDS} if isinstance(config, Mapping) else {}
    for setting in settings:
        if setting.config == config:
            setting.runs.append(i)
            return
    settings.append(Setting(config, _asked_for(metadata), [i]))


def _varying(settings: Sequence[Entries]) -> list[str]:
    """Keys with values that differ, but for those that follow from another of them."""
    first = settings[0]
    differing = [
        key
        for key in dict.fromkeys(key for setting in settings for key in setting)
        if key not in SEEDS
        and (all(key in setting for setting in settings) or _may_lack(key))
        and any(setting.get(key) != first.get(key) for setting in settings)
    ]
    if len(differing) > 1:  # other data follow from another option
        differing = [key for key in differing if key != "data_hash"]
    return [key for key in differing if not any(_follows(key, end, from_) in differing for end, from_ in FOLLOWING)]


def _may_lack(key: str) -> bool:
    """Whether runs that have no such entry differ from those that have it: not so options of other components."""
    return key.startswith(MAY_LACK) and not _tells_which_code(key)


def _tells_which_code(key: str) -> bool:
    return key.endswith((f".{DISTRIBUTION}", f".{REVISION}"))


def _follows(key: str, end: str, from_: str) -> str | None:
    """The key that one with this end follows from, if it has it."""
    before, dot, last = key.rpartition(".")
    return f"{before}{dot}{from_}" if last == end else None


def _shown_key(key: str, settings: Sequence[Entries]) -> str:
    """A key as it is typed: without ``path`` of an input, ``name`` of a component, or the one option of a criterion."""
    input_key = key.removesuffix(f".{PATH}")
    setting = next(each for each in settings if key in each)
    if f"{input_key}.{CONTENT}" in setting:
        return input_key
    criterion, _, _ = key.rpartition(".")
    options = [name for name in setting if name.startswith(f"{criterion}.") and not _tells_which_code(name)]
    if criterion.startswith(STOPPING) and options == [key]:
        return criterion
    return key.removesuffix(".name")


def _shown_value(key: str, settings: Entries, others: Sequence[Entries]) -> str:
    """A value as it is shown: of the path of an input, as many of the last names as tell it from the others."""
    if f"{key.removesuffix(f'.{PATH}')}.{CONTENT}" not in settings:
        return as_typed(settings.get(key))
    paths = {Path(each[key]).parts for each in [settings, *others]}
    n_names = next(n for n in itertools.count(1) if len({parts[-n:] for parts in paths}) == len(paths))
    return "/".join(Path(settings[key]).parts[-n_names:])
