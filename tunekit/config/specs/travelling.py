"""A run on its way to another machine, as values of JSON: what it is was said where it was planned, hash included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.config.specs.secrets import shown
from tunekit_core.errors import ConfigurationError, RecordError

FORMAT, FORMAT_KEY, CHECKSUM = 1, "format", "sha256"
STAYS = ("results_dir", "parts")  # the first is another on each machine; functions, which have parts, do not travel


def as_travelling(spec: RunSpec) -> dict[str, Any]:
    """A run without secrets, which tunes no function, as values of JSON."""
    told: dict[str, Any] = {FORMAT_KEY: FORMAT}
    for field in attrs.fields(RunSpec):
        if field.name not in STAYS:
            told[field.name] = getattr(spec, field.name)
    told["tags"] = shown("tags", spec.tags)
    return {**told, CHECKSUM: _checksum(told)}


def read_runs(file: Path, results_dir: str) -> list[RunSpec]:
    """The runs of a file, one in each line.

    Args:
        file: The file.
        results_dir: Where their results go here.

    Raises:
        ConfigurationError: If there is no such file.
        RecordError: If it is damaged, or was written by a version with another format.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", value=str(file)) from error
    if not lines:
        raise RecordError(f"{file} is damaged: it is empty.")
    return [RunSpec(results_dir=results_dir, **told) for told in _read(file, lines)]


def _read(file: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
        except ValueError as error:
            raise RecordError(f"{file} is damaged: line {number} is no JSON.") from error
        if not isinstance(told, dict) or type(told.get(FORMAT_KEY)) is not int:
            raise RecordError(f"{file} is damaged: line {number} is no run.")
        if told[FORMAT_KEY] != FORMAT:
            raise RecordError(
                f"{file} is of format {told[FORMAT_KEY]}; this version reads format {FORMAT}. Run it with the version "
                "that wrote it."
            )
        if told.pop(CHECKSUM, None) != _checksum(told):
            raise RecordError(f"{file} is damaged: line {number} is not as it was written.")
        del told[FORMAT_KEY]
        yield told


def _checksum(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
