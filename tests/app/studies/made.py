"""Experiments for tests of studies, made of the parts that are looked at."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from tunekit.results.best_so_far import BestSoFar
from tunekit.studies.collection import CollectedExperiment, Study

SIMULATED = {"name": "simulator", "distribution": "tunekit-simulator"}


def best(times, values, end=100.0):
    return BestSoFar(np.array(times, float), np.array(values, float), end)


def experiment(method="ASHA", dataset="robot_arm", seed=0, *, value=0.5, curve=None, told=None, age=0, **asked):
    """A complete experiment; ``told`` replaces entries of its metadata, the rest those of what was asked for."""
    config = {
        "seed": seed,
        "random_seed": 0,
        "n_workers": 4,
        "searcher": {"name": "random", "distribution": "tunekit-hpo"},
        "scheduler": {"name": "asha_promotion", "distribution": "tunekit-asha", "brackets": 1},
        "backend": SIMULATED,
        "benchmark": {"name": "nowhere", "distribution": "tunekit-nowhere", "dataset": dataset},
        "stopping": {"max_wallclock_time": {"distribution": "tunekit-hpo", "seconds": 100.0}},
        "data_hash": f"hash of {dataset}",
        **asked,
    }
    metadata = {
        "status": "completed",
        "method": method,
        "benchmark": "nowhere",
        "dataset": dataset,
        "seed": config["seed"],
        "random_seed": config["random_seed"],
        "metric": ["loss"],
        "mode": ["min"],
        "config": config,
        "versions": {"tunekit-hpo": "1"},
        **(told or {}),
    }
    metadata = {key: entry for key, entry in metadata.items() if entry is not ...}
    last_active = datetime(2026, 1, 1, tzinfo=timezone.utc) - timedelta(days=age)
    path = Path("results") / method / f"{dataset}-{metadata.get('seed')}-{age}"
    return CollectedExperiment(path, metadata, last_active, best([0.0], [value]) if curve is None else curve)


def study(*experiments):
    return Study(tuple(experiments), {}, {})


def over_seeds(method, losses, dataset="robot_arm", **how):
    """An experiment for each loss at the end, with seeds from 0."""
    return [experiment(method, dataset, seed, value=loss, **how) for seed, loss in enumerate(losses)]
