"""Predicts the learning curves of configurations that have not been trained from those that have.

Extra trees on the principal components of the logarithms of the losses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet.grid import EPOCHS, columns

METHOD = "extra trees (200 trees, 2 rows a leaf) on 20 principal components of the logarithms of the losses"
RANK_CORRELATION_EPOCHS = (1, 9, 27, 100)
FOLDS = 5
_COMPONENTS = 20
TREES = 200


def features() -> NDArray[np.float64]:
    """Features of every row of the grid: the hyperparameters, and sums that decide how far a step goes."""
    c = columns()
    relu_1, relu_2 = (c[f"hp_activation_fn_{i}"] == "relu" for i in (1, 2))
    keep_1, keep_2 = (np.log2(1 - c[f"hp_dropout_{i}"]) for i in (1, 2))
    units_1, units_2 = (np.log2(c[f"hp_n_units_{i}"]) for i in (1, 2))
    rate, batch = np.log2(c["hp_init_lr"]), np.log2(c["hp_batch_size"])
    constant = c["hp_lr_schedule"] == "const"
    return np.column_stack(
        [
            *(relu_1, relu_2, keep_1, keep_2, units_1, units_2, rate, batch, constant),
            *(1.0 * relu_1 + relu_2, keep_1 + keep_2, units_1 + units_2, units_2 - units_1),
            *(units_1 + keep_1, units_2 + keep_2, rate - batch, rate - batch / 2),
            *(rate + units_1, rate + units_2, rate + (units_1 + units_2) / 2),
        ]
    )


def predict(
    rows: NDArray[np.integer], losses: NDArray[np.floating], wanted: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Predicted losses.

    Args:
        rows: The n trained rows of the grid.
        losses: An n x 201 array, their losses.
        wanted: The k rows of the grid to predict.

    Returns:
        A k x 201 array.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    # What is not finite is predicted as huge.
    logs = np.log(np.where(np.isfinite(losses), losses, np.exp(17.0)).astype(np.float64))
    mean = logs.mean(axis=0)
    axes = np.linalg.eigh((logs - mean).T @ (logs - mean)).eigenvectors[:, -_COMPONENTS:].T
    x = features()
    # One job: several would add up the trees in an order that depends on their timing.
    forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, max_features=0.6, random_state=0, n_jobs=1)
    forest.fit(x[rows], (logs - mean) @ axes.T)
    predicted: NDArray[np.float64] = np.exp(forest.predict(x[wanted]) @ axes + mean)
    return predicted


def rank_correlations(rows: NDArray[np.integer], losses: NDArray[np.floating]) -> dict[str, float]:
    """Spearman's correlation of predicted and trained validation losses, each predicted without its own fold.

    Args:
        rows: The n trained rows of the grid.
        losses: An n x 201 array: training losses, validation losses, test loss.

    Returns:
        The correlation by epoch, four digits.
    """
    from scipy.stats import spearmanr

    fold = np.arange(len(rows)) % FOLDS
    predicted = np.empty_like(losses)
    for k in range(FOLDS):
        predicted[fold == k] = predict(rows[fold != k], losses[fold != k], rows[fold == k])
    columns_of = {str(epoch): EPOCHS + epoch - 1 for epoch in RANK_CORRELATION_EPOCHS}
    return {
        epoch: round(float(spearmanr(predicted[:, column], losses[:, column]).statistic), 4)
        for epoch, column in columns_of.items()
    }
