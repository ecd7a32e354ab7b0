"""Where options files are, and which groups they form; found without Hydra, for the help page and for errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tunekit.config.schema import COMPONENTS, RECIPES
from tunekit.console import warn_once
from tunekit_core.errors import PluginError
from tunekit_core.plugins.registry import registry

OWN_PACKAGE = "tunekit.conf"
NAME = re.compile(r"[\w.-]+")


@cache
def config_packages() -> tuple[str, ...]:
    """Importable packages that hold configs, ours first. One that a plugin names but lacks is reported and left out.

    Raises:
        PluginError: If our own cannot be imported.
    """
    if not _folders(OWN_PACKAGE):
        here = Path(__file__).parents[1]
        raise PluginError(
            f"The configuration of tunekit (package {OWN_PACKAGE}) is not beside {here}. "
            "In the root of a clone while a wheel is installed, Python finds the clone's package instead: change to "
            "another folder, or install the clone with `pip install -r requirements.txt`."
        )
    packages = []
    for package in registry().config_packages:
        if _folders(package):
            packages.append(package)
        else:
            warn_once(f"a plugin names the config package '{package}', which cannot be imported; it is left out.")
    return (OWN_PACKAGE, *packages)


@cache
def groups() -> Mapping[str, Mapping[str, str]]:
    """What can be chosen: for each group its options files, each with the comment at its head.

    A recipe is among them only if everything that it chooses is installed.
    """
    files = {group: dict(sorted(_files(group).items())) for group in sorted(_group_names())}
    return {
        group: {name: _head_comment(file) for name, file in found.items() if _is_usable(group, file)}
        for group, found in files.items()
    }


def config_file(group: str, name: str, config_dir: str | None) -> Path | None:
    """The file of an option, where Hydra would find it.

    Args:
        group: Such as ``"experiment"``.
        name: Name of the option.
        config_dir: The user's own folder, which is looked through first.
    """
    own = [Path(config_dir) / group / f"{name}.yaml"] if config_dir else []
    files = (*own, *(folder / group / f"{name}.yaml" for folder in _all_folders()))
    return next((file for file in files if file.is_file()), None)


def _is_usable(group: str, file: Path) -> bool:
    return group not in RECIPES or all(_is_installed(chosen, name) for chosen, name in _choices(file))


def _choices(file: Path) -> Iterator[tuple[str, str]]:
    """The options files that a recipe chooses: in its defaults list, and where it is a study, in its sweep.

    What is not simply a name is left to Hydra, and so is a file that cannot be read.
    """
    try:
        content: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        entries = [entry for entry in content.get("defaults") or () if isinstance(entry, dict)]
        params = content.get("hydra", {}).get("sweeper", {}).get("params", {})
        chosen = [*((key.removeprefix("override "), name) for entry in entries for key, name in entry.items())]
        chosen += [(key, name) for key, names in params.items() for name in str(names).split(",")]
    except (AttributeError, TypeError, ValueError, yaml.YAMLError):
        return
    for key, name in chosen:
        group, text = str(key).strip("/ "), str(name).strip("'\" ")
        if group in (*COMPONENTS, *RECIPES) and name is not None and NAME.fullmatch(text):
            yield group, text


def _is_installed(group: str, name: str) -> bool:
    """Whether there is such an options file. It comes with the component that it names."""
    file = config_file(group, name, None)
    return file is not None and _is_usable(group, file)


def _group_names() -> set[str]:
    found = {file.parent.relative_to(folder) for folder in _all_folders() for file in folder.rglob("*.yaml")}
    return {group.as_posix() for group in found} - {"."}


def _files(group: str) -> dict[str, Path]:
    """The options files of a group by name; of two with one name that which Hydra takes."""
    found: dict[str, Path] = {}
    for folder in _all_folders():
        for file in sorted((folder / group).glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


def _all_folders() -> list[Path]:
    return [folder for package in config_packages() for folder in _folders(package)]


def _folders(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except ImportError:
        return []
    if spec is None or spec.origin is None:  # a folder without __init__.py, which Hydra does not accept
        return []
    return [Path(location) for location in spec.submodule_search_locations or ()]


def _head_comment(file: Path) -> str:
    return " ".join(_comment_lines(file))


def _comment_lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            return
        if "@package" not in line:
            yield line.lstrip("# ").rstrip()
