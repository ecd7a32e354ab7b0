"""Secrets of an experiment that goes on: no file has them, so they are typed again or read from the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.config.composition.environment import read_again
from tunekit.secrets import Secret, missing_variables, names_secret
from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import FROM_ENVIRONMENT
from tunekit_core.secret_names import MASK, is_secret, name_in

QUOTES = "\"'"
SECRETS = "secrets"  # key of metadata.json: by dotted name in the config what each is read from again


def split_secrets(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """What is typed after ``resume``: secrets by their dotted names, and all else."""
    typed, rest = {}, []
    for argument in arguments:
        prefixed, sign, value = argument.partition("=")
        key = prefixed.lstrip("+")
        if sign and value != MASK and (is_secret(name_in(key), value) or names_secret(value)):
            typed[key] = value[1:-1] if value[0] == value[-1] and value[0] in QUOTES else value
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
    sources = {**written, **{key: value for key, value in typed.items() if value.startswith(FROM_ENVIRONMENT)}}
    read = [key for key, text in sources.items() if typed.get(key, text) == text]
    missing = {key: names for key in read if (names := missing_variables(sources[key]))}
    if missing:
        ways = (_how_to_give(folder, metadata["config"], key, names) for key, names in missing.items())
        raise ConfigurationError(
            f"{', '.join(missing)} {'was' if len(missing) == 1 else 'were'} not kept, since secrets are not written "
            f"down. {' '.join(ways)}",
            option=next(iter(missing)),
        )
    secrets = {
        key: read_again(text) if key in read else Secret(typed[key], MASK, text) for key, text in sources.items()
    }
    return {key: _filled(str(key), part, secrets) for key, part in metadata["config"].items()}


def _how_to_give(folder: Path, config: Mapping[str, Any], key: str, names: Sequence[str]) -> str:
    exported = " ".join(f"{name}=…" for name in names)
    if _is_masked(config, key):
        return f"Give it again: python -m tunekit resume {folder} {key}=… or export {exported}"
    return f"Give it again: export {exported}"  # it is a part of a longer text


def _is_masked(value: Any, path: str) -> bool:
    """Whether a mask alone is at a dotted path; names in it may have dots."""
    if not path:
        return bool(value == MASK)
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return any(_is_masked(part, path[len(str(key)) + 1 :]) for key, part in parts if f"{path}.".startswith(f"{key}."))


def _filled(path: str, value: Any, secrets: Mapping[str, Secret]) -> Any:
    if path in secrets:
        secret = secrets[path]
        return Secret(secret, MASK, secret.written) if value == MASK else secret
    if isinstance(value, Mapping):
        return {key: _filled(f"{path}.{key}", part, secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(f"{path}.{number}", part, secrets) for number, part in enumerate(value)]
    return value
