"""What a trial of ``checkpoint_example`` runs: the smallest script that can be paused and goes on where it was."""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from typing import Any

from tunekit import Reporter  # where tunekit is not installed: its file tunekit/reporter.py, copied beside the script


def save(path: str, state: dict[str, Any]) -> None:
    """Write a checkpoint. One that a kill cuts off never takes the place of the last: it has another name till then."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(path + ".tmp", path)


def load(path: str) -> dict[str, Any]:
    """The last checkpoint, or where training begins."""
    if not os.path.exists(path):
        return {"epoch": 0, "metrics": {}}
    with open(path, encoding="utf-8") as file:
        return dict(json.load(file))


def main() -> None:
    """Go on from the checkpoint, if there is one, to the last epoch."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--floor", type=float, required=True)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--sleep_time", type=float, default=0.1)
    parser.add_argument("--st_checkpoint_dir", help="folder that outlives a pause; no checkpoints unless given")
    arguments = parser.parse_args()
    folder = arguments.st_checkpoint_dir
    path = os.path.join(folder, "checkpoint.json") if folder else None
    state: dict[str, Any] = load(path) if path else {"epoch": 0, "metrics": {}}

    report = Reporter()
    if state["epoch"]:
        # Once more: the script may have been killed between the checkpoint and its report. What the tuner knows
        # already, it ignores.
        report(**state["metrics"])
    for epoch in range(state["epoch"] + 1, arguments.epochs + 1):
        time.sleep(arguments.sleep_time)
        loss = arguments.floor + (1 - arguments.floor) * math.exp(-arguments.rate * epoch)
        metrics = {"epoch": epoch, "loss": loss}
        if path:
            save(path, {"epoch": epoch, "metrics": metrics})  # before the report, which may be answered by a pause
        report(**metrics)


if __name__ == "__main__":
    main()
