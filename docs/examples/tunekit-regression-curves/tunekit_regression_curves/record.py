"""Writes curves.csv: trains a logistic regression with 40 settings, and records every epoch."""

from __future__ import annotations

import csv
from pathlib import Path
from time import perf_counter

import numpy as np

LR = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
MOMENTUM = [0.0, 0.3, 0.5, 0.7, 0.9, 0.95]
EPOCHS = 9


def record(file: Path) -> None:
    """Train and write."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 20))
    y = (X @ rng.standard_normal(20) + 2 * rng.standard_normal(2000) > 0).astype(float)
    grid = [(lr, momentum) for lr in LR for momentum in MOMENTUM]
    with open(file, "w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened, lineterminator="\n")
        rows.writerow(["lr", "momentum", "epoch", "seconds", "loss"])
        for which in sorted(rng.choice(len(grid), 40, replace=False)):
            lr, momentum = grid[which]
            w, v = np.zeros(20), np.zeros(20)
            began = perf_counter()
            for epoch in range(1, EPOCHS + 1):
                for i in rng.permutation(1500):
                    p = (1 + np.tanh(X[i] @ w / 2)) / 2
                    v = momentum * v - lr * (p - y[i]) * X[i]
                    w = w + v
                loss = np.logaddexp(0, -np.where(y[1500:] > 0, 1, -1) * (X[1500:] @ w)).mean()
                rows.writerow([lr, momentum, epoch, round(perf_counter() - began, 4), round(loss, 5)])


if __name__ == "__main__":
    record(Path(__file__).with_name("curves.csv"))
