"""Values that come from environment variables are shown as they were written, never as what they are.

Where something runs, those of variables with the name of a secret are :class:`~tunekit.secrets.Secret`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from tunekit.secrets import Secret, is_secret_variable, names_secret, variables_in, without_defaults
from tunekit_core.errors import ConfigurationError
from tunekit_core.known_secrets import keep_out_of_sight
from tunekit_core.secret_names import MASK, WITH_PASSWORD, is_secret_name

FROM_ENVIRONMENT = re.compile(r"\$\{\s*oc\.env\s*:")
REFERENCE = re.compile(r"\$\{([^{}:]*\w[^{}:]*)\}")  # to another value of the configuration
WORD = re.compile(r"\w+")
URL_IN_DEFAULT = re.compile(rf"\s*,[^{{}},]*{WITH_PASSWORD}[^{{}}]*\}}")
WHOLE_VARIABLE = re.compile(r"\$\{\s*oc\.env\s*:\s*([^,}\s]+)[^{}]*\}")


def is_from_environment(value: Any) -> bool:
    """Whether a value was written as that of an environment variable, or as something that is made of one."""
    return isinstance(value, str) and FROM_ENVIRONMENT.search(value) is not None


def as_written(config: DictConfig) -> Any:
    """The configuration in plain dicts, all interpolations resolved but those of environment variables."""
    texts: list[str] = []
    raw = _masked(OmegaConf.to_container(config, resolve=False), texts)
    return _unmasked(OmegaConf.to_container(OmegaConf.create(raw), resolve=True), texts)


def resolved_with_secrets(config: DictConfig) -> Any:
    """The configuration in plain values, resolved.

    Raises:
        ConfigurationError: If a secret that was typed is copied by an interpolation to where it would be kept.
    """
    resolved, raw = OmegaConf.to_container(config, resolve=True), OmegaConf.to_container(config, resolve=False)
    if _names_secret(raw):
        resolved = _with_secrets(resolved, as_written(config))
    _refuse_copies("", resolved, raw)
    return resolved


def read_again(written: str) -> Secret:
    """A secret as it was written, resolved.

    Raises:
        OmegaConfBaseException: If a variable is not set.
    """
    return _secret(str(OmegaConf.create({"value": written})["value"]), written)


def _with_secrets(value: Any, written: Any) -> Any:
    if isinstance(value, dict) and isinstance(written, dict):
        return {key: _with_secrets(part, written[key]) for key, part in value.items()}
    if isinstance(value, list) and isinstance(written, list):
        return [_with_secrets(part, as_typed) for part, as_typed in zip(value, written, strict=True)]
    if value is None or isinstance(value, bool | dict | list) or not _names_secret(written):
        return value
    return _secret(str(value), written)


def _refuse_copies(path: str, value: Any, raw: Any) -> None:
    if isinstance(value, dict) and isinstance(raw, dict):
        for key, part in value.items():
            _refuse_copies(f"{path}.{key}" if path else str(key), part, raw[key])
    elif isinstance(value, list) and isinstance(raw, list):
        for number, part in enumerate(value):
            _refuse_copies(f"{path}.{number}", part, raw[number])
    elif isinstance(raw, str) and not isinstance(value, Secret) and not is_secret_name(path.rpartition(".")[2]):
        for reference in REFERENCE.findall(raw):
            name = WORD.findall(reference)[-1]
            if is_secret_name(name):
                raise ConfigurationError(
                    f"{path} is made of ${{{reference}}}, a secret, under a name that is kept. Set it in the shell, "
                    f"export {name}=…, and write ${{oc.env:{name}}} in both places.",
                    option=path,
                )


def _names_secret(written: Any) -> bool:
    if isinstance(written, dict):
        return any(map(_names_secret, written.values()))
    if isinstance(written, list):
        return any(map(_names_secret, written))
    return isinstance(written, str) and names_secret(written)


def _secret(text: str, written: str) -> Secret:
    """The secret, shown as it would be if the variables that are none were all that is put in."""
    for name in filter(is_secret_variable, variables_in(written)):
        keep_out_of_sight(os.environ.get(name, ""))  # it may be a part of the text
    return Secret(text, _shown(written), without_defaults(written))


def _shown(written: str) -> str:
    masked = WHOLE_VARIABLE.sub(lambda match: MASK if is_secret_variable(match[1]) else match[0], written)
    try:
        shown = str(OmegaConf.create({"value": masked})["value"])
    except OmegaConfBaseException:  # it is what another resolver reads
        return MASK
    return MASK if names_secret(masked) else shown  # one is in the default of another


def resolved_where_possible(node: Any) -> Any:
    """A configuration in plain values, resolved; without what cannot be, since an environment variable is not set."""
    if isinstance(node, DictConfig):
        return {key: resolved_where_possible(value) for key, value in _entries(node, node)}
    if isinstance(node, ListConfig):
        return [resolved_where_possible(value) for _, value in _entries(node, range(len(node)))]
    return node


def _entries(node: Any, keys: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    for key in keys:
        try:
            yield key, node[key]
        except MissingMandatoryValue:
            yield key, "???"
        except OmegaConfBaseException:
            continue


def with_written(resolved: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """A configuration with what comes from environment variables as it was written."""
    shown = dict(resolved)
    for key, value in written.items():
        if isinstance(value, dict) and isinstance(shown.get(key), dict):
            shown[key] = with_written(shown[key], value)
        elif _holds_environment(value):
            shown[key] = value
    return shown


def _holds_environment(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_environment, value.values()))
    return any(map(_holds_environment, value)) if isinstance(value, list) else is_from_environment(value)


def _masked(value: Any, texts: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _masked(part, texts) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, texts) for part in value]
    if not is_from_environment(value):
        return value
    texts.append(URL_IN_DEFAULT.sub("}", value))
    return _mask(len(texts) - 1)


def _unmasked(value: Any, texts: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _unmasked(part, texts) for key, part in value.items()}
    if isinstance(value, list):
        return [_unmasked(part, texts) for part in value]
    if isinstance(value, str):
        for number, written in enumerate(texts):
            value = value.replace(_mask(number), written)
    return value


def _mask(number: int) -> str:
    return f"__environment_{number}__"  # a word to OmegaConf's grammar, and one that nobody writes
