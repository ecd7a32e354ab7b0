"""Which problem an experiment is on: its benchmark and dataset, and of a program what it is given besides."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs

from tunekit.config.arguments import COMMAND, SPACE
from tunekit.config.specs.fixed_arguments import command_of, constants_and_searched
from tunekit.config.specs.titles import recorded_problem

METHOD, BENCHMARK, DATASET = "method", "benchmark", "dataset"
NO_BENCHMARK = "(no benchmark)"


@attrs.frozen
class FixedArguments:
    """What a program is given in all trials of an experiment.

    Attributes:
        command: The program with the arguments of its command.
        constants: Arguments that come from the search space, by name, as JSON.
    """

    command: str
    constants: tuple[tuple[str, str], ...]


def problem_labels(runs: Sequence[Mapping[str, Any]], *, setups: Collection[str] = ()) -> list[str]:
    """The problem of each experiment, as it is called among these.

    One program with other fixed arguments, such as another dataset, is another problem: where a method was run with
    several, be it by the command or by constants of the search space, the label has what not all of them have. Where
    each method has fixed arguments of its own, they belong to the method. What one of the experiments searches is no
    fixed argument, nor is how far trials run.

    Args:
        runs: The ``metadata.json`` of each.
        setups: Options by which setups are told apart, such as ``benchmark.command``: they divide no problem.
    """
    labels = [recorded_problem(metadata) or NO_BENCHMARK for metadata in runs]
    spaces = [constants_and_searched(metadata) for metadata in runs]
    searched: dict[str, set[str]] = {}
    for label, (_, names) in zip(labels, spaces, strict=True):
        searched.setdefault(label, set()).update(names)
    fixed = [
        FixedArguments(
            "" if COMMAND in setups else command_of(metadata),
            tuple(
                (name, json.dumps(value))
                for name, value in sorted(constants.items())
                if name not in searched[label] and f"{SPACE}{name}" not in setups
            ),
        )
        for label, (constants, _), metadata in zip(labels, spaces, runs, strict=True)
    ]
    by_method: dict[tuple[str, str], set[FixedArguments]] = {}
    by_problem: dict[str, dict[FixedArguments, None]] = {}
    for label, given, metadata in zip(labels, fixed, runs, strict=True):
        by_method.setdefault((label, str(metadata.get(METHOD))), set()).add(given)
        by_problem.setdefault(label, {})[given] = None
    divided = {label for (label, _), given in by_method.items() if len(given) > 1}
    own = {label: _own_words([*by_problem[label]]) for label in divided}
    return [
        " ".join(filter(None, [label, own[label][given]])) if label in divided else label
        for label, given in zip(labels, fixed, strict=True)
    ]


def _own_words(given: Sequence[FixedArguments]) -> dict[FixedArguments, str]:
    """Of each what not all have, as values alone; in full where that does not tell it from the others."""
    words = _own_of_commands(sorted({each.command for each in given}))
    shared = set.intersection(*(set(each.constants) for each in given))
    own = {each: [pair for pair in each.constants if pair not in shared] for each in given}
    short = {each: _joined(words[each.command], map(_value, own[each])) for each in given}
    if len(set(short.values())) == len(given):
        return short
    return {each: _joined(words[each.command], map("=".join, own[each])) for each in given}


def _joined(words: str, constants: Iterable[str]) -> str:
    return " ".join(filter(None, [words, *constants]))


def _value(pair: tuple[str, str]) -> str:
    """As it stands in a command: quoted where it needs it."""
    value = json.loads(pair[1])
    return shlex.quote(value) if isinstance(value, str) else pair[1]


def _own_of_commands(commands: Sequence[str]) -> dict[str, str]:
    """Of each command the words that not all have; the whole where that does not tell it from the others.

    >>> _own_of_commands(["python fit.py --data a {arguments}", "python fit.py --data b {arguments}"])
    {'python fit.py --data a {arguments}': 'a', 'python fit.py --data b {arguments}': 'b'}
    """
    words = {command: _words(command) for command in commands}
    shared = set.intersection(*map(set, words.values()))
    own = {command: shlex.join(word for word in words[command] if word not in shared) for command in commands}
    return own if len(set(own.values())) == len(own) else {command: command for command in commands}


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # somebody has edited it
        return command.split()
