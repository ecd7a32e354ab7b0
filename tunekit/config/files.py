"""Where config files are, and which groups they form; found without Hydra, for the help page and for errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tunekit.console import warn_once
from tunekit_core.errors import PluginError
from tunekit_core.plugins.registry import registry

OWN_PACKAGE = "tunekit.conf"


@cache
def config_packages() -> tuple[str, ...]:
    """Importable packages that hold configs, ours first. One that a plugin names but lacks is reported and left out.

    Raises:
        PluginError: If our own cannot be imported.
    """
    if not _folders(OWN_PACKAGE):
        import tunekit

        raise PluginError(
            f"The configuration of tunekit (package {OWN_PACKAGE}) is not beside {Path(tunekit.__file__).parent}. "
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


def groups() -> dict[str, dict[str, str]]:
    """The groups of all config packages, each with its options and the comment at the head of their files."""
    found: dict[str, dict[str, str]] = {}
    for package in config_packages():
        for folder in _folders(package):
            for file in sorted(folder.rglob("*.yaml")):
                group = file.parent.relative_to(folder).as_posix()
                if group != ".":
                    found.setdefault(group, {}).setdefault(file.stem, _head_comment(file))
    return {group: dict(sorted(options.items())) for group, options in found.items()}


def config_file(group: str, name: str, config_dir: str | None) -> Path | None:
    """The file of an option, where Hydra would find it.

    Args:
        group: Such as ``"experiment"``.
        name: Name of the option.
        config_dir: The user's own folder, which is looked through first.
    """
    folders = [Path(config_dir)] if config_dir else []
    folders += [folder for package in config_packages() for folder in _folders(package)]
    files = (folder / group / f"{name}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)


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
