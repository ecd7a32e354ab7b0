"""From the records of training to the tables that are shipped: always the same bytes from the same records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet import describing, surrogate, table, training
from tunekit_benchmarks.fcnet.benchmark import SPACE
from tunekit_benchmarks.fcnet.datasets import DATASETS
from tunekit_benchmarks.fcnet.grid import EPOCHS, training_order
from tunekit_benchmarks.fcnet.records import RECORD_BYTES, decode, encode
from tunekit_benchmarks.fcnet.table import SHARD

# Seconds of a step, and of a step for each parameter: such that ASHA on 4 workers starts about 700 trials in an hour.
COSTS = {"robot_arm": (0.08, 1.1e-6), "diabetes": (0.19, 2.8e-6)}


def n_in_shards(folder: Path) -> int:
    """How many configurations the trained files of a table hold."""
    return sum(path.stat().st_size for path in folder.glob("trained-*.bin")) // RECORD_BYTES


def build(dataset: str, *, work: Path, data: Path) -> None:
    """Bring the table of a dataset up to date: new trained files, the filled part, metadata, README.

    Args:
        dataset: Its name.
        work: The working folder of training.
        data: The folder of all tables.
    """
    folder = data / dataset
    folder.mkdir(parents=True, exist_ok=True)
    if not (data / "order.npy").exists():
        np.save(data / "order.npy", training_order())
    order = np.load(data / "order.npy").astype(np.int64)
    _add_shards(folder, training.Records(work, dataset).read(), len(order))
    n_trained = n_in_shards(folder)
    print(f"{dataset}: {n_trained} of {len(order)} configurations trained", flush=True)
    correlations = None
    if n_trained < len(order):
        correlations = _fill(folder, order, n_trained)
    else:
        (folder / "filled.bin").unlink(missing_ok=True)
    metadata = _metadata(dataset, len(order), n_trained, correlations)
    metadata["data_hash"] = table.content_hash(folder, metadata)
    metadata["optimum"] = table.optimum(folder)
    _write(folder / "metadata.json", json.dumps(metadata, indent=2).encode() + b"\n")
    _write(data / "README.md", describing.page(data).encode())


def _add_shards(folder: Path, finished: NDArray[Any], n_rows: int) -> None:
    """Write every file of trained configurations that is complete now and was not before."""
    by_position = {int(position): i for i, position in enumerate(finished["position"])}
    start = n_in_shards(folder)
    while start < n_rows:
        positions = range(start, min(start + SHARD, n_rows))
        if not all(position in by_position for position in positions):
            break
        losses = finished["losses"][[by_position[position] for position in positions]]
        _write(folder / f"trained-{start // SHARD:02}.bin", encode(losses).tobytes())
        start = positions.stop


def _fill(folder: Path, order: NDArray[np.int64], n_trained: int) -> dict[str, float]:
    """Write what a surrogate predicts for the rest, and return its cross-validated rank correlations."""
    content = b"".join(path.read_bytes() for path in sorted(folder.glob("trained-*.bin")))
    losses = decode(np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD_BYTES))
    _write(folder / "filled.bin", encode(surrogate.predict(order[:n_trained], losses, order[n_trained:])).tobytes())
    return surrogate.rank_correlations(order[:n_trained], losses)


def _metadata(dataset: str, n_rows: int, n_trained: int, correlations: dict[str, float] | None) -> dict[str, Any]:
    data = DATASETS[dataset]()
    n_training, n_validation, n_test = (len(targets) for targets in data.targets)
    per_step, per_step_and_parameter = COSTS[dataset]
    return {
        "format": table.TABLE_FORMAT,
        "benchmark": "fcnet",
        "dataset": dataset,
        "n_configurations": n_rows,
        "n_trained": n_trained,
        "n_seeds": 1,
        "n_features": data.inputs[0].shape[1],
        "n_training_rows": n_training,
        "n_validation_rows": n_validation,
        "n_test_rows": n_test,
        "resource": {"name": "hp_epoch", "first": 1, "last": EPOCHS},
        "metrics": {
            "metric_valid_loss": "mean squared error on the validation rows after the epoch, targets standardised",
            "metric_train_loss": "mean over the batches of the epoch, each before its step and with dropout",
            "metric_elapsed_time": "seconds since the start of the run, modelled",
            "metric_n_params": "number of weights and biases",
            "metric_final_test_error": "mean squared error on the test rows after epoch 100",
        },
        "cost_model": {
            "kind": "modelled, not measured",
            "seconds_per_epoch": "steps * (seconds_per_step + seconds_per_step_and_parameter * metric_n_params), "
            "steps = n_training_rows / hp_batch_size, rounded to microseconds",
            "seconds_per_step": per_step,
            "seconds_per_step_and_parameter": per_step_and_parameter,
        },
        "training": {"version": training.VERSION, "seed": training.SEED},
        "surrogate": correlations
        and {"method": surrogate.METHOD, "folds": surrogate.FOLDS, "rank_correlation_at_epoch": correlations},
        "space": SPACE.to_json(),
    }


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)
