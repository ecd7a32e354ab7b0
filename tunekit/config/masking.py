"""Values that come from environment variables are shown as they were written, never as what they are."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

FROM_ENVIRONMENT = "${oc.env:"


def is_masked(value: Any) -> bool:
    """Whether a value was left as it was written."""
    return isinstance(value, str) and FROM_ENVIRONMENT in value


def resolved_but_environment(config: DictConfig) -> Any:
    """The configuration in plain dicts, all interpolations resolved but those of environment variables."""
    masks: list[str] = []
    raw = _masked(OmegaConf.to_container(config, resolve=False), masks)
    resolved = OmegaConf.to_container(OmegaConf.create(raw), resolve=True)
    return _unmasked(resolved, masks)


def _masked(value: Any, masks: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _masked(part, masks) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, masks) for part in value]
    if not is_masked(value):
        return value
    masks.append(value)
    return _mask(len(masks) - 1)


def _unmasked(value: Any, masks: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _unmasked(part, masks) for key, part in value.items()}
    if isinstance(value, list):
        return [_unmasked(part, masks) for part in value]
    if isinstance(value, str):
        for number, written in enumerate(masks):
            value = value.replace(_mask(number), written)
    return value


def _mask(number: int) -> str:
    return f"<environment {number}>"  # text that needs no quotes of OmegaConf's and that nobody writes
