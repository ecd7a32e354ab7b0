"""The program of a benchmark as it is started in a container."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import attrs

from tunekit_core import InvalidOption, Script

INTERPRETER = re.compile(r"python(3(\.\d+)?)?")
PYTHON = "python3"


@attrs.frozen
class Program:
    """What is uploaded, and what is run in the folder where it is unpacked.

    Attributes:
        folder: The folder that is uploaded.
        sources: What of it, as the benchmark says; all unless it does.
        command: The program and its first arguments, with files relative to the folder.
        environment: Its variables.
        takes_arguments: Whether it is given the configuration as arguments.
    """

    folder: Path
    sources: tuple[Path, ...] | None
    command: tuple[str, ...]
    environment: Mapping[str, str]
    takes_arguments: bool


def program_of(script: Script) -> Program:
    """What of a script is independent of this machine.

    Raises:
        InvalidOption: If it names a file by an absolute path that lies outside of its folder.
    """
    first, *words = script.command
    if INTERPRETER.fullmatch(os.path.basename(first)):
        first = PYTHON  # that of the image, wherever the one here is
    files = [Path(word) for word in words if os.path.isabs(word) and os.path.isfile(word)]
    folder = script.folder or (files[0].parent if files else Path.cwd())
    command = (first, *(_within(word, folder) for word in words))
    return Program(folder, script.sources, command, script.environment, script.takes_arguments)


def _within(word: str, folder: Path) -> str:
    if not (os.path.isabs(word) and os.path.exists(word)):
        return word
    relative = os.path.relpath(word, folder)
    if relative.startswith(os.pardir):
        raise InvalidOption(
            "command",
            word,
            f"names what lies outside of the folder that is uploaded, {folder}: a job does not have it. Type "
            "benchmark.folder=FOLDER with one above it, or name it relative to the folder",
        )
    return relative
