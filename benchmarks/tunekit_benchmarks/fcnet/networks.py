"""Training of one network on one core: ``networks.c``, compiled when first needed."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet.datasets import Dataset
from tunekit_benchmarks.fcnet.grid import EPOCHS

SOURCE = Path(__file__).with_name("networks.c")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=fast", "-fno-math-errno",
         "-fno-trapping-math", "-shared", "-fPIC")  # fmt: skip
_FLOATS = ctypes.POINTER(ctypes.c_float)


class Job(ctypes.Structure):
    """What ``networks.c`` calls a job."""

    _fields_ = [
        ("features", ctypes.c_int32),
        ("padded_features", ctypes.c_int32),
        ("n_train", ctypes.c_int32),
        ("n_valid", ctypes.c_int32),
        ("n_test", ctypes.c_int32),
        ("batch", ctypes.c_int32),
        ("units", ctypes.c_int32 * 2),
        ("relu", ctypes.c_int32 * 2),
        ("epochs", ctypes.c_int32),
        ("dropout", ctypes.c_float * 2),
        ("key", ctypes.c_uint64),
    ]

    @classmethod
    def of(cls, configuration: Mapping[str, Any], features: int, rows: list[int], epochs: int, key: int) -> Job:
        """The training of a configuration on data with so many features and training, validation and test rows."""
        return cls(
            features,
            features + -features % 4,
            *rows,
            configuration["hp_batch_size"],
            (configuration["hp_n_units_1"], configuration["hp_n_units_2"]),
            tuple(configuration[f"hp_activation_fn_{i}"] == "relu" for i in (1, 2)),
            epochs,
            (configuration["hp_dropout_1"], configuration["hp_dropout_2"]),
            key,
        )


def learning_rates(configuration: Mapping[str, Any], epochs: int = EPOCHS) -> NDArray[np.float32]:
    """The learning rate of every epoch: constant, or on a half cosine that would reach 0 after ``EPOCHS`` epochs."""
    epoch = np.arange(epochs)
    cosine = configuration["hp_lr_schedule"] == "cosine"
    factor = (1 + np.cos(np.pi * epoch / EPOCHS)) / 2 if cosine else np.ones(epochs)
    rates: NDArray[np.float32] = (configuration["hp_init_lr"] * factor).astype(np.float32)
    return rates


def compile_library(folder: Path) -> Path:
    """Compile ``networks.c`` into ``folder``, unless that was done before, and return the library's path.

    Raises:
        FileNotFoundError: If there is no C compiler.
    """
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("No C compiler: training needs gcc (or another, in CC) on the path. Install gcc.")
    digest = hashlib.sha256(SOURCE.read_bytes() + " ".join((compiler, *FLAGS)).encode()).hexdigest()
    library = folder / f"networks-{digest[:12]}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, *FLAGS, "-o", str(unfinished), str(SOURCE), "-lm"], check=True)
        unfinished.rename(library)
    return library


class Trainer:
    """Trains networks on one dataset.

    Args:
        library: What ``compile_library`` returned.
        dataset: The data; the number of training rows must be a multiple of every batch size.
    """

    def __init__(self, library: Path, dataset: Dataset) -> None:
        self._train_network = ctypes.CDLL(str(library)).train_network
        self._features = dataset.inputs[0].shape[1]
        self._rows = [len(part) for part in dataset.targets]
        self._inputs = [_padded(part) for part in dataset.inputs]
        self._targets = [np.ascontiguousarray(part) for part in dataset.targets]

    def train(self, configuration: Mapping[str, Any], *, key: int, epochs: int = EPOCHS) -> NDArray[np.float32]:
        """Train one network.

        Args:
            configuration: The nine hyperparameters.
            key: Of the random numbers: equal arguments give equal bits.
            epochs: How many epochs.

        Returns:
            Of length ``2 * epochs + 1``: the training loss of every epoch (the mean over its batches, each before its
            step and with dropout), the validation loss after every epoch (without dropout), the test loss at the
            end. All are mean squared errors of standardised targets.
        """
        losses = np.empty(2 * epochs + 1, dtype=np.float32)
        job = Job.of(configuration, self._features, self._rows, epochs, key)
        status = self._train_network(
            ctypes.byref(job),
            (_FLOATS * 3)(*(part.ctypes.data_as(_FLOATS) for part in self._inputs)),
            (_FLOATS * 3)(*(part.ctypes.data_as(_FLOATS) for part in self._targets)),
            learning_rates(configuration, epochs).ctypes.data_as(_FLOATS),
            losses.ctypes.data_as(_FLOATS),
        )
        if status:
            raise MemoryError("Not enough memory to train a network.")
        return losses


def _padded(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zeros added: rows to a multiple of 8, columns to a multiple of 4, as ``networks.c`` reads them."""
    rows, columns = inputs.shape
    return np.pad(inputs, ((0, -rows % 8), (0, -columns % 4)))
