"""Training of networks: the fast code against a slow obvious version, on the CPU and batched."""

import shutil
from itertools import pairwise

import numpy as np
import pytest

from tunekit_benchmarks.fcnet.datasets import DATASETS, Dataset
from tunekit_benchmarks.fcnet.grid import configuration_of, row_of
from tunekit_benchmarks.fcnet.networks import Trainer, compile_library, learning_rates

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")

MASK = 2**64 - 1
BASE = {
    "hp_activation_fn_1": "tanh",
    "hp_activation_fn_2": "relu",
    "hp_batch_size": 16,
    "hp_dropout_1": 0.3,
    "hp_dropout_2": 0.0,
    "hp_init_lr": 0.01,
    "hp_lr_schedule": "cosine",
    "hp_n_units_1": 32,
    "hp_n_units_2": 16,
}
CASES = [
    {},
    {"hp_activation_fn_1": "relu", "hp_activation_fn_2": "tanh", "hp_batch_size": 8, "hp_lr_schedule": "const"},
    {"hp_batch_size": 32, "hp_dropout_1": 0.0, "hp_dropout_2": 0.6, "hp_n_units_1": 16, "hp_n_units_2": 64},
    {"hp_batch_size": 64, "hp_dropout_1": 0.6, "hp_dropout_2": 0.3, "hp_init_lr": 0.1},
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(64 + 13 + 21, 5)).astype(np.float32)
    targets = (np.sin(inputs[:, 0]) + inputs[:, 1] * inputs[:, 2]).astype(np.float32)
    return Dataset("small", np.split(inputs, [64, 77]), np.split(targets, [64, 77]))


@pytest.mark.parametrize("changes", CASES)
def test_the_trainer_agrees_with_plain_numpy(library, dataset, changes):
    configuration = BASE | changes
    fast = Trainer(library, dataset).train(configuration, key=5, epochs=4)
    slow = train_slowly(dataset, configuration, learning_rates(configuration, 4), key=5)
    np.testing.assert_allclose(fast, slow, rtol=2e-5)


@pytest.mark.parametrize("changes", CASES)
def test_training_in_a_batch_agrees_with_training_alone(library, dataset, changes):
    pytest.importorskip("torch")
    from tunekit_benchmarks.fcnet.batched import BatchedTrainer

    sizes = {name: (BASE | changes)[name] for name in ("hp_batch_size", "hp_n_units_1", "hp_n_units_2")}
    configurations = [BASE | other | sizes for other in CASES]
    keys = [3, 5, 8, 2**40]
    together = BatchedTrainer(library, dataset, "cpu").train(configurations, keys=keys, epochs=3)
    trainer = Trainer(library, dataset)
    alone = [trainer.train(c, key=key, epochs=3) for c, key in zip(configurations, keys, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_equal_keys_give_equal_bits_and_others_do_not(library, dataset):
    trainer = Trainer(library, dataset)
    first, again, other = (trainer.train(BASE, key=key, epochs=2) for key in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_the_cosine_schedule_ends_at_zero_after_a_hundred_epochs():
    rates = learning_rates(BASE)
    np.testing.assert_allclose(rates[[0, 25, 50, 75, 99]], [0.01, 0.00853553, 0.005, 0.00146447, 2.467e-6], rtol=1e-4)
    assert (learning_rates(BASE | {"hp_lr_schedule": "const"}) == np.float32(0.01)).all()


def test_the_arm_can_be_learned(library):
    losses = Trainer(library, DATASETS["robot_arm"]()).train(
        BASE | {"hp_dropout_1": 0.0, "hp_n_units_1": 64, "hp_n_units_2": 64}, key=1
    )
    assert losses[199] < 0.06 < 0.3 < losses[100]


def test_rows_and_configurations_are_inverse():
    for row in (0, 1, 4711, 62207):
        assert row_of(configuration_of(row)) == row
    assert configuration_of(0) == {
        "hp_activation_fn_1": "tanh",
        "hp_activation_fn_2": "tanh",
        "hp_batch_size": 8,
        "hp_dropout_1": 0.0,
        "hp_dropout_2": 0.0,
        "hp_init_lr": 0.0005,
        "hp_lr_schedule": "cosine",
        "hp_n_units_1": 16,
        "hp_n_units_2": 16,
    }


class SplitMix:
    def __init__(self, key):
        self.state = key

    def __call__(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)


class Xoshiro:
    """16 lanes of xoshiro128++."""

    def __init__(self, splitmix):
        self.s = [np.array([splitmix() >> 32 for _ in range(16)], dtype=np.uint32) for _ in range(4)]

    def __call__(self):
        s = self.s
        result = _rotate(s[0] + s[3], 7) + s[0]
        t = s[1] << np.uint32(9)
        s[2] = s[2] ^ s[0]
        s[3] = s[3] ^ s[1]
        s[1] = s[1] ^ s[2]
        s[0] = s[0] ^ s[3]
        s[2] = s[2] ^ t
        s[3] = _rotate(s[3], 11)
        return result


def _rotate(x, k):
    return (x << np.uint32(k)) | (x >> np.uint32(32 - k))


def train_slowly(dataset, configuration, rates, key):
    """What ``networks.c`` does, in plain NumPy and 64 bits, without a thought for speed.

    Returns training losses, validation losses and test loss, one epoch for each learning rate.
    """
    splitmix = SplitMix(key)
    xoshiro = Xoshiro(splitmix)
    x, y = ([part.astype(float) for part in parts] for parts in (dataset.inputs, dataset.targets))
    sizes = [x[0].shape[1], configuration["hp_n_units_1"], configuration["hp_n_units_2"], 1]
    batch = configuration["hp_batch_size"]
    relu = [configuration[f"hp_activation_fn_{i}"] == "relu" for i in (1, 2)]
    dropout = [configuration[f"hp_dropout_{i}"] for i in (1, 2)]

    def glorot(fan_in, fan_out):
        bound = np.sqrt(6 / (fan_in + fan_out))
        unit = np.array([(splitmix() >> 40) * 2.0**-24 for _ in range(fan_in * fan_out)])
        return ((2 * unit - 1) * bound).reshape(fan_in, fan_out)

    weights = [glorot(a, b) for a, b in pairwise(sizes)]
    biases = [np.zeros(b) for b in sizes[1:]]
    parameters = weights + biases
    first_moments, second_moments = ([np.zeros_like(p) for p in parameters] for _ in range(2))

    def hidden(layer, h):
        z = h @ weights[layer] + biases[layer]
        if relu[layer]:
            return np.maximum(z, 0), (z > 0).astype(float)
        return np.tanh(z), 1 - np.tanh(z) ** 2

    def dropped(layer, shape):
        if dropout[layer] == 0:
            return np.ones(shape)
        drawn = np.concatenate([xoshiro() for _ in range(shape[0] * shape[1] // 16)]).reshape(shape)
        return (drawn >= int(float(np.float32(dropout[layer])) * 2**32)) / (1 - dropout[layer])

    def error(part):
        h = hidden(1, hidden(0, x[part])[0])[0]
        return np.mean(((h @ weights[2] + biases[2])[:, 0] - y[part]) ** 2)

    order = list(range(len(y[0])))
    train_losses, valid_losses, step = [], [], 0
    for rate in rates:
        for i in range(len(order) - 1, 0, -1):
            j = ((splitmix() >> 32) * (i + 1)) >> 32
            order[i], order[j] = order[j], order[i]
        total = 0.0
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            inputs, gates = [x[0][rows]], []
            for layer in (0, 1):
                h, slope = hidden(layer, inputs[-1])
                factor = dropped(layer, h.shape)
                inputs.append(h * factor)
                gates.append(slope * factor)
            residual = (inputs[2] @ weights[2] + biases[2])[:, 0] - y[0][rows]
            total += np.sum(residual**2)
            d = [None, None, (2 * residual / batch)[:, np.newaxis]]
            d[1] = d[2] @ weights[2].T * gates[1]
            d[0] = d[1] @ weights[1].T * gates[0]
            gradients = [inputs[i].T @ d[i] for i in range(3)] + [d[i].sum(axis=0) for i in range(3)]
            step += 1
            for p, m, v, g in zip(parameters, first_moments, second_moments, gradients, strict=True):
                m[...] = 0.9 * m + 0.1 * g
                v[...] = 0.999 * v + 0.001 * g**2
                p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        train_losses.append(total / len(order))
        valid_losses.append(error(1))
    return np.array([*train_losses, *valid_losses, error(2)])
