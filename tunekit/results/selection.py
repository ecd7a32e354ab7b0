"""Which experiments are meant: filters, as ``status=failed older=7d``, and names, as the beginning of a hash."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from glob import escape

import attrs

from tunekit.config.specs.fixed_arguments import flat
from tunekit.console import printable
from tunekit.results.problems import BENCHMARK, problem_labels
from tunekit.results.typed_seeds import SEED, read_seeds
from tunekit.results.typed_values import as_typed, is_in_brackets, split_values
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, RecordError, suggestion
from tunekit_core.number_text import natural_order
from tunekit_core.records.files import METADATA, checked_path
from tunekit_core.records.finding import FoundExperiments, ListedExperiment, find_experiments

RESULTS = "TUNEKIT_RESULTS"  # a variable: where results are unless that is said
TEXTS = ("tag", "method", BENCHMARK, "dataset", "experiment", "seed", "status")
AGES = ("older", "newer")
VALUES = ("below", "above")
USER_TAGS = "tags."
FILTERS = (*TEXTS, *AGES, *VALUES)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
AGE = re.compile(rf"(\d+(?:\.\d+)?)([{''.join(UNITS)}])")
STATUSES = tuple(status.value for status in ExperimentStatus)
LIST_ALL = "python -m tunekit ls"
MOST_NAMED = 5
SHORTEST_BEGINNING = 4  # of a name or a hash: of one character it would often be a slip


def results_folder() -> str:
    """Where results are, unless somebody says where."""
    return os.environ.get(RESULTS) or "results"


@attrs.frozen
class Selection:
    """Filters that an experiment has to pass, all of them.

    Attributes:
        texts: By what they look at, patterns of which one has to fit; upper and lower case are the same. Those of seeds
            may be ranges.
        older: Experiments that were active last before so many seconds.
        newer: Those that were active since so many seconds.
        below: Those whose best value is below.
        above: Those whose best value is above.
        words: As they were typed.
        problem: What was typed of the benchmark: where that is what a table calls a problem, it is meant alone.
    """

    texts: Mapping[str, Sequence[str | range]] = attrs.field(factory=dict)
    older: float | None = None
    newer: float | None = None
    below: float | None = None
    above: float | None = None
    words: Sequence[str] = ()
    problem: str = ""

    def select(self, experiments: Iterable[ListedExperiment]) -> list[ListedExperiment]:
        """Those that pass, in the order that they have.

        A problem has the name that it has among all of them. If none fits, it has the one that it has among those that
        pass the other filters, which a report of these has shown.
        """
        everything, now = list(experiments), datetime.now(timezone.utc)
        chosen = [each for each in everything if self._passes(each, now)]
        if BENCHMARK not in self.texts:
            return chosen
        names = {each.path: label for each, label in zip(everything, _problems(everything), strict=True)}
        if self.problem in names.values():
            return [each for each in chosen if names[each.path] == self.problem]
        patterns = self.texts[BENCHMARK]
        fitting = [each for each in chosen if _any_fits([*texts_of(each, BENCHMARK), names[each.path]], patterns)]
        if fitting:
            return fitting
        of_chosen = zip(chosen, _problems(chosen), strict=True)
        return [each for each, label in of_chosen if label == self.problem or _any_fits([label], patterns)]

    def _passes(self, experiment: ListedExperiment, now: datetime) -> bool:
        """Whether it passes all filters but that of the benchmark."""
        for key, patterns in self.texts.items():
            if key != BENCHMARK and not _any_fits(texts_of(experiment, key), patterns):
                return False
        age = (now - experiment.last_active).total_seconds()
        if (self.older is not None and age < self.older) or (self.newer is not None and age > self.newer):
            return False
        best = experiment.best_value
        if self.below is not None and (best is None or not best < self.below):
            return False
        return self.above is None or (best is not None and best > self.above)


def is_filter(word: str) -> bool:
    """Whether a word is typed like a filter, rather than names a folder that exists."""
    return "=" in word and not os.path.lexists(os.path.expanduser(word))


def is_key_of_filter(key: str) -> bool:
    """Whether there is such a filter."""
    return key in FILTERS or key.startswith(USER_TAGS)


def read_filters(words: Sequence[str], usage: str) -> Selection:
    """Read filters, as ``status=failed,interrupted older=7d``.

    Args:
        words: What was typed.
        usage: What to type, as the end of a message.

    Raises:
        ConfigurationError: If there is no such filter, or it does not take its value.
    """
    texts: dict[str, tuple[str | range, ...]] = {}
    numbers: dict[str, float] = {}
    for word in words:
        key, _, value = word.partition("=")
        if not is_key_of_filter(key):
            raise ConfigurationError(
                f"{word}: there is no filter '{key}'. {suggestion(key, FILTERS)}Filters: {', '.join(FILTERS)}, "
                f"{USER_TAGS}NAME for a tag of yours. {usage}",
                option=key,
                value=value,
            )
        if key in texts or key in numbers:
            raise ConfigurationError(f"{key} is given twice. Several values are one word: {key}=A,B", option=key)
        if key in AGES:
            numbers[key] = _age(key, value)
        elif key in VALUES:
            numbers[key] = _number(key, value)
        else:
            texts[key] = _patterns(key, value)
    problem = next((word.partition("=")[2] for word in words if word.startswith(f"{BENCHMARK}=")), "")
    limits = {name: numbers.get(name) for name in (*AGES, *VALUES)}
    return Selection(texts, **limits, words=tuple(words), problem=problem)


def _problems(experiments: Sequence[ListedExperiment]) -> list[str]:
    """What tables call the problem of each."""
    return [printable(label) for label in problem_labels([each.metadata for each in experiments])]


def _any_fits(texts: Iterable[str], patterns: Sequence[str | range]) -> bool:
    return any(_fits(text.lower(), pattern) for text in texts for pattern in patterns)


def _fits(text: str, pattern: str | range) -> bool:
    if isinstance(pattern, range):
        return text.removeprefix("-").isdecimal() and int(text) in pattern
    return fnmatchcase(text, pattern.lower())


def texts_of(experiment: ListedExperiment, key: str) -> list[str]:
    """What a filter looks at in an experiment, that which is shown first."""
    if key.startswith(USER_TAGS):
        tags = experiment.metadata.get("tags")
        name = key.removeprefix(USER_TAGS)
        found = {**dict(flat(tags)), **tags} if isinstance(tags, Mapping) else {}
        return [as_typed(found[name]), str(found[name])] if name in found else []
    if key == BENCHMARK:
        return [experiment.benchmark, experiment.problem]
    if key == "experiment":
        return [str(experiment.metadata.get("experiment") or "")]
    value = getattr(experiment, key)
    return [value.value if isinstance(value, ExperimentStatus) else str(value)]


def nothing_selected(selection: Selection, experiments: Sequence[ListedExperiment]) -> str:
    """Why nothing passes, as a sentence or two: what there is of that which the first filter looks at."""
    sentence = f"No experiment fits {' '.join(selection.words)}."
    for key in selection.texts:
        texts = [text for each in experiments for text in texts_of(each, key)[:1]]
        if key == BENCHMARK:  # by the names of problems where one benchmark is several
            names = zip(experiments, _problems(experiments), strict=True)
            texts = [each.benchmark if label == each.problem else label for each, label in names if each.problem]
        there = sorted({text for text in texts if text}, key=natural_order)
        if there and not Selection({key: selection.texts[key]}, problem=selection.problem).select(experiments):
            more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
            close = suggestion(str(selection.texts[key][0]), there)
            return f"{sentence} {close}Of {key} there is: {', '.join(there[:MOST_NAMED])}{more}."
    return sentence


def find_named(word: str, results_dir: str) -> ListedExperiment:
    """The experiment of a folder, or one below the folder of results with that name, hash, or beginning of these.

    Args:
        word: What was typed.
        results_dir: The folder of results.

    Raises:
        RecordError: If there is none, or there are several, or it cannot be read.
    """
    path = checked_path(word, "folder")
    if path.is_dir():
        return _only_one(word, word, find_experiments(path))
    if os.sep in word.rstrip(os.sep):
        raise RecordError(f"{word} does not exist. {_how_to_list(results_dir)}")
    found = find_experiments(results_dir)
    exact = [each for each in found.experiments if word in (each.hash, each.name, *each.formerly)]
    if exact:
        return _only_one(word, results_dir, attrs.evolve(found, experiments=exact))
    begins = [
        each
        for each in found.experiments
        if len(word) >= SHORTEST_BEGINNING
        and any(text.startswith(word) for text in (each.name, each.hash, *each.formerly) if text)
    ]
    damaged = {path: why for path, why in found.unreadable.items() if word in path.name} if not begins else {}
    if not begins and not damaged:
        names = [text for each in found.experiments for text in (each.name, each.hash) if text]
        raise RecordError(
            f"'{word}' is neither a folder nor the beginning, of at least {SHORTEST_BEGINNING} characters, of the name "
            f"or the hash of an experiment in {results_dir}. {suggestion(word, names)}{_how_to_list(results_dir)}"
        )
    return _only_one(word, results_dir, FoundExperiments(begins, damaged))


def _only_one(word: str, folder: str, found: FoundExperiments) -> ListedExperiment:
    if len(found.experiments) == 1:
        return found.experiments[0]
    if found.experiments:
        some = "".join(f"\n  {each.path}" for each in found.experiments[:MOST_NAMED])
        more = f"\n  and {len(found.experiments) - MOST_NAMED} more" if len(found.experiments) > MOST_NAMED else ""
        named = f"'{word}' is {len(found.experiments)} experiments. Name one of them:{some}{more}"
        raise RecordError(f"{named}\n{_how_to_list(folder)}")
    if found.unreadable:
        raise RecordError(next(iter(found.unreadable.values())))
    raise RecordError(f"{word} holds no experiment: no {METADATA} is in it or below.")


def _how_to_list(folder: str) -> str:
    where = "" if folder == results_folder() else f" {shlex.quote(folder)}"
    return f"To see what there is in {folder}, type: {LIST_ALL}{where}"


def _patterns(key: str, value: str) -> tuple[str | range, ...]:
    if key == SEED:
        return read_seeds(value)
    patterns = split_values(value)
    if not all(patterns):
        raise ConfigurationError(f"{key}={value} lacks a value. Type {key}=A, or {key}=A,B", option=key, value=value)
    for pattern in patterns if key == "status" else ():
        if not any(fnmatchcase(status, pattern.lower()) for status in STATUSES):
            raise ConfigurationError(
                f"{key}={value}: there is no status '{pattern}'. {suggestion(pattern, STATUSES)}Statuses: "
                f"{', '.join(STATUSES)}.",
                option=key,
                value=value,
            )
    several = [value] if len(patterns) > 1 else []  # a name, and a tag, may have commas
    return (*(escape(each) if is_in_brackets(each) else each for each in patterns), *map(escape, several))


def _age(key: str, value: str) -> float:
    age = AGE.fullmatch(value)
    seconds = float(age[1]) * UNITS[age[2]] if age is not None else timedelta.max.total_seconds()
    if seconds >= timedelta.max.total_seconds():
        raise ConfigurationError(
            f"{key}={value} must be a number and a unit: s, m, h, d or w. Type {key}=7d, for example.",
            option=key,
            value=value,
        )
    return seconds


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ConfigurationError(f"{key}={value} must be a number.", option=key, value=value) from error
