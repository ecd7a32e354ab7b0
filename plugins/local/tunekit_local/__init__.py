"""Training scripts as processes of this machine, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Backend

API = 2


@hookimpl
def tunekit_register_backends() -> list[type[Backend]]:
    """Processes of this machine."""
    from tunekit_local.backend import LocalBackend

    return [LocalBackend]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the backend."""
    return ["tunekit_local.conf"]
