"""What a command names: files, modules of Python, and code."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence

import attrs

from tunekit.sources.installed import INTERPRETER

SHELL = re.compile(r"(ba|da|k|z|fi|)sh")
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
CHANGE_FOLDER = ("cd", "pushd", "-C", "--chdir", "--directory")
SPLIT = ("-S", "--split-string")  # of env
FILES_OF_SHELL = ("--rcfile", "--init-file")
WITH_VALUE = "cmWX"  # options of Python that take what follows
PYTHONPATH = "PYTHONPATH"


@attrs.define
class Named:
    """What a command names.

    Attributes:
        words: That may be files, in their order.
        scripts: Those of them that are run by Python, whatever they are called.
        modules: Dotted names that may be modules which are run.
        code: Texts of Python that stand in the command itself.
        python_path: Values of ``PYTHONPATH`` that stand in it.
        folders: Those that it changes to on the way.
        programs: What may lie in the environment of a Python: the first word, and each Python.
    """

    words: list[str] = attrs.field(factory=list)
    scripts: list[str] = attrs.field(factory=list)
    modules: list[str] = attrs.field(factory=list)
    code: list[str] = attrs.field(factory=list)
    python_path: list[str] = attrs.field(factory=list)
    folders: list[str] = attrs.field(factory=list)
    programs: list[str] = attrs.field(factory=list)


def read_command(words: Sequence[str]) -> Named:
    """What a command names, in whatever it is wrapped: ``env A=1``, ``torchrun --nproc_per_node 2``, ``bash -c``."""
    named = Named()
    _read(words, named)
    return named


def _read(words: Sequence[str], named: Named) -> None:
    index = 0
    while index < len(words):
        word, program = words[index], os.path.basename(words[index])
        following = words[index + 1 :]
        # What is typed without a folder is looked for on the PATH, where programs are installed.
        if index > 0 or os.path.dirname(word):
            named.words.extend(_may_be_files(word))
        if word.startswith(f"{PYTHONPATH}="):
            named.python_path.append(word.partition("=")[2])
        index += 1
        if index == 1 or INTERPRETER.fullmatch(program):
            named.programs.append(word)
        if INTERPRETER.fullmatch(program):
            index += _read_python(following, named)
        elif SHELL.fullmatch(program):
            _read_shell(following, named)
        elif word in CHANGE_FOLDER and following:
            named.folders.append(following[0])
        elif word in SPLIT and following:
            _read(_split(following[0]), named)
        elif word in ("-m", "--module") and following and MODULE.fullmatch(following[0]):
            named.modules.append(following[0])  # of torchrun, accelerate, coverage, …
        else:
            _read_joined(word, named)


def _read_joined(word: str, named: Named) -> None:
    """Read an option with its value in one word."""
    option, equals, value = word.partition("=")
    if equals and option in CHANGE_FOLDER:
        named.folders.append(value)
    elif equals and option in SPLIT:
        _read(_split(value), named)
    elif (equals and option == "--module") or word.startswith("-m"):
        module = value if equals else word[2:]
        named.modules.extend([module] if MODULE.fullmatch(module) else [])


def _may_be_files(word: str) -> Iterator[str]:
    yield word
    if "=" in word:  # --config=a.yaml
        yield word.partition("=")[2]


def _read_python(words: Sequence[str], named: Named) -> int:
    """Read what follows a Python, up to where the arguments of the program begin.

    Returns:
        How many words that are.
    """
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-"):
            named.words.append(word)
            named.scripts.append(word)
            return index + 1
        index += 1
        if word == "-":
            return index
        if word.startswith("--"):
            index += word == "--check-hash-based-pycs"
            continue
        found = re.search(f"[{WITH_VALUE}]", word)  # -um is -u -m
        if found is None:
            continue
        option, value = found.group(), word[found.end() :]
        if not value and index < len(words):
            value = words[index]
            index += 1
        if option == "m":
            named.modules.extend([value] if MODULE.fullmatch(value) else [])
            return index
        if option == "c":
            named.code.append(value)
            return index
    return index


def _read_shell(words: Sequence[str], named: Named) -> None:
    """Read the commands in ``bash -c 'nice python train.py'`` as if they stood there themselves."""
    rest, is_text = list(words), False
    while rest and rest[0][:1] in ("-", "+"):
        option = rest.pop(0)
        is_text |= "c" in option and not option.startswith("--")
        if option in FILES_OF_SHELL or (not option.startswith("--") and option[-1] in "oO"):  # as -euo pipefail
            del rest[:1]
    if rest and is_text:
        _read(_split(rest[0]), named)


def _split(text: str) -> list[str]:
    reader = shlex.shlex(text, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    try:
        return list(reader)
    except ValueError:  # quotes that do not end
        return []
