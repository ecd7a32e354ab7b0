"""Observers that tell experiment trackers of an experiment: MLflow, Weights & Biases, trackio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Observer

API = 2


@hookimpl
def tunekit_register_observers() -> list[type[Observer]]:
    """One for each tracker."""
    from tunekit_trackers.observers import MLflow, Trackio, WeightsAndBiases

    return [MLflow, Trackio, WeightsAndBiases]
