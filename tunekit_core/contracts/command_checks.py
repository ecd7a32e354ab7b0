"""What can be told of the command of a script before anything is started."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.errors import TunekitWarning, suggestion
from tunekit_core.portable.script_command import (
    FILES,
    FLAGS,
    OWN,
    REST,
    SEVERAL_WORDS,
    BadCommand,
    Placeholder,
    nested,
    placeholders_of,
    plain_word,
    with_arguments,
)
from tunekit_core.space import Domain, Listed, SearchSpace

OF_HYDRA = re.compile(r"[A-Za-z_$][\w$-]*(\.([A-Za-z_$][\w$-]*|\d+))*|[A-Za-z_][\w-]*(/[A-Za-z_][\w-]*)+", re.ASCII)
DIGITS = re.compile(r"\d+")


def check_command(script: Script, space: SearchSpace) -> None:
    """Check that the command of a script can be made for every configuration of a space, and passes all of it.

    Raises:
        BadCommand: If not.
    """
    words = with_arguments(script.command)
    if plain_word(words[0]) is None:
        raise BadCommand("names its program by a placeholder. Type the program itself, such as 'python train.py {lr}'")
    for placeholder in placeholders_of(script.command):
        _check_placeholder(placeholder, space, script.templates)
    for word in words:
        _check_word(word)
    placeholders = placeholders_of(words)
    names = {placeholder.name for placeholder in placeholders}
    if names >= {*FLAGS}:
        raise BadCommand("has {flags} and {no_flags}, so that each flag would be passed twice: leave one of them out")
    rest = [name for name in space if name not in names - {*OWN} and not (names & {*FLAGS} and _is_flag(space[name]))]
    if rest and not names & {*REST}:
        raise BadCommand(
            f"passes no '{rest[0]}', which is in the space. Add {{{rest[0]}}} to it, or {{arguments}} for "
            f"--{rest[0]} VALUE; or {{none}}, if the program reads the file that TUNEKIT_CONFIGURATION names"
        )
    if "overrides" in names:
        wrong = next((name for name in rest if not OF_HYDRA.fullmatch(name)), None)
        if wrong is not None:
            raise BadCommand(
                f"passes '{wrong}' by {{overrides}}, and Hydra takes no such name. Rename it, or write {{json}} or "
                f"name={{{wrong}}}"
            )
    for placeholder in placeholders:
        if placeholder.name in FILES:
            template = script.templates[placeholder.file] if placeholder.file else {}
            nested(dict.fromkeys(rest, 0), template)
            if placeholder.file:
                _check_names(rest, placeholder, template)


def _check_names(names: Sequence[str], placeholder: Placeholder, template: Mapping[str, Any]) -> None:
    """See that a file has what is set in it: else the program may never read it, and the search has no effect."""
    there = list(_names_in(template))
    added = [name for name in names if name not in there]
    for name in added:
        meant = _meant(name, [each for each in there if each not in names])
        if meant:
            raise BadCommand(
                f"has {placeholder}, and that file has no '{name}'. Did you mean '{meant}'? If the program reads "
                f"'{name}' as well, write it into the file"
            )
    if added:
        warnings.warn(
            f"{placeholder.file} has no {' and no '.join(map(repr, added))}: the copy of each trial has it beside the "
            "rest. If the program does not read it, the search over it is without effect.",
            TunekitWarning,
            stacklevel=2,
        )


def _names_in(template: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The names by which what a file holds can be set."""
    for key, value in template.items():
        yield f"{place}{key}"
        if isinstance(value, Mapping):
            yield from _names_in(value, f"{place}{key}.")


def _meant(name: str, there: Sequence[str]) -> str:
    """The name in a file that is likely meant by another; empty if there is none.

    Names that differ in a number alone, such as ``beta1`` and ``beta2``, are two.
    """
    last = name.rpartition(".")[2]
    same = [each for each in there if each.rpartition(".")[2] == last]
    spelt = get_close_matches(name, there, n=3, cutoff=0.85)
    spelt = [each for each in spelt if DIGITS.sub("", each) != DIGITS.sub("", name)]
    return next(iter(get_close_matches(name, same, n=1, cutoff=0.0) or spelt), "")


def _check_placeholder(placeholder: Placeholder, space: SearchSpace, templates: Mapping[str, Any]) -> None:
    name = placeholder.name
    if name in OWN and name in space:
        raise BadCommand(
            f"has {placeholder}, which has a meaning of its own, and '{name}' is in the space too. Rename it there: "
            f"benchmark.space.my_{name} and --{name} {{my_{name}}}, for example; or take it out"
        )
    if name not in OWN and name not in space:
        entries = [str(each) for each in space]
        close = suggestion(name, [*entries, *OWN]) if name else ""
        raise BadCommand(
            f"has the placeholder {placeholder}, and there is no such entry in the space. {close}Allowed: "
            f"{', '.join(f'{{{each}}}' for each in (*entries, *OWN))}, {{json:FILE}}, {{yaml:FILE}}. A brace that is "
            "meant as one is written {{ or }}"
        )
    if placeholder.file and placeholder.file not in templates:
        raise BadCommand(f"has {placeholder}, and the script does not say what is in that file")


def _check_word(word: str) -> None:
    several = [each for each in placeholders_of([word]) if each.name in SEVERAL_WORDS]
    if several and word != str(several[0]):
        raise BadCommand(
            f"has {several[0]} within {word!r}, and it stands for any number of words: set it apart by blanks"
        )


def _is_flag(entry: Any) -> bool:
    """Whether an entry of a space is true or false, whatever is chosen."""
    if isinstance(entry, Domain):
        values: Sequence[Any] = entry.values() if isinstance(entry, Listed) else entry.from_unit(np.array([0.5]))
    else:
        values = [entry]
    return all(value is None or isinstance(value, bool) for value in values)
