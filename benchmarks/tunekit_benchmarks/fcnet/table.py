"""The table of a dataset on disk: learning curves of all configurations, read one at a time from a memory map.

The folder ``data`` holds ``order.npy``, all rows of the grid in the order in which they are trained, and a
folder for each dataset. There, ``trained-00.bin`` and so on hold the records (see ``records.py``) of 1,024 trained
configurations each, in that order, and are never changed; ``filled.bin`` holds what a surrogate predicts for the rest;
``metadata.json`` says what the numbers are.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet import records
from tunekit_benchmarks.fcnet.grid import EPOCHS, N_ROWS, VALUES
from tunekit_core import Curve

TABLE_FORMAT = 1
DATA = Path(__file__).with_name("data")
SHARD = 1024  # configurations in a file of trained ones

_EPOCHS = tuple(range(1, EPOCHS + 1))
_EPOCH_NUMBERS = np.array(_EPOCHS)


FOLLOWING = ("data_hash", "optimum")  # entries of the metadata that follow from all others and the files


def n_parameters(configuration: Mapping[str, Any], n_features: int) -> int:
    """Number of weights and biases of the network that a configuration describes."""
    first, second = configuration["hp_n_units_1"], configuration["hp_n_units_2"]
    return int((n_features + 1) * first + (first + 1) * second + second + 1)


def shipped() -> list[str]:
    """Names of the datasets that have a table."""
    return sorted(path.parent.name for path in DATA.glob("*/metadata.json"))


def content_hash(folder: Path, metadata: Mapping[str, Any]) -> str:
    """The hash of everything that decides what a table returns: metadata, records, and the order of all tables."""
    described = {key: value for key, value in metadata.items() if key not in FOLLOWING}
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for path in [folder.parent / "order.npy", *sorted(folder.glob("*.bin"))]:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def optimum(folder: Path) -> dict[str, float]:
    """The smallest validation loss at any epoch, of all configurations and of those that were trained.

    Args:
        folder: The files of a dataset.
    """
    smallest = {path.name: _smallest_validation_loss(path) for path in folder.glob("*.bin")}
    trained = min((loss for name, loss in smallest.items() if name.startswith("trained-")), default=math.inf)
    return {"all": min(smallest.values()), "trained": trained}


def _smallest_validation_loss(path: Path) -> float:
    encoded = np.fromfile(path, dtype=np.uint8).reshape(-1, records.RECORD_BYTES)
    return float(_losses(encoded)[:, EPOCHS : 2 * EPOCHS].min())


class Table:
    """The learning curves of one dataset: a blackbox with one seed.

    Args:
        folder: Where they lie.

    Attributes:
        metadata: What ``metadata.json`` says.
        n_trained: How many configurations were trained; a surrogate filled in the others.
        n_seeds: 1.

    Raises:
        ValueError: If the files are of another format.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.metadata = json.loads((folder / "metadata.json").read_text())
        if self.metadata["format"] != TABLE_FORMAT:
            raise ValueError(
                f"{folder} has format {self.metadata['format']}; this version reads format {TABLE_FORMAT}."
            )
        self.n_trained: int = self.metadata["n_trained"]
        self.n_seeds = 1
        self._files: dict[str, NDArray[np.uint8]] = {}
        strides = np.cumprod([1, *(len(values) for values in reversed(VALUES.values()))])[-2::-1]
        self._offsets = [
            (name, {value: i * int(stride) for i, value in enumerate(values)})
            for (name, values), stride in zip(VALUES.items(), strides, strict=True)
        ]

    @cached_property
    def order(self) -> NDArray[np.uint16]:
        """The rows of the grid in the order in which they are trained: the first ``n_trained`` are."""
        order: NDArray[np.uint16] = np.load(self._folder.parent / "order.npy")
        return order

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """Position in that order of each row."""
        positions = np.empty(N_ROWS, dtype=np.int64)
        positions[self.order] = np.arange(N_ROWS)
        return positions

    def row(self, configuration: Mapping[str, Any]) -> int:
        """The row of a configuration in the grid.

        Raises:
            KeyError: If a hyperparameter is missing or its value is not on the grid.
        """
        return sum([offsets[configuration[name]] for name, offsets in self._offsets])

    def is_trained(self, configuration: Mapping[str, Any]) -> bool:
        """Whether the curve was recorded in training; otherwise a surrogate predicts it."""
        return bool(self._positions[self.row(configuration)] < self.n_trained)

    @property
    def trained_rows(self) -> NDArray[np.int64]:
        """The rows that were trained, increasing."""
        return np.sort(self.order[: self.n_trained]).astype(np.int64)

    def curve(self, configuration: Mapping[str, Any], seed: int) -> Curve:
        """The training run of a configuration.

        Args:
            configuration: The nine hyperparameters; other entries are ignored.
            seed: 0, the only one.

        Raises:
            KeyError: If a hyperparameter is missing or its value is not on the grid.
            IndexError: If the seed is not 0.
        """
        if seed != 0:
            raise IndexError(f"seed={seed}: every configuration was trained once, with seed 0.")
        # Tuples of numbers, since the garbage collector does not look through them again and again.
        losses = tuple(_losses(self._record(int(self._positions[self.row(configuration)])))[0].tolist())
        elapsed = tuple((_EPOCH_NUMBERS * self._microseconds_per_epoch(configuration) / 1e6).tolist())
        return Curve(
            resources=_EPOCHS,
            elapsed=elapsed,
            metrics={
                "metric_valid_loss": losses[EPOCHS : 2 * EPOCHS],
                "metric_train_loss": losses[:EPOCHS],
                "metric_elapsed_time": elapsed,
            },
            constants={
                "metric_n_params": n_parameters(configuration, self.metadata["n_features"]),
                "metric_final_test_error": losses[-1],
            },
        )

    def losses(self) -> NDArray[np.float64]:
        """Everything at once, for analysis.

        Returns:
            A 62,208 x 201 array, by row of the grid: 100 training losses, 100 validation losses, the test loss.
        """
        parts = [self._file(f"trained-{shard:02}.bin") for shard in range(-(-self.n_trained // SHARD))]
        if self.n_trained < N_ROWS:
            parts.append(self._file("filled.bin"))
        return _losses(np.concatenate(parts))[self._positions]

    def seconds_per_epoch(self, configuration: Mapping[str, Any]) -> float:
        """Modelled seconds of one epoch, a whole number of microseconds."""
        return self._microseconds_per_epoch(configuration) / 1e6

    def _microseconds_per_epoch(self, configuration: Mapping[str, Any]) -> int:
        model = self.metadata["cost_model"]
        steps: int = self.metadata["n_training_rows"] // configuration["hp_batch_size"]
        parameters = n_parameters(configuration, self.metadata["n_features"])
        seconds: float = model["seconds_per_step"] + model["seconds_per_step_and_parameter"] * parameters
        return round(steps * seconds * 1e6)

    def _record(self, position: int) -> NDArray[np.uint8]:
        """The record at a position of the order, as a 1 x ``RECORD_BYTES`` array."""
        if position < self.n_trained:
            shard, index = divmod(position, SHARD)
            return self._file(f"trained-{shard:02}.bin")[index : index + 1]
        index = position - self.n_trained
        return self._file("filled.bin")[index : index + 1]

    def _file(self, name: str) -> NDArray[np.uint8]:
        """The records of a file, mapped when first needed."""
        file = self._files.get(name)
        if file is None:
            mapped = np.memmap(self._folder / name, dtype=np.uint8, mode="r")
            # A plain view: indexing an np.memmap costs ten times as much.
            file = self._files[name] = mapped.view(np.ndarray).reshape(-1, records.RECORD_BYTES)
        return file


def _losses(encoded: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The losses of records with six decimals: more than a record holds, and results that quote them stay short."""
    return records.decode(encoded).astype(np.float64).round(6)
