"""The grid of ``fcnet``: nine hyperparameters, 62,208 configurations, 100 epochs.

The search space of Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization, 2019.
A *row* is the index of a configuration in the product of the value lists below, the last hyperparameter fastest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPOCHS = 100

VALUES: dict[str, tuple[Any, ...]] = {
    "hp_activation_fn_1": ("tanh", "relu"),
    "hp_activation_fn_2": ("tanh", "relu"),
    "hp_batch_size": (8, 16, 32, 64),
    "hp_dropout_1": (0.0, 0.3, 0.6),
    "hp_dropout_2": (0.0, 0.3, 0.6),
    "hp_init_lr": (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1),
    "hp_lr_schedule": ("cosine", "const"),
    "hp_n_units_1": (16, 32, 64, 128, 256, 512),
    "hp_n_units_2": (16, 32, 64, 128, 256, 512),
}
SHAPE = tuple(len(values) for values in VALUES.values())
N_ROWS = math.prod(SHAPE)


def configuration_of(row: int) -> dict[str, Any]:
    """The configuration of a row."""
    indices = np.unravel_index(row, SHAPE)
    return {name: values[i] for (name, values), i in zip(VALUES.items(), indices, strict=True)}


def row_of(configuration: Mapping[str, Any]) -> int:
    """The row of a configuration.

    Raises:
        ValueError: If a value is not on the grid.
    """
    row = 0
    for name, values in VALUES.items():
        row = row * len(values) + values.index(configuration[name])
    return row


def columns() -> dict[str, NDArray[Any]]:
    """The value of every hyperparameter in every row, by name."""
    indices = np.unravel_index(np.arange(N_ROWS), SHAPE)
    return {name: np.array(values)[i] for (name, values), i in zip(VALUES.items(), indices, strict=True)}


@cache
def training_order() -> NDArray[np.uint16]:
    """All rows in the order in which they are trained, the same for every dataset.

    The points of a scrambled Sobol sequence, moved to the grid, in order of first occurrence: any first part of it
    spreads over the grid. Rows that the sequence has not met after 2**19 points come last, in order.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(len(SHAPE), scramble=True, rng=np.random.Generator(np.random.PCG64(0))).random(2**19)
    rows = np.ravel_multi_index(tuple((points * SHAPE).astype(int).T), SHAPE)
    met, first = np.unique(rows, return_index=True)
    missing = np.setdiff1d(np.arange(N_ROWS), met)
    order = np.concatenate([met[np.argsort(first)], missing]).astype(np.uint16)
    order.flags.writeable = False
    return order
