"""An observer that posts improvements, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Observer

API = 2


@hookimpl
def tunekit_register_observers() -> list[type[Observer]]:
    """The observer."""
    from tunekit_webhook.webhook import Webhook

    return [Webhook]
