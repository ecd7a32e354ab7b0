"""The tuning problem ``script``: a training script of the user's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import attrs

from tunekit_benchmarks.script.command import check_program, name_of, templates_of, words_of
from tunekit_core import (
    COST_ATTRIBUTE,
    Benchmark,
    ConfigurationError,
    InvalidOption,
    Objective,
    Script,
    SearchSpace,
    option,
)

RESERVED = "st_"
EXAMPLE = "benchmark.space.lr='loguniform(1e-4,1e-1)'"
ONE_SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)  # of a pattern: what is escaped, and what [] holds
REPEATED_TWICE = re.compile(r"\((?:\?:|\?P<\w+>)?[^()|?*+{}][*+]\??\)(?:[*+]|\{\d*,\})")  # once these are letters
EXAMPLE_PATTERN = r"benchmark.metrics.loss='val_loss: (\S+)'"


@attrs.frozen(kw_only=True)
class ScriptOptions:
    """What is run, what it is given, and what it reports."""

    command: str = option(
        help="The program and its arguments, as in a shell, but no shell runs it. ``{lr}`` stands for the value of "
        "``lr``, ``{arguments}`` for ``--NAME VALUE`` of all that no other placeholder takes; it is added where "
        "nothing else passes hyperparameters. Others are ``{flags}``, ``{no_flags}``, ``{overrides}``, ``{json}``, "
        "``{yaml}``, ``{json:FILE}``, ``{yaml:FILE}``, ``{none}``, ``{checkpoint}``, ``{seed}``; a brace is ``{{``."
    )
    space: Mapping[str, Any] = option(
        help="By name a domain, such as ``loguniform(1e-4,1e-1)``, a list of which one is taken, or a constant. The "
        "order does not matter."
    )
    metric: str = option("loss", help="What is optimised, as the program reports it.")
    mode: Literal["min", "max"] = option("min", help="Whether ``metric`` is to be small or large.")
    resource: str | None = option(
        None,
        help="What the program reports beside it, whole numbers that grow, such as ``epoch``; unless given, reports "
        "are counted.",
    )
    max_resource: int | None = option(
        None, help="The last resource of a trial. Schedulers that compare trials early need it.", at_least=1
    )
    max_resource_attr: str | None = option(
        None,
        help="The entry through which the program is told how far to run, if it can be. It joins ``space`` by itself.",
    )
    folder: str | None = option(None, help="Working directory of the program; that of the tuner unless given.")
    environment: Mapping[str, Any] = option(
        attrs.Factory(dict), help="Variables for the program, beside those of the tuner."
    )
    metrics: Mapping[str, Any] = option(
        attrs.Factory(dict),
        help="For a program that cannot be changed: by metric a regular expression whose group is its value in a "
        "line that is printed. ``metric`` and ``resource`` need one each, and make a report once both were found.",
    )
    sources: tuple[str, ...] | None = option(
        None,
        help="The files and folders that make up the program, relative to ``folder``; ``[]`` for none. With another "
        "content the same command is another run. Unless given they are the files that ``command`` names and the "
        "modules beside them that these import.",
    )

    def __attrs_post_init__(self) -> None:
        # It belongs to the run, which is resumed from wherever somebody is.
        object.__setattr__(self, "folder", os.path.abspath(os.path.expanduser(self.folder or "")))
        # Equal runs are equal, however they were typed.
        entries = {read: text for name, entry in self.space.items() for read, text in _as_read(name, entry).items()}
        if self.max_resource_attr is not None:
            of_space = entries.get(self.max_resource_attr)
            if of_space is None and self.max_resource is not None:
                entries[self.max_resource_attr] = self.max_resource
            elif type(of_space) is int and self.max_resource is None:
                object.__setattr__(self, "max_resource", of_space)
        variables = {name: str(value) if type(value) is int else value for name, value in self.environment.items()}
        object.__setattr__(self, "space", entries)
        object.__setattr__(self, "environment", variables)
        if not self.metric:
            raise InvalidOption(
                "metric", self.metric, "must name what the program reports, such as benchmark.metric=loss"
            )
        if self.metric == self.resource:
            raise InvalidOption(
                "resource",
                self.resource,
                "is the metric itself: name what counts the progress, such as benchmark.resource=epoch, or null to "
                "count reports",
            )


class ScriptBenchmark(Benchmark):
    """A program of your own: it is given hyperparameters, and reports metrics through ``tunekit.Reporter``.

    Every entry of the space is an argument, ``--name value``, unless the command says otherwise by placeholders, as in
    ``python train.py optim.lr={lr}``. All of them are in the JSON file that the variable ``TUNEKIT_CONFIGURATION``
    names as well. The space is in alphabetical order, however it was written. What is in the program belongs to the
    run, and so do files that placeholders name: after an edit the same command is another run.

    Raises:
        InvalidOption: If the program does not exist, or the options do not go together.
    """

    name: ClassVar[str] = "script"
    Options: ClassVar[type[Any]] = ScriptOptions
    revision = 2
    max_wallclock_time = 3600.0

    def __init__(self, options: ScriptOptions) -> None:
        super().__init__(options)
        # The order decides which random number each hyperparameter gets.
        entries = {name: options.space[name] for name in sorted(options.space)}
        max_resource = options.max_resource
        if options.max_resource_attr is not None:
            max_resource = _agreed_max_resource(entries, options.max_resource_attr, max_resource)
            entries[options.max_resource_attr] = max_resource
        words = words_of(options.command)
        variables = _variables(options.environment)
        folder = _folder(options.folder)
        templates = templates_of(options.command, words, folder)
        sources = _sources(options.sources, folder)
        self.space = _space(entries)
        self.objective = Objective(options.metric, options.mode, resource=options.resource)
        self.max_resource = max_resource
        self.max_resource_attr = options.max_resource_attr
        self.dataset = name_of(words)
        patterns = _patterns(options.metrics, self.objective)
        self.metrics = frozenset({*patterns, COST_ATTRIBUTE}) if patterns else None
        self._script = Script(words, folder, variables, sources, templates=templates, metrics=patterns)
        check_program(options.command, self._script, self.space)

    def script(self) -> Script:
        return self._script


def _as_read(name: str, entry: Any) -> Mapping[str, Any]:
    """Domains as they write themselves, by name; anything else as it is, for the space to take or refuse."""
    try:
        return SearchSpace.parse({name: entry}).to_text()
    except ConfigurationError:
        return {name: entry}


def _agreed_max_resource(entries: Mapping[str, Any], name: str, max_resource: int | None) -> int:
    """The last resource, which may be given by its option, by a constant of the space, or equally by both."""
    constant = entries.get(name)
    if constant is None and max_resource is None:
        raise InvalidOption(
            "max_resource_attr", name, "needs the number that it passes on: add benchmark.max_resource=27, for example"
        )
    if constant is None:
        assert max_resource is not None
        return max_resource
    if isinstance(constant, bool) or not isinstance(constant, int) or constant < 1:
        raise InvalidOption(
            f"space.{name}",
            constant,
            "tells the program how far to run (benchmark.max_resource_attr), so it cannot be searched: give a whole "
            f"number, such as benchmark.space.{name}=27",
        )
    if max_resource not in (None, constant):
        raise InvalidOption(
            "max_resource",
            max_resource,
            f"and benchmark.space.{name}={constant} are two values for one thing. Leave one of them out",
        )
    return constant


def _patterns(metrics: Mapping[str, Any], objective: Objective) -> dict[str, str]:
    """The regular expressions of metrics; one of them is enough to find what a report needs."""
    for name, pattern in metrics.items():
        if name.startswith(RESERVED) and name != COST_ATTRIBUTE:
            raise InvalidOption(
                f"metrics.{name}", pattern, f"cannot be used: names that begin with '{RESERVED}' are those of tunekit"
            )
        try:
            compiled = re.compile(pattern)
        except (re.error, TypeError, RecursionError) as error:
            raise InvalidOption(
                f"metrics.{name}", pattern, f"is no regular expression ({error}). Type for example {EXAMPLE_PATTERN}"
            ) from error
        if compiled.groups > 1:
            raise InvalidOption(
                f"metrics.{name}",
                pattern,
                f"has {compiled.groups} groups, and the value is one: write the others as (?:…), as in "
                f"{EXAMPLE_PATTERN}",
            )
        if not compiled.groups:
            raise InvalidOption(
                f"metrics.{name}",
                pattern,
                f"does not say where the value is: put round brackets around the number, as in {EXAMPLE_PATTERN}",
            )
        if REPEATED_TWICE.search(ONE_SIGN.sub("x", pattern)):
            raise InvalidOption(
                f"metrics.{name}",
                pattern,
                "repeats what is repeated already, as (x+)+ does: on a line of 40 letters that does not match in the "
                f"end that takes hours. Repeat once, as in {EXAMPLE_PATTERN}",
            )
        empty = compiled.search("")
        if empty is not None and empty[1] is not None:
            raise InvalidOption(
                f"metrics.{name}",
                pattern,
                "finds a value in a line with nothing in it, and so in every line. Write what stands before the "
                f"number, and + in place of *, as in {EXAMPLE_PATTERN}",
            )
    missing = [name for name in objective.needed if name not in metrics]
    if metrics and missing:
        what = "the resource" if missing[0] == objective.resource else "what is optimised"
        more = " or benchmark.resource=null to count reports" if missing[0] == objective.resource else ""
        raise InvalidOption(
            "metrics",
            dict(metrics),
            f"lacks a pattern for {missing[0]}, {what}, so that no report would have it. Type "
            rf"benchmark.metrics.{missing[0]}='{missing[0]}: (\S+)', for example{more}",
        )
    return dict(metrics)


def _variables(environment: Mapping[str, Any]) -> dict[str, str]:
    for name, value in environment.items():
        # A number with a point or an exponent may no longer be what was typed.
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise InvalidOption(
                f"environment.{name}",
                value,
                "is no text, as all variables are. Put it in quotes of its own, as in "
                f"\"benchmark.environment.{name}='1.10'\"",
            )
    return {name: str(value) for name, value in environment.items()}


def _folder(folder: str | None) -> Path:
    assert folder is not None  # the options say where that is
    path = Path(folder)
    if not path.is_dir():
        raise InvalidOption("folder", folder, "is no folder: name that in which the program is to run")
    return path


def _sources(sources: Sequence[str] | None, folder: Path) -> tuple[Path, ...] | None:
    if sources is None:
        return None
    paths = tuple(Path(os.path.expanduser(source)) for source in sources)
    for source, path in zip(sources, paths, strict=True):
        there = folder / path
        if not source or not (there.is_file() or there.is_dir()):
            raise InvalidOption(
                "sources",
                list(sources),
                f"cannot be counted: there is no file or folder {there}. Type benchmark.sources=[train.py,src] with "
                "those that make up the program, or null to have them found",
            )
    return paths


def _space(entries: Mapping[str, Any]) -> SearchSpace:
    for name, entry in entries.items():
        if name.startswith(RESERVED):
            raise InvalidOption(
                f"space.{name}", entry, f"cannot be used: names that begin with '{RESERVED}' are those of tunekit"
            )
    try:
        space = SearchSpace.parse(entries)
    except ConfigurationError as error:
        name = str(error.option)
        entry = entries.get(name, error.value)  # of a name in a mapping there is no entry
        raise InvalidOption(f"space.{name}", entry, _problem(error, name, entry)) from error
    if not space.names:
        raise InvalidOption("space", dict(entries), f"has nothing to search. Type for example {EXAMPLE}")
    return space


def _problem(error: ConfigurationError, name: str, entry: object) -> str:
    """What the space says of an entry, as the end of a sentence that begins with the name and the entry."""
    message, beginning = str(error).removesuffix("."), f"{name}={entry!r} "
    if message.startswith(beginning):
        return message.removeprefix(beginning)
    return f"cannot be used: {message.removeprefix(f'{name}: ')}"
