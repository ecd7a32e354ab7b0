"""The files of distributions as they are installed here, which no index has: ours, and plugins of the user's own.

They are not installed where they arrive, but lie in a folder that comes first on the path, metadata included. So they
stand before whatever the image has of the same name and version, and change nothing where they are installed already.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from importlib import metadata

from tunekit_core import ConfigurationError
from tunekit_sagemaker.code.files import files_below, is_secret

OF_INSTALLATION = (
    "RECORD",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
)  # of a dist-info; who installs makes these anew
MAPPING = re.compile(r"^MAPPING\b.*?= (\{.*\})$", re.MULTILINE)
COMPILED = (".so", ".pyd", ".dylib")


def installed(name: str) -> metadata.Distribution:
    """An installed distribution, and not what a build has left in the folder of its project.

    Raises:
        PackageNotFoundError: If it is not installed.
    """
    found = list(metadata.distributions(name=name))
    if not found:
        raise metadata.PackageNotFoundError(name)
    return next((each for each in found if each.read_text("WHEEL") is not None), found[0])


def distribution_files(distribution: str) -> dict[str, bytes]:
    """What is in an installed distribution, by names relative to a folder on the path, with slashes.

    One that is installed where it is worked on (``pip install -e``) has the packages of its project as they are now.

    Args:
        distribution: Its name.

    Raises:
        ConfigurationError: If it is not installed, is compiled for this machine, or not all that belongs to it can be
            found.
    """
    try:
        found = installed(distribution)
    except metadata.PackageNotFoundError as error:
        raise ConfigurationError(f"{distribution} is not installed here, so it cannot be uploaded.") from error
    own = dict(_own_files(found))
    paths = _project_files(found, own) if _is_editable(found) else own
    compiled = next((path for path in paths.values() if path.endswith(COMPILED)), None)
    if compiled is not None:
        raise ConfigurationError(
            f"{distribution} cannot be uploaded: {compiled} is compiled for this machine. Build a wheel for the image "
            "of the jobs, and name it in requirements.txt."
        )
    contents = {}
    for name, path in paths.items():
        if is_secret(path):
            raise ConfigurationError(
                f"{distribution} cannot be uploaded: {path} has the name of a file with secrets. Move it out of there."
            )
        try:
            with open(path, "rb") as file:
                contents[name] = file.read()
        except OSError as error:
            raise ConfigurationError(
                f"{distribution} cannot be uploaded: its file {path} cannot be read ({error.strerror}). Install it "
                "again."
            ) from error
    lines = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in sorted(contents.items())]
    record = f"{_info(found)}/RECORD"
    return {**contents, record: "".join([*lines, f"{record},,\n"]).encode()}


def is_compiled(distribution: str) -> bool:
    """Whether an installed distribution has files that are compiled for this machine."""
    found = installed(distribution)
    return any(name.endswith(COMPILED) for name, _ in _own_files(found))


def is_of_no_index(distribution: str) -> bool:
    """Whether an installed distribution came from somewhere else than an index: a folder, a file, a repository."""
    return installed(distribution).read_text("direct_url.json") is not None


def _own_files(found: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """By their names: the files that it has brought, but for programs, which are made when one installs."""
    if found.files is None:
        raise ConfigurationError(
            f"{found.metadata['Name']} cannot be uploaded: nothing says which files belong to it. Install it with pip."
        )
    for file in found.files:
        name = file.as_posix()
        is_of_installation = file.name in OF_INSTALLATION and file.parent.name.endswith(".dist-info")
        if not (name.startswith(("..", "/")) or name.endswith(".pyc") or is_of_installation):
            yield name, str(found.locate_file(file))


def _is_editable(found: metadata.Distribution) -> bool:
    source = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(source.get("dir_info", {}).get("editable"))


def _project_files(found: metadata.Distribution, own: Mapping[str, str]) -> dict[str, str]:
    """What is known of the distribution, and the packages of its project."""
    info = _info(found)
    paths = {name: path for name, path in own.items() if name.startswith(f"{info}/")}
    packages = dict(_packages(found, [path for path in own.values() if path not in paths.values()]))
    if not packages:
        raise ConfigurationError(
            f"{found.metadata['Name']} cannot be uploaded: it is not known which packages of its project belong to it. "
            "Install it without -e."
        )
    for package, folder in packages.items():
        base = package.replace(".", "/")
        if not os.path.isdir(folder):
            paths[f"{base}.py"] = f"{folder}.py"
            continue
        for path in files_below(folder):
            paths[f"{base}/{os.path.relpath(path, folder).replace(os.sep, '/')}"] = path
    return paths


def _packages(found: metadata.Distribution, pointers: list[str]) -> Iterator[tuple[str, str]]:
    """By name where the packages are that the files of an editable installation lead to."""
    names = (found.read_text("top_level.txt") or found.metadata["Name"].replace("-", "_")).split()
    for pointer in pointers:
        with open(pointer, encoding="utf-8") as file:
            text = file.read()
        if pointer.endswith(".py"):
            yield from _mapping(text).items()
        elif pointer.endswith(".pth"):
            for folder in (line.strip() for line in text.splitlines() if not line.startswith(("import ", "#"))):
                for name in names:
                    path = os.path.join(folder, name)
                    if folder and (os.path.isdir(path) or os.path.isfile(f"{path}.py")):
                        yield name, path


def _mapping(code: str) -> dict[str, str]:
    """The packages that a module of setuptools finds, which it has as a constant."""
    match = MAPPING.search(code)
    return {} if match is None else dict(ast.literal_eval(match[1]))


def _info(found: metadata.Distribution) -> str:
    """The folder that says what it is."""
    for file in found.files or ():
        if file.parent.name.endswith(".dist-info") and file.name == "METADATA":
            return file.parent.name
    raise ConfigurationError(f"{found.metadata['Name']} cannot be uploaded: it has no METADATA. Install it with pip.")


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
