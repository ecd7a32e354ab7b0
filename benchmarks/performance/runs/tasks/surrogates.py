"""Surrogates of YAHPO Gym (Pfisterer et al., 2022): networks that were fitted to runs on many tasks at once."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from runs.tasks.data import DATA
from tunekit_core import Benchmark, Configuration, Curve

CURVES_KEPT = 20_000
ABSENT = "#na#"
"""The category of a hyperparameter that is not there; a number that is not there is 0."""


class Surrogate:
    """A surrogate with the names and the order of its inputs.

    Args:
        name: The files ``NAME.onnx`` and ``NAME_encoding.json`` hold it and its categories.
        categories: Names of its categories, in order.
        numbers: Names of its numbers, in order.

    Raises:
        FileNotFoundError: If its files are not there.
        ValueError: If onnxruntime is not installed.
    """

    def __init__(self, name: str, categories: Sequence[str], numbers: Sequence[str]) -> None:
        self.encoding: Mapping[str, Mapping[str, int]] = json.loads((DATA / f"{name}_encoding.json").read_text())
        self.categories = categories
        self.numbers = numbers
        self._session = session(name)

    def inputs(self, values: Mapping[str, Any], fidelity: str, steps: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """What the surrogate is given for one configuration at n values of a fidelity.

        Args:
            values: Categories and numbers by name, as they are; those that are missing are absent.
            fidelity: Name of the number that changes.
            steps: Its n values.

        Returns:
            An n x c array of encoded categories (int32), and an n x d array of numbers (float32).

        Raises:
            KeyError: If a category has no such value.
        """
        codes = [self.encoding[name][values.get(name, ABSENT)] for name in self.categories]
        numbers = np.tile([float(values.get(name, 0.0)) for name in self.numbers], (len(steps), 1))
        numbers[:, self.numbers.index(fidelity)] = steps
        return np.tile(np.array(codes, dtype=np.int32), (len(steps), 1)), numbers.astype(np.float32)

    def outputs(self, values: Mapping[str, Any], fidelity: str, steps: Sequence[float]) -> np.ndarray:
        """What it predicts for such inputs: an n x m array, one column per metric."""
        categories, numbers = self.inputs(values, fidelity, steps)
        return self._session.run(None, {"x_cat": categories, "x_cont": numbers})[0]


class SurrogateBenchmark(Benchmark):
    """A tuning problem whose curves are predicted, each in one call, and kept."""

    n_seeds = 1

    def __init__(self, dataset: str) -> None:
        super().__init__()
        self.dataset = dataset
        self._curves: dict[Any, Curve] = {}

    @abc.abstractmethod
    def predict(self, configuration: Configuration) -> Curve:
        """The whole curve of a configuration."""

    def blackbox(self) -> SurrogateBenchmark:
        return self

    def curve(self, configuration: Configuration, seed: int) -> Curve:
        key = self.space.key(configuration)
        if key not in self._curves:
            if len(self._curves) >= CURVES_KEPT:
                self._curves.clear()
            self._curves[key] = self.predict(configuration)
        return self._curves[key]


@lru_cache
def session(name: str) -> Any:
    """The network of a surrogate, opened once per process.

    Raises:
        ValueError: If onnxruntime is not installed.
        FileNotFoundError: If its file is not there.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            f"{name} needs onnxruntime. Type: pip install -r benchmarks/performance/requirements.txt, or leave it out "
            "with --tasks."
        ) from error
    path = DATA / f"{name}.onnx"
    if not path.exists():  # which onnxruntime has an error of its own for
        raise FileNotFoundError(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
