"""Experiments in TensorBoard, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Observer

API = 2


@hookimpl
def tunekit_register_observers() -> list[type[Observer]]:
    """Event files for TensorBoard."""
    from tunekit_tensorboard.observer import TensorBoard

    return [TensorBoard]
