"""What a trial of ``mlp_digits`` runs: a training script with PyTorch, made to be copied and changed.

What makes a script ready to be tuned: hyperparameters come as arguments, every epoch is reported, and a checkpoint in
the folder that the tuner names lets a paused training go on where it was.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from tunekit import Reporter  # where tunekit is not installed: its file tunekit/reporter.py, copied beside the script

N_VALIDATION = 597  # of 1797 images


def arguments() -> argparse.Namespace:
    """Hyperparameters and constants of the search space, by their names there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--weight_decay", type=float, default=1e-2)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--n_units", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--st_checkpoint_dir", help="folder that outlives a pause; no checkpoints unless given")
    return parser.parse_args()


def data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images and labels for training and for validation."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16
    labels = torch.tensor(digits.target)
    # The split has a seed of its own: trials are compared on the same images.
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    valid, train = order[:N_VALIDATION], order[N_VALIDATION:]
    # Each training image five times, as it is and shifted by a pixel up, left, right and down: there are few of them.
    padded = pad(images[train], (1, 1, 1, 1))
    shifted = [padded[:, i : i + 8, j : j + 8] for i, j in ((1, 1), (0, 1), (1, 0), (1, 2), (2, 1))]
    return torch.cat(shifted).flatten(1), labels[train].repeat(5), images[valid].flatten(1), labels[valid]


def network(n_units: int, dropout: float) -> nn.Module:
    """Two hidden layers of equal size."""
    return nn.Sequential(
        *(nn.Linear(64, n_units), nn.ReLU(), nn.Dropout(dropout)),
        *(nn.Linear(n_units, n_units), nn.ReLU(), nn.Dropout(dropout)),
        nn.Linear(n_units, 10),
    )


def train_epoch(model: nn.Module, optimizer: Any, images: Tensor, labels: Tensor, batch_size: int) -> None:
    """Once over the training data, in a new order."""
    model.train()
    order = torch.randperm(len(images))
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        loss: Any = cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy and mean loss."""
    model.eval()
    scores = model(images)
    accuracy = (scores.argmax(1) == labels).float().mean().item()
    return {"accuracy": accuracy, "loss": cross_entropy(scores, labels).item()}


def main() -> None:
    """Train to the last epoch, from the checkpoint if there is one."""
    given = arguments()
    torch.set_num_threads(1)  # trials run beside each other, and a network of this size gains nothing from threads
    torch.manual_seed(given.seed)
    train_images, train_labels, valid_images, valid_labels = data()
    model = network(given.n_units, given.dropout)
    # No schedule that ends at --epochs: a tuner that pauses trials lowers that number, and raises it to go on.
    optimizer = torch.optim.AdamW(model.parameters(), lr=given.learning_rate, weight_decay=given.weight_decay)

    report = Reporter()
    folder = given.st_checkpoint_dir
    path = os.path.join(folder, "checkpoint.pt") if folder else None
    done = 0
    if path and os.path.exists(path):
        checkpoint = torch.load(path, weights_only=True)  # only tensors and plain values: a file cannot run code
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        torch.set_rng_state(checkpoint["rng"])  # so that a pause changes no result
        done = checkpoint["metrics"]["epoch"]
        # Once more: the script may have been killed between the checkpoint and its report. What the tuner knows
        # already, it ignores.
        report(**checkpoint["metrics"])

    for epoch in range(done + 1, given.epochs + 1):
        train_epoch(model, optimizer, train_images, train_labels, given.batch_size)
        metrics = {"epoch": epoch, **evaluate(model, valid_images, valid_labels)}
        if path:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            os.makedirs(folder, exist_ok=True)
            # Under another name till it is whole: a kill in the middle leaves the last checkpoint as it is.
            torch.save({**state, "rng": torch.get_rng_state(), "metrics": metrics}, path + ".tmp")
            os.replace(path + ".tmp", path)
        report(**metrics)  # after the checkpoint: the tuner may answer with a pause


if __name__ == "__main__":
    main()
