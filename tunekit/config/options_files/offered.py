"""What the help page offers: options files with the comment at their head, and recipes that can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tunekit.config.options_files.files import OptionsFile, files, typed_files
from tunekit.config.schema import COMPONENTS, RECIPES
from tunekit_core.plugins.names import split_name

NAME = re.compile(r"[\w./-]+")


@cache
def groups() -> Mapping[str, Mapping[str, str]]:
    """What can be chosen: for each group its options files by what is typed, each with the comment at its head.

    A recipe is among them only if everything that it chooses is installed.
    """
    return {
        group: {name: _head_comment(file.path) for name, file in typed_files(group).items() if _is_usable(file)}
        for group in files()
    }


def read_content(path: Path | None) -> Mapping[str, Any]:
    """What is in an options file; nothing if that cannot be read, which is said when it is chosen."""
    assert path is not None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_usable(file: OptionsFile) -> bool:
    return file.group not in RECIPES or all(_is_installed(chosen, name) for chosen, name in _choices(file.path))


def _choices(path: Path | None) -> Iterator[tuple[str, str]]:
    """The options files that a recipe chooses: in its defaults list, and where it is a study, in its sweep.

    What is not simply a name is left to Hydra, and so is a file that cannot be read.
    """
    content = read_content(path)
    try:
        entries = [entry for entry in content.get("defaults") or () if isinstance(entry, dict)]
        params = content.get("hydra", {}).get("sweeper", {}).get("params", {})
        chosen = [*((key.removeprefix("override "), name) for entry in entries for key, name in entry.items())]
        chosen += [(key, name) for key, names in params.items() for name in str(names).split(",")]
    except (AttributeError, TypeError):
        return
    for key, name in chosen:
        group, text = str(key).strip("/ "), str(name).strip("'\" ")
        if group in (*COMPONENTS, *RECIPES) and name is not None and NAME.fullmatch(text):
            yield group, text


def _is_installed(group: str, name: str) -> bool:
    """Whether there is such an options file. It comes with the component that it names."""
    distribution, bare = split_name(name)
    homes = files().get(group, {}).get(bare, ())
    return any(_is_usable(file) for file in homes if distribution in (None, file.distribution))


def _head_comment(path: Path | None) -> str:
    assert path is not None
    return " ".join(_comment_lines(path))


def _comment_lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith("#"):
            return
        if "@package" not in line:
            yield line.lstrip("# ").rstrip()
