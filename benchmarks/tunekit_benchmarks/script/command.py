"""What the option ``command`` says: the program, what it is given, and the files in which that is set."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tunekit_core import BadCommand, InvalidOption, Script, SearchSpace, check_command, placeholders_of, plain_word

OTHER_FOLDER = "Where the program runs is said by benchmark.folder=FOLDER"
FILE_OF_PROGRAM = re.compile(r"[^-].*\.[A-Za-z]\w*")  # train.py, run.sh, main.R, but neither 0.5 nor --a=b.py
EXAMPLE_OF_SEVERAL = "benchmark.command=\"'python a.py {arguments}','python b.py {arguments}'\""
NOT_IN_FOLDER_NAMES = re.compile(r"[^A-Za-z0-9_.+-]")
FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)(\.[0-9_]*)?[eE][-+]?[0-9]+")


class Loader(yaml.SafeLoader):
    """Reads ``1e-4`` as the number that it is for all others, OmegaConf among them; for PyYAML it is a text."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789"))


def words_of(command: str) -> tuple[str, ...]:
    """The words of a command as a shell would split it, with their placeholders.

    Raises:
        InvalidOption: If it cannot be split, names no program, or is several commands to sweep over.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise InvalidOption("command", command, f"cannot be split into words as a shell would: {error}") from error
    if not words or not words[0]:
        raise InvalidOption(
            "command", command, "names no program. Type benchmark.command='python train.py', for example"
        )
    if _is_several(words):
        raise InvalidOption(
            "command",
            command,
            "looks like several commands, and is one text with all its commas. To sweep over several, put each in "
            f"quotes: {EXAMPLE_OF_SEVERAL}. If it is one, name its program otherwise, as in /usr/bin/env python",
        )
    return words


def check_program(command: str, script: Script, space: SearchSpace) -> None:
    """See that the program exists, that its file does, and that it can be given every configuration.

    Raises:
        InvalidOption: If not.
    """
    assert script.folder is not None
    try:
        check_command(script, space)
    except BadCommand as error:
        raise InvalidOption("command", command, str(error)) from error
    _check_program(command, _plain(script.command), script.folder, script.environment)


def name_of(command: Sequence[str]) -> str:
    """What results are named after: the script or module that the command runs, or the program itself."""
    words = _plain(command) or [command[0]]  # of placeholders alone it is refused once the space is known
    if "-m" in words[1:-1]:
        name = words[words.index("-m", 1) + 1]
    else:
        name = Path(next((word for word in words[1:] if FILE_OF_PROGRAM.fullmatch(word)), words[0])).stem
    return NOT_IN_FOLDER_NAMES.sub("_", name)


def templates_of(command: str, words: Sequence[str], folder: Path) -> dict[str, Mapping[str, Any]]:
    """What is in the files that placeholders name, such as ``{yaml:base.yaml}``.

    Raises:
        InvalidOption: If one cannot be read, or holds no mapping of what JSON has.
    """
    try:
        files = {each.file: str(each) for each in placeholders_of(words) if each.file}
    except BadCommand as error:
        raise InvalidOption("command", command, str(error)) from error
    return {file: _template(command, placeholder, folder / file) for file, placeholder in files.items()}


def _is_several(words: Sequence[str]) -> bool:
    """Whether a comma divides what begins alike, by the same program and its script, or a sweep is named.

    A comma before the name of the program alone may be of a value, as in ``--languages=c,python``.
    """
    program, *others = words
    if program.startswith("choice("):
        return True
    for i, word in enumerate(words[1:-1], start=1):
        is_next = word.rpartition(",")[2] == program if "," in word else word == program and words[i - 1].endswith(",")
        if is_next and (words[i + 1] == others[0] or _are_scripts(words[i + 1], others)):
            return True
    return False


def _are_scripts(word: str, others: Sequence[str]) -> bool:
    """Whether a word is a file such as the first that a program is given, ``b.py`` after ``a.py,python``."""
    first = next((each.rstrip(",").partition(",")[0] for each in others if not each.startswith("-")), "")
    return bool(FILE_OF_PROGRAM.fullmatch(first)) and Path(word.rstrip(",")).suffix == Path(first).suffix


def _plain(command: Sequence[str]) -> list[str]:
    """The words that stand for themselves."""
    return [word for word in map(plain_word, command) if word is not None]


def _template(command: str, placeholder: str, path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else Loader(text).get_single_data()
        problem = _problem(content, "") if isinstance(content, dict) else "holds no mapping of names to values"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        problem = f"is neither JSON nor YAML: {' '.join(str(error).split())}"
    if not problem:
        return content
    raise InvalidOption(
        "command",
        command,
        f"has {placeholder}, and {path} {problem}. Name the file with the settings of the program, relative to "
        "benchmark.folder, or write {json} or {yaml} for a file that holds the configuration alone",
    )


def _problem(content: Any, place: str) -> str:
    """Why something in a file cannot be set in a copy of it; empty if it can."""
    if isinstance(content, dict):
        wrong = next((key for key in content if not isinstance(key, str)), None)
        if wrong is not None:
            return f"has the key {wrong!r}{place}, which is no text: put it in quotes"
        problems = [_problem(value, f" in {key!r}") for key, value in content.items()]
    elif isinstance(content, list):
        problems = [_problem(value, place) for value in content]
    elif isinstance(content, date):
        problems = [f"has the date {content}{place}: put it in quotes"]
    else:
        known = content is None or isinstance(content, bool | int | float | str)
        problems = [] if known else [f"has {content!r}{place}, which JSON does not know"]
    return next(filter(None, problems), "")


def _check_program(command: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    program = words[0]
    if os.path.dirname(program):
        path = folder / program
        if not path.is_file():
            raise InvalidOption("command", command, f"cannot run: there is no file {path}. {OTHER_FOLDER}")
        if not os.access(path, os.X_OK):
            raise InvalidOption(
                "command",
                command,
                f"cannot run: {path} is not executable. Type `chmod +x {shlex.quote(str(path))}`, or put its "
                "interpreter before it, such as python",
            )
    elif shutil.which(program, path=environment.get("PATH")) is None:
        local = f". To run {folder / program} type ./{program}" if (folder / program).is_file() else ""
        raise InvalidOption(
            "command",
            command,
            f"cannot run: no program '{program}' is on the PATH{local}. Type its full path, or activate the "
            "environment that has it",
        )
    file = next((word for word in words[1:] if not word.startswith("-")), "")
    if file.endswith(".py") and not (folder / file).is_file():
        raise InvalidOption("command", command, f"cannot run: there is no file {folder / file}. {OTHER_FOLDER}")
