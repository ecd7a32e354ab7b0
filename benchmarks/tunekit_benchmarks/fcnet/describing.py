"""The page that lies beside the tables and says what they are, written from their metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAGE = """\
# Learning curves of `fcnet`

Regression networks with two hidden layers, trained for tunekit. The search space is that of Klein and Hutter, *Tabular
Benchmarks for Joint Architecture and Hyperparameter Optimization* (2019): nine hyperparameters, 62,208 configurations,
100 epochs. The data and the curves are not theirs: none of their four datasets is here. This page is written by
`python -m tunekit_benchmarks.fcnet.make_tables build`.

| dataset | rows: training, validation, test | features | trained | filled in | size |
|---|---|---|---|---|---|
{sizes}

* `robot_arm`: how far the hand of a simulated arm in a plane is from a fixed point, given the angles of its eight
  joints. Smooth, low noise; the data is made by `datasets.py` from a fixed seed.
* `diabetes`: progress of the disease in a year for 442 patients, given ten measurements. Efron, Hastie, Johnstone and
  Tibshirani, *Least Angle Regression*, Annals of Statistics 32 (2004), as bundled with scikit-learn (BSD licence).
  Few and noisy rows: overfitting begins after a few epochs. Only learning curves are shipped, not the data.

## Trained

Adam (0.9, 0.999, 1e-8) on the squared error, inputs and targets standardised with the training rows; dropout after each
hidden layer; Glorot's uniform initial weights; the learning rate is constant, or follows half a cosine from epoch to
epoch that would reach 0 after epoch 100. `metric_valid_loss` and `metric_final_test_error` are mean squared errors
without dropout; `metric_train_loss` is the mean over the batches of the epoch, each before its step and with dropout.
Each configuration was trained once (seed 0), with random numbers of its own: configurations differ in initial weights,
order of rows and dropout. With large learning rates losses grow up to a million; that is part of the problem.

The networks are trained in the order of `order.npy`, a scrambled Sobol sequence over the nine dimensions; a file
`trained-NN.bin` holds 1,024 of them and never changes again. `networks.c` was tested to give the same bits compiled for
processors with AVX2 and with AVX-512.

## Filled in

{filled}

`benchmark.trained_only=true` restricts the search to configurations that were trained.

## Seconds are modelled, not measured

An epoch takes `steps * (a + b * metric_n_params)` seconds, `steps` being training rows / `hp_batch_size`. With these
constants ASHA on 4 workers starts about 700 trials in an hour.

| dataset | a, seconds of a step | b, for each parameter |
|---|---|---|
{costs}

## Precision

A configuration takes 155 bytes (`records.py` has the layout). Losses are read back with an error that follows their own
ups and downs: for half of the validation losses it is below 0.07 %, for 99 % of them below 1.3 %, and always below 1/60
of the largest change from one epoch to the next among ten. Training losses are kept more coarsely: 0.7 % and 6 %.
"""

FILLED = """\
What is not trained yet is predicted by {method},
fitted to the trained configurations. Rank correlation (Spearman) of predicted and trained validation losses,
{folds}-fold cross-validated:

| dataset | {epochs} |
|---|{rules}
{correlations}"""
NOTHING_FILLED = "Nothing: all configurations of all datasets were trained."


def page(data: Path) -> str:
    """The text of the page.

    Args:
        data: The folder of all tables.
    """
    tables = {path.parent: json.loads(path.read_text()) for path in sorted(data.glob("*/metadata.json"))}
    return PAGE.format(
        sizes="\n".join(_size(folder, metadata) for folder, metadata in tables.items()),
        filled=_filled([metadata for metadata in tables.values() if metadata["surrogate"]]),
        costs="\n".join(
            _row(m["dataset"], m["cost_model"]["seconds_per_step"], m["cost_model"]["seconds_per_step_and_parameter"])
            for m in tables.values()
        ),
    )


def _size(folder: Path, metadata: dict[str, Any]) -> str:
    rows = ", ".join(str(metadata[f"n_{part}_rows"]) for part in ("training", "validation", "test"))
    trained = metadata["n_trained"]
    megabytes = sum(path.stat().st_size for path in folder.glob("*.bin")) / 1e6
    return _row(
        f"`{metadata['dataset']}`",
        rows,
        metadata["n_features"],
        f"{trained:,}",
        f"{metadata['n_configurations'] - trained:,}",
        f"{megabytes:.1f} MB",
    )


def _filled(tables: list[dict[str, Any]]) -> str:
    if not tables:
        return NOTHING_FILLED
    surrogate = tables[0]["surrogate"]
    epochs = list(surrogate["rank_correlation_at_epoch"])
    return FILLED.format(
        method=surrogate["method"],
        folds=surrogate["folds"],
        epochs=" | ".join(f"epoch {epoch}" for epoch in epochs),
        rules="---|" * len(epochs),
        correlations="\n".join(
            _row(m["dataset"], *(f"{value:.3f}" for value in m["surrogate"]["rank_correlation_at_epoch"].values()))
            for m in tables
        ),
    )


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
