"""Where files are that a run reads, on a machine on which they lie elsewhere than where the run was planned."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import Any

from tunekit.config.specs.inputs import CONTENT, INPUT, PATH
from tunekit.config.specs.secrets import FOLDER
from tunekit_core.errors import ConfigurationError

MOVED = "TUNEKIT_MOVED"  # a variable: an object of JSON from absolute paths where runs were planned to paths here


def with_paths_here(component: Mapping[str, Any]) -> dict[str, Any]:
    """A component as it was recorded, with the paths of inputs and of its option ``folder`` as they are here.

    Raises:
        ConfigurationError: If the variable does not say what it should.
    """
    here = {name: _with_inputs_here(value) for name, value in component.items()}
    if isinstance(here.get(FOLDER), str):
        here[FOLDER] = path_here(here[FOLDER])
    return here


def path_here(path: str) -> str:
    """Where a file or folder is on this machine: below the closest folder that was moved, else where it was.

    Raises:
        ConfigurationError: If the variable does not say what it should.
    """
    moved = _moved(os.environ.get(MOVED, "{}"))
    for folder in (PurePath(path), *PurePath(path).parents):
        if str(folder) in moved:
            return str(PurePath(moved[str(folder)]) / PurePath(path).relative_to(folder))
    return path


def _with_inputs_here(value: Any) -> Any:
    if isinstance(value, Mapping):
        if frozenset(value) == INPUT:
            return {PATH: path_here(value[PATH]), CONTENT: value[CONTENT]}
        return {key: _with_inputs_here(part) for key, part in value.items()}
    return [_with_inputs_here(part) for part in value] if isinstance(value, list) else value


@lru_cache(maxsize=1)
def _moved(text: str) -> Mapping[str, str]:
    try:
        moved = json.loads(text)
    except ValueError:
        moved = None
    if not isinstance(moved, dict) or not all(
        isinstance(here, str) and os.path.isabs(there) and os.path.isabs(here) for there, here in moved.items()
    ):
        raise ConfigurationError(
            f"{MOVED}={text!r} must be an object of JSON from absolute paths where runs were planned to absolute paths "
            f'here. Type for example: export {MOVED}=\'{{"/home/me/project": "/data/project"}}\'',
            option=MOVED,
            value=text,
        )
    return {str(PurePath(there)): here for there, here in moved.items()}
