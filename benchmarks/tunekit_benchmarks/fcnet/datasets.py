"""The regression problems that the networks of ``fcnet`` learn."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Dataset:
    """A regression problem, standardised with the means and deviations of its training rows.

    Attributes:
        name: Its name.
        inputs: Training, validation and test inputs, each rows x features, float32.
        targets: Training, validation and test targets, each of length rows, float32.
    """

    name: str
    inputs: Sequence[NDArray[np.float32]]
    targets: Sequence[NDArray[np.float32]]


def robot_arm() -> Dataset:
    """How far the hand of a simulated arm is from a cup, given the angles of its eight joints.

    The arm lies in a plane; its links get shorter towards the hand and are 1 long together; every angle is uniform
    within a quarter turn to either side of the link before. The distance is measured with a deviation of 0.002.
    512 training, 176 validation and 176 test rows.
    """
    rng = np.random.Generator(np.random.PCG64(20190513))
    angles = np.round(rng.uniform(-np.pi / 2, np.pi / 2, size=(864, 8)), 6)
    links = np.arange(12, 4, -1) / 68
    direction = np.cumsum(angles, axis=1)
    hand = np.stack([np.cos(direction) @ links, np.sin(direction) @ links], axis=1)
    distance = np.hypot(*(hand - [0.3, 0.4]).T) + rng.normal(scale=0.002, size=len(angles))
    return _standardised("robot_arm", angles, np.round(distance, 6), n_train=512, n_valid=176)


def diabetes() -> Dataset:
    """The progress of diabetes in a year, given ten measurements of a patient (Efron et al. 2004), from scikit-learn.

    442 patients in a fixed random order: 256 training, 93 validation and 93 test rows.
    """
    from sklearn.datasets import load_diabetes

    inputs, targets = load_diabetes(return_X_y=True, scaled=False)
    order = np.random.Generator(np.random.PCG64(2004)).permutation(len(targets))
    return _standardised("diabetes", inputs[order], targets[order], n_train=256, n_valid=93)


DATASETS = {"robot_arm": robot_arm, "diabetes": diabetes}


def _standardised(
    name: str, inputs: NDArray[np.float64], targets: NDArray[np.float64], *, n_train: int, n_valid: int
) -> Dataset:
    inputs = (inputs - inputs[:n_train].mean(axis=0)) / inputs[:n_train].std(axis=0)
    targets = (targets - targets[:n_train].mean()) / targets[:n_train].std()
    cuts = [n_train, n_train + n_valid]
    return Dataset(
        name,
        np.split(inputs.astype(np.float32), cuts),
        np.split(targets.astype(np.float32), cuts),
    )
