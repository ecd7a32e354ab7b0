"""What can be told of the command of a script before anything is started."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.errors import suggestion
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
            nested(dict.fromkeys(rest, 0), script.templates[placeholder.file] if placeholder.file else {})


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
