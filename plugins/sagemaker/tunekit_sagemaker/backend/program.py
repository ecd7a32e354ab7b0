"""The program of a benchmark as it is started in a container."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import attrs

from tunekit_core import ConfigurationError, InvalidOption, Script
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.code.files import CodeFile, files_to_upload
from tunekit_sagemaker.code.reporter import reporter_files
from tunekit_sagemaker.code.requirements import RequirementsFile, union_of_requirements

INTERPRETER = re.compile(r"python(3(\.\d+)?)?")
PYTHON = "python3"
REQUIREMENTS = "requirements.txt"


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
        ConfigurationError: If it names a file by an absolute path that lies outside of its folder.
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
        raise ConfigurationError(
            f"benchmark.command: {word} lies outside of the folder that is uploaded, {folder}, so a job does not have "
            "it. Type benchmark.folder=FOLDER with one above it, or name it relative to the folder.",
            option="benchmark.command",
            value=word,
        )
    return relative


def file_of(program: Program) -> str:
    """The file that AWS's toolkit starts; it has no arguments but hyperparameters.

    Raises:
        ConfigurationError: If the program is anything else than one file.
    """
    words = program.command[1:] if program.command[0] == PYTHON else program.command
    if len(words) == 1 and program.takes_arguments and not words[0].startswith("-"):
        return words[0]
    said = " ".join(program.command)
    problem = f"and the benchmark's command is `{said}`" if program.takes_arguments else "and this one takes none"
    raise ConfigurationError(
        f"backend.launch='script': the toolkit in the image starts one file, with hyperparameters as its arguments, "
        f"{problem}. Type benchmark.command='python train.py' with what else it needs as entries of the space, or "
        "backend.launch=bootstrap.",
        option="backend.launch",
        value="script",
    )


def files_of(
    program: Program, options: SageMakerOptions, results: Path | None
) -> tuple[list[CodeFile], dict[str, bytes]]:
    """What is uploaded of a program: its files, and the contents of others by their names.

    Args:
        program: Which.
        options: Those of the backend.
        results: Where results go, which are no part of it.

    Raises:
        ConfigurationError: If something must not be uploaded, cannot be read, or cannot be installed together.
    """
    dependencies = [Path(each) for each in options.source_dependencies]
    files = files_to_upload(program.folder, program.sources, dependencies, results)
    generated = reporter_files()
    if options.requirements is not None:
        own = [_requirements(each.path, each.path) for each in files if each.name == REQUIREMENTS]
        further = attrs.evolve(
            _requirements(options.requirements, f"backend.requirements={options.requirements}"), is_moved=True
        )
        generated[REQUIREMENTS] = union_of_requirements([*own, further]).encode()
    return files, generated


def _requirements(path: str, name: str) -> RequirementsFile:
    try:
        return RequirementsFile(name, Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidOption(
            "backend.requirements",
            path,
            f"cannot be read: {reason}. Name a file as pip reads it, such as backend.requirements=requirements-gpu.txt",
        ) from error
