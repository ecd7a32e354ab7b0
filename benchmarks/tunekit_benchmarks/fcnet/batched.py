"""Training of many networks at once on an accelerator: all those with equal layer and batch sizes.

The same algorithm as ``networks.c`` with the same random numbers, which the host draws; so the losses agree with those
of the CPU until differences in rounding, which training amplifies, show.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet.datasets import Dataset
from tunekit_benchmarks.fcnet.grid import EPOCHS
from tunekit_benchmarks.fcnet.networks import Job, learning_rates

if TYPE_CHECKING:
    from torch import Tensor

MOST_AT_ONCE = 512  # of the largest networks they take about 3 GB


class BatchedTrainer:
    """Trains networks on one dataset.

    Args:
        library: What ``compile_library`` returned.
        dataset: The data.
        device: Of torch, such as ``"cuda"``.
    """

    def __init__(self, library: Path, dataset: Dataset, device: str) -> None:
        import torch

        self._library = ctypes.CDLL(str(library))
        self._device = device
        self._rows = [len(part) for part in dataset.targets]
        self._inputs = [torch.from_numpy(part).to(device) for part in dataset.inputs]
        self._targets = [torch.from_numpy(part).to(device) for part in dataset.targets]

    def train(
        self, configurations: Sequence[Mapping[str, Any]], *, keys: Sequence[int], epochs: int = EPOCHS
    ) -> NDArray[np.float32]:
        """Train k networks with equal layer and batch sizes.

        Args:
            configurations: The hyperparameters of each.
            keys: Of the random numbers of each.
            epochs: How many epochs.

        Returns:
            A k x (2 * epochs + 1) array, each row as ``Trainer.train`` returns it.
        """
        import torch

        draws = _Draws(self._library, configurations, keys, self._inputs[0].shape[1], self._rows, epochs)
        networks = _Networks(configurations, [torch.from_numpy(w).to(self._device) for w in draws.weights])
        rates = torch.from_numpy(np.stack([learning_rates(c, epochs) for c in configurations])).to(self._device)
        batch = configurations[0]["hp_batch_size"]
        losses = torch.empty((len(configurations), 2 * epochs + 1), device=self._device)
        for epoch in range(epochs):
            order, *stay = (torch.from_numpy(array).to(self._device) for array in draws.epoch())
            total = torch.zeros(len(configurations), dtype=torch.float64, device=self._device)
            for start in range(0, self._rows[0], batch):
                part = slice(start, start + batch)
                rows = order[:, part].long()
                total += networks.step(
                    self._inputs[0][rows], self._targets[0][rows], [s[:, part] for s in stay], rates[:, epoch]
                )
            losses[:, epoch] = total / self._rows[0]
            losses[:, epochs + epoch] = networks.mean_squared_error(self._inputs[1], self._targets[1])
        losses[:, -1] = networks.mean_squared_error(self._inputs[2], self._targets[2])
        result: NDArray[np.float32] = losses.cpu().numpy()
        return result


class _Draws:
    """Random numbers of k networks, drawn by ``networks.c``.

    Attributes:
        weights: Of the two hidden layers and the output, each k x inputs x outputs.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        configurations: Sequence[Mapping[str, Any]],
        keys: Sequence[int],
        features: int,
        rows: list[int],
        epochs: int,
    ) -> None:
        k, n1, n2 = len(keys), configurations[0]["hp_n_units_1"], configurations[0]["hp_n_units_2"]
        self._library = library
        self._jobs = [Job.of(c, features, rows, epochs, key) for c, key in zip(configurations, keys, strict=True)]
        library.generator_size.restype = ctypes.c_size_t
        size = library.generator_size()
        memory = np.zeros(k * size + 64, dtype=np.uint8)
        offset = -memory.ctypes.data % 64
        self._generators = memory[offset : offset + k * size].reshape(k, size)
        self.weights = [np.empty((k, *shape), dtype=np.float32) for shape in ((features, n1), (n1, n2), (n2, 1))]
        self._order = np.tile(np.arange(rows[0], dtype=np.int32), (k, 1))
        self._stay = [np.ones((k, rows[0], n), dtype=np.uint8) for n in (n1, n2)]
        self._call("draw_weights", self.weights)

    def epoch(self) -> tuple[NDArray[Any], ...]:
        """For each network the order of the rows (k x rows), and which units stay (k x rows x units, two layers)."""
        self._call("draw_epoch", [self._order, *self._stay])
        return self._order, *self._stay

    def _call(self, function: str, arrays: Sequence[NDArray[Any]]) -> None:
        for i, job in enumerate(self._jobs):
            pointers = [ctypes.c_void_p(array[i].ctypes.data) for array in (self._generators, *arrays)]
            getattr(self._library, function)(ctypes.byref(job), *pointers)


class _Networks:
    """k networks of equal sizes, with Adam; parameters and moments each in one k x n tensor."""

    def __init__(self, configurations: Sequence[Mapping[str, Any]], weights: list[Tensor]) -> None:
        import torch

        k, device = len(configurations), weights[0].device
        biases = [torch.zeros((k, 1, w.shape[2]), device=device) for w in weights]
        shapes = [tuple(tensor.shape[1:]) for tensor in (*weights, *biases)]
        self._parameters = torch.cat([tensor.reshape(k, -1) for tensor in (*weights, *biases)], dim=1)
        self._gradient, self._m, self._v = (torch.zeros_like(self._parameters) for _ in range(3))
        self._of, self._gradient_of = (_views(flat, shapes) for flat in (self._parameters, self._gradient))
        self._relu = [
            torch.tensor([c[f"hp_activation_fn_{i}"] == "relu" for c in configurations], device=device)[:, None, None]
            for i in (1, 2)
        ]
        self._scale = [
            torch.tensor([1 / (1 - c[f"hp_dropout_{i}"]) for c in configurations], device=device)[:, None, None]
            for i in (1, 2)
        ]
        self._steps = 0

    def _hidden(self, x: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Outputs of a layer without dropout, and their derivative by its affine outputs."""
        import torch

        z = torch.baddbmm(self._of[3 + layer], x, self._of[layer])
        tanh, relu = torch.tanh(z), self._relu[layer]
        return torch.where(relu, z.clamp(min=0), tanh), torch.where(relu, (z > 0).to(z.dtype), 1 - tanh * tanh)

    def step(self, x: Tensor, y: Tensor, stay: Sequence[Tensor], rates: Tensor) -> Tensor:
        """One step of Adam on a batch.

        Args:
            x: A k x batch x features tensor.
            y: A k x batch tensor.
            stay: For each hidden layer which units stay, k x batch x units.
            rates: The k learning rates.

        Returns:
            The k sums of squared errors before the step.
        """
        import torch

        inputs, gates = [x], []
        for layer in (0, 1):
            h, slope = self._hidden(inputs[-1], layer)
            factor = stay[layer] * self._scale[layer]
            inputs.append(h * factor)
            gates.append(slope * factor)
        error = torch.baddbmm(self._of[5], inputs[2], self._of[2])[:, :, 0] - y
        gradient = (2 / y.shape[1] * error)[:, :, None]
        for layer in (2, 1, 0):
            self._gradient_of[layer].copy_(inputs[layer].transpose(1, 2) @ gradient)
            self._gradient_of[3 + layer].copy_(gradient.sum(1, keepdim=True))
            if layer:
                gradient = gradient @ self._of[layer].transpose(1, 2) * gates[layer - 1]
        self._steps += 1
        self._m.lerp_(self._gradient, 0.1)
        self._v.mul_(0.999).addcmul_(self._gradient, self._gradient, value=0.001)
        correction = (1 - 0.999**self._steps) ** 0.5
        update = self._m / (self._v.sqrt() + 1e-8 * correction)
        self._parameters.sub_((rates * (correction / (1 - 0.9**self._steps)))[:, None] * update)
        squared: Tensor = error.double().square().sum(1)
        return squared

    def mean_squared_error(self, x: Tensor, y: Tensor) -> Tensor:
        """The k errors on a data set, without dropout."""
        h = x.expand(len(self._parameters), -1, -1)
        for layer in (0, 1):
            h = self._hidden(h, layer)[0]
        predicted = (h @ self._of[2] + self._of[5])[:, :, 0]
        return (predicted - y).double().square().mean(1)


def _views(flat: Tensor, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """The parts of a k x n tensor, one after the other, each as k x shape."""
    views, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        views.append(flat[:, start:stop].view(len(flat), *shape))
        start = stop
    return views
