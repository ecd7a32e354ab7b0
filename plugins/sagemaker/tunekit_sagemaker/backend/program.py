"""The program of a benchmark as it is started in a container."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit_core import (
    ConfigurationError,
    InvalidOption,
    Script,
    literal_word,
    placeholders_of,
    plain_word,
    with_arguments,
)
from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.code.files import CodeFile, files_to_upload
from tunekit_sagemaker.code.reporter import reporter_files
from tunekit_sagemaker.code.requirements import RequirementsFile, union_of_requirements

INTERPRETER = re.compile(r"python(3(\.\d+)?)?")
PYTHON = "python3"
REQUIREMENTS = "requirements.txt"
KNOWN_TO_IMAGES = ("arguments", "none", "checkpoint", "seed")  # placeholders: by their files and variables


@attrs.frozen
class Program:
    """What is uploaded, and what is run in the folder where it is unpacked.

    Attributes:
        folder: The folder that is uploaded.
        sources: What of it, as the benchmark says; all unless it does.
        command: The program and its arguments, which may hold placeholders, with files relative to the folder.
        environment: Its variables.
        templates: What the files hold that placeholders name.
        metrics: By metric a regular expression for what it prints.
    """

    folder: Path
    sources: tuple[Path, ...] | None
    command: tuple[str, ...]
    environment: Mapping[str, str]
    templates: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, str]


def program_of(script: Script) -> Program:
    """What of a script is independent of this machine.

    Raises:
        ConfigurationError: If it names a file by an absolute path that lies outside of its folder.
    """
    first, *words = with_arguments(script.command)
    if INTERPRETER.fullmatch(os.path.basename(first)):
        first = PYTHON  # that of the image, wherever the one here is
    files = [Path(word) for word in map(plain_word, words) if word and os.path.isabs(word) and os.path.isfile(word)]
    folder = script.folder or (files[0].parent if files else Path.cwd())
    command = (first, *(_within(word, folder) for word in words))
    return Program(folder, script.sources, command, script.environment, script.templates, script.metrics)


def _within(given: str, folder: Path) -> str:
    word = plain_word(given)
    if word is None or not (os.path.isabs(word) and os.path.exists(word)):
        return given
    relative = os.path.relpath(word, folder)
    if relative.startswith(os.pardir):
        raise ConfigurationError(
            f"benchmark.command: {word} lies outside of the folder that is uploaded, {folder}, so a job does not have "
            "it. Type benchmark.folder=FOLDER with one above it, or name it relative to the folder.",
            option="benchmark.command",
            value=word,
        )
    return literal_word(relative)


def started_by_toolkit(program: Program) -> tuple[str, tuple[str, ...]]:
    """What AWS's toolkit starts, which gives its program no arguments but hyperparameters.

    Returns:
        The file, and the hyperparameters that name the folder of checkpoints.

    Raises:
        ConfigurationError: If the program is anything else than one file with ``--NAME VALUE`` for each entry.
    """
    _check_no_patterns(program, "script")
    words = [word for word in program.command if word != "{arguments}"]
    file, *pairs = (words[1:] if words[0] == PYTHON else words) or [""]
    names = pairs[::2]
    is_one_file = bool(plain_word(file)) and not file.startswith("-")
    are_checkpoints = all(name.startswith("--") for name in names) and pairs[1::2] == ["{checkpoint}"] * len(names)
    if is_one_file and are_checkpoints and "{arguments}" in program.command:
        return str(plain_word(file)), tuple(name[2:] for name in names)
    raise ConfigurationError(
        f"backend.launch='script': the toolkit in the image starts one file, with hyperparameters as its arguments, "
        f"and the benchmark's command is `{' '.join(program.command)}`. Type benchmark.command='python train.py' with "
        "what else it needs as entries of the space, and --NAME {checkpoint} at most; or backend.launch=bootstrap.",
        option="backend.launch",
        value="script",
    )


def check_started_by_image(program: Program) -> None:
    """See that nothing of the command is lost where the image starts its own program.

    Raises:
        ConfigurationError: If the command passes entries in a way of its own.
    """
    _check_no_patterns(program, "image")
    own = [each for each in placeholders_of(program.command) if each.name not in KNOWN_TO_IMAGES]
    if own:
        raise ConfigurationError(
            "backend.launch='image': the image starts its own program, which finds hyperparameters where SageMaker "
            f"puts them, and nobody makes anything of {own[0]} in benchmark.command. Take it out, or type "
            "backend.launch=bootstrap.",
            option="backend.launch",
            value="image",
        )


def _check_no_patterns(program: Program, launch: str) -> None:
    if program.metrics:
        raise ConfigurationError(
            f"backend.launch='{launch}': nobody looks for the regular expressions of benchmark.metrics in what the "
            "program prints there. Have it print reports, or type backend.launch=bootstrap.",
            option="backend.launch",
            value=launch,
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
