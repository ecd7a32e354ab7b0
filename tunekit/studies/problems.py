"""Which problem an experiment is on: its benchmark and dataset, and of a program what it is given besides."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit.config.specs.titles import recorded_problem

METHOD, BENCHMARK, DATASET = "method", "benchmark", "dataset"
NO_BENCHMARK = "(no benchmark)"
COMMAND = "command"  # the option of a benchmark that says which program is run, with which arguments


def problem_labels(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The problem of each experiment, as it is called among these.

    One program with other fixed arguments, such as another dataset, is another problem: where a method was run with
    several commands, the label has the words that not all of them have. Where each method has a command of its own,
    the command belongs to the method.

    Args:
        runs: The ``metadata.json`` of each.
    """
    labels = [recorded_problem(metadata) or NO_BENCHMARK for metadata in runs]
    commands = [_command(metadata) for metadata in runs]
    by_method: dict[tuple[str, str], set[str]] = {}
    by_problem: dict[str, set[str]] = {}
    for label, command, metadata in zip(labels, commands, runs, strict=True):
        by_method.setdefault((label, str(metadata.get(METHOD))), set()).add(command)
        by_problem.setdefault(label, set()).add(command)
    divided = {label for (label, _), given in by_method.items() if len(given) > 1}
    own = {label: _own_words(sorted(by_problem[label])) for label in divided}
    return [
        " ".join(filter(None, [label, own[label][command]])) if label in divided else label
        for label, command in zip(labels, commands, strict=True)
    ]


def _command(metadata: Mapping[str, Any]) -> str:
    value: Any = metadata.get("config")
    for key in (BENCHMARK, COMMAND):
        value = value.get(key) if isinstance(value, Mapping) else None
    return str(value or "")


def _own_words(commands: Sequence[str]) -> dict[str, str]:
    """Of each command the words that not all have; the whole where that does not tell it from the others.

    >>> _own_words(["python fit.py --data a {arguments}", "python fit.py --data b {arguments}"])
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
