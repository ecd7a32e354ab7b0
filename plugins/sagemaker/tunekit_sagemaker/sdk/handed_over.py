"""What an object of the SDK says, in the words of tunekit."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit_core import ConfigurationError

IN_THE_IMAGE = "program-of-the-image"  # in place of a command, which nobody runs
UNASSIGNED = "Unassigned"  # the class of what the SDK has in place of a value that nobody gave
ELSEWHERE = ("s3://", "https://", "http://")


@attrs.frozen
class HandedOver:
    """What jobs are.

    Attributes:
        options: Of the backend ``sagemaker``.
        script: Of the benchmark ``script``: what is run, where it is, and its environment.
        hyperparameters: Those that have a value, as constants of the search space.
    """

    options: dict[str, Any]
    script: dict[str, Any]
    hyperparameters: dict[str, Any]


def said(owner: Any, name: str) -> Any:
    """An attribute of an object of the SDK; ``None`` if it says nothing, or has no such attribute."""
    value = getattr(owner, name, None)
    return None if type(value).__name__ == UNASSIGNED else value


def refuse_what_is_set(owner: Any, names: Iterable[str], what: str) -> None:
    """Refuse what tunekit does not carry over, by its name.

    Args:
        owner: An object of the SDK.
        names: Of attributes that must not say anything.
        what: The object, for the message.
    """
    for name in names:
        value = said(owner, name)
        if value not in (None, False, "", [], {}, ()):
            raise refusal(what, name.lstrip("_"), "tunekit does not carry that over")


def refusal(what: str, name: str, why: str) -> ConfigurationError:
    """The error about what an object of the SDK says."""
    return ConfigurationError(
        f"The {what} has {name}: {why}. Leave it out; what else is in the request for a job can be given to the "
        "backend, as overrides={...} in the words of CreateTrainingJob."
    )


def without_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    """Entries that say something, also within others."""
    nested = {name: without_nothing(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    return {name: value for name, value in nested.items() if value not in (None, {}, [], (), "", False)}


def program(folder: str | None, file: str, what: str) -> dict[str, Any]:
    """Command and folder of a script of Python.

    Args:
        folder: Where it is; ``None`` if the file says so.
        file: The script, in the folder.
        what: What says so, for the message.
    """
    if folder is not None and (folder.startswith(ELSEWHERE) or folder.endswith((".tar.gz", ".tgz"))):
        raise refusal(what, f"source_dir={folder!r}", "tunekit uploads a folder of this machine")
    if not file.endswith(".py"):
        raise refusal(what, f"the script {file!r}", "tunekit runs one of Python")
    place, name = (Path(file).parent, Path(file).name) if folder is None else (Path(folder), file)
    if not (place / name).is_file():
        raise refusal(what, f"the script {file!r}", f"there is no file {place / name}")
    return {"command": f"python {shlex.quote(name)}", "folder": str(place.absolute())}


def keys_of(volume: str | None, output: str | None) -> dict[str, Any]:
    """The keys that encrypt disks and outputs, as options of the backend: of one key for both, or as overrides."""
    if volume == output:
        return {"kms_key": volume}
    return {"overrides": {"ResourceConfig": {"VolumeKmsKeyId": volume}, "OutputDataConfig": {"KmsKeyId": output}}}


def region_of(session: Any) -> str | None:
    """The region of a session of the SDK."""
    region = getattr(session, "boto_region_name", None)
    return region if isinstance(region, str) else None


def as_options(options: Mapping[str, Any], overrides: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Options that say something, with what else is in the request."""
    merged = _merged(options.get("overrides", {}), overrides)
    said = without_nothing({**options, "overrides": merged})
    for name, value in said.items():
        if not _is_plain(value):
            raise refusal(what, name, f"{value!r} is no value, but is known to the SDK alone")
    return said


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    both = {name: {**first[name], **second[name]} for name in first.keys() & second.keys()}
    return {**first, **second, **both}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
