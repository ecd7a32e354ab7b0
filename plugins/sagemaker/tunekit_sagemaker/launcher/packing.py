"""What the jobs of a launch need that their image does not have."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from pathlib import Path

import attrs

from tunekit_core import ConfigurationError, InvalidOption, Launch
from tunekit_sagemaker.aws.prices import VARIABLE, read_prices
from tunekit_sagemaker.code.distributions import distribution_files
from tunekit_sagemaker.code.files import CodeFile, check_size, checked_file, files_below, files_to_upload
from tunekit_sagemaker.code.required import travelling_with
from tunekit_sagemaker.code.requirements import RequirementsFile, union_of_requirements
from tunekit_sagemaker.launcher.job import PRICES_FILE
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions

OURS = "tunekit-sagemaker"
REQUIREMENTS = "requirements.txt"
FOLDERS, INPUTS = "folders", "inputs"
DEPENDENCIES = "hydra.launcher.source_dependencies"


@attrs.frozen
class Packed:
    """What is uploaded once for all jobs of a launch.

    Attributes:
        files: Files of this machine, with their names in the archive.
        generated: Contents of further files by their names.
        moved: Where in the archive is what runs name by an absolute path of this machine.
    """

    files: list[CodeFile]
    generated: dict[str, bytes]
    moved: dict[str, str]


def pack(launch: Launch, options: SageMakerLauncherOptions) -> Packed:
    """Find all that runs need: distributions, the folders of programs, inputs, and what has to be installed.

    Raises:
        ConfigurationError: If something must not be uploaded, cannot be read, or cannot be installed together.
    """
    travelling = travelling_with([*launch.distributions, OURS])
    generated: dict[str, bytes] = {}
    for name in travelling.distributions:
        generated.update(distribution_files(name))
    prices = os.environ.get(VARIABLE)
    if prices:  # by which trials that are jobs of their own are counted
        read_prices(Path(prices), prices)
        generated[PRICES_FILE] = Path(os.path.expanduser(prices)).read_bytes()
    files: list[CodeFile] = []
    moved: dict[str, str] = {}
    required = list(travelling.requirements)
    for number, (folder, sources) in enumerate(_folders(launch)):
        base = moved[str(folder)] = f"{FOLDERS}/{number}"
        for file in files_to_upload(folder, sources, results_dir=launch.results_dir):
            if file.name == REQUIREMENTS:
                required.append(_read_requirements(file.path, file.path))
            files.append(attrs.evolve(file, name=f"{base}/{file.name}"))
    for number, path in enumerate(launch.inputs):
        name = moved[str(path)] = f"{INPUTS}/{number}/{path.name}"
        files += _input_files(path, name)
    results = os.path.realpath(launch.results_dir)
    files += _dependencies(
        options, results, {name.partition("/")[0] for name in generated} | {FOLDERS, INPUTS, REQUIREMENTS}
    )
    if options.requirements is not None:
        required.append(_read_requirements(options.requirements, f"hydra.launcher.requirements={options.requirements}"))
    generated[REQUIREMENTS] = union_of_requirements(required).encode()
    check_size(files)
    return Packed(files, generated, moved)


def _folders(launch: Launch) -> Iterator[tuple[Path, tuple[Path, ...] | None]]:
    """The folders of programs that do not come with a distribution."""
    for script in launch.scripts:
        if script.folder is not None:
            yield script.folder, script.sources


def _input_files(path: Path, name: str) -> Iterator[CodeFile]:
    for file in files_below(str(path)) if path.is_dir() else [str(path)]:
        relative = os.path.relpath(file, path).replace(os.sep, "/") if path.is_dir() else ""
        try:
            yield checked_file(f"{name}/{relative}" if relative else name, file, "benchmark.sources")
        except OSError as error:
            raise ConfigurationError(f"{file}, which runs read, cannot be uploaded: {error.strerror}.") from error


def _dependencies(options: SageMakerLauncherOptions, results: str, ours: Set[str]) -> Iterator[CodeFile]:
    """What is to be importable, and lies at the top of the archive for that, where nothing else has its name."""
    taken = {name: "what travels by itself" for name in ours}
    for given in options.source_dependencies:
        path = os.path.abspath(given)
        if not given or not os.path.exists(path):
            raise InvalidOption("source_dependencies", given, "is no file or folder: name one with code")
        base, name = os.path.split(path)
        if name in taken:
            raise InvalidOption(
                "source_dependencies",
                path,
                f"would lie where {taken[name]} does: rename it, or leave it out",
            )
        taken[name] = path
        try:
            for file in files_below(path, (results,)) if os.path.isdir(path) else [path]:
                yield checked_file(os.path.relpath(file, base).replace(os.sep, "/"), file, DEPENDENCIES)
        except OSError as error:
            raise InvalidOption("source_dependencies", error.filename, f"cannot be read: {error.strerror}") from error


def _read_requirements(path: str, name: str) -> RequirementsFile:
    try:
        text = Path(path).read_text(encoding="utf-8")
        return RequirementsFile(name, text, is_moved=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidOption(
            "requirements",
            path,
            f"cannot be read: {reason}. Name a file as pip reads it, such as hydra.launcher.requirements=FILE",
        ) from error
