"""Secrets of an experiment that goes on: no file has them, so they are typed again or read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.config.composition.environment import read_again, variables_in
from tunekit.secrets import Secret
from tunekit_core.errors import ConfigurationError
from tunekit_core.secret_names import MASK, is_secret_name

SECRETS = "secrets"  # key of metadata.json: by dotted name in the config what each is read from again


def split_secrets(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """What is typed after ``resume``: secrets by their dotted names, and all else."""
    typed, rest = {}, []
    for argument in arguments:
        key, sign, value = argument.partition("=")
        if sign and is_secret_name(key.rpartition(".")[2]) and value != MASK:
            typed[key] = value
        elif not (sign and value == MASK):
            rest.append(argument)
    return typed, rest


def config_with_secrets(folder: Path, metadata: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The recorded config with its secrets.

    Args:
        folder: Of the experiment.
        metadata: Its ``metadata.json``.
        typed: From :func:`split_secrets`.

    Raises:
        ConfigurationError: If some are missing; it names all of them. If one is typed that the experiment has not.
    """
    written: Mapping[str, str] = metadata.get(SECRETS, {})
    for key, value in typed.items():
        if key not in written:
            raise ConfigurationError(
                f"{key}={MASK}: an experiment that goes on keeps what it is, and it has no such secret. It has: "
                f"{', '.join(written) or 'none'}.",
                option=key,
                value=value,
            )
    missing = [key for key in written if key not in typed and not _is_set(written[key])]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} {'was' if len(missing) == 1 else 'were'} not kept, since secrets are not written "
            f"down. {' '.join(_how_to_give(folder, key, written[key]) for key in missing)}",
            option=missing[0],
        )
    secrets = {
        key: Secret(typed[key], MASK, text) if key in typed else read_again(text) for key, text in written.items()
    }
    return {key: _filled(str(key), part, secrets) for key, part in metadata["config"].items()}


def _is_set(written: str) -> bool:
    return all(os.environ.get(name) for name in variables_in(written) if is_secret_name(name))


def _how_to_give(folder: Path, key: str, written: str) -> str:
    names = [name for name in variables_in(written) if is_secret_name(name) and not os.environ.get(name)]
    exported = " ".join(f"{name}=…" for name in names)
    if not is_secret_name(key.rpartition(".")[2]):  # it is a part of a longer text
        return f"Give it again: export {exported}"
    return f"Give it again: python -m tunekit resume {folder} {key}=… or export {exported}"


def _filled(path: str, value: Any, secrets: Mapping[str, Secret]) -> Any:
    if path in secrets:
        return secrets[path]
    if isinstance(value, Mapping):
        return {key: _filled(f"{path}.{key}", part, secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(f"{path}.{number}", part, secrets) for number, part in enumerate(value)]
    return value
