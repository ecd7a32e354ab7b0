"""What an experiment is called, by its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def recorded_title(name: str, metadata: Mapping[str, Any], problem: str = "") -> str:
    """Method, benchmark and seed of an experiment, as far as its metadata tell them.

    >>> recorded_title("height-3-ab12", {"method": "ASHA", "benchmark": "height", "seed": 3})
    'ASHA on height, seed 3'

    Args:
        name: What it is called if they do not, such as the name of its folder.
        metadata: Its ``metadata.json``.
        problem: What it is on, where it has a name among others; its benchmark and dataset unless given.
    """
    problem = problem or recorded_problem(metadata)
    seed = f", seed {metadata['seed']}" if "seed" in metadata else ""
    return f"{metadata['method']} on {problem}{seed}" if metadata.get("method") and problem else name


def recorded_problem(metadata: Mapping[str, Any]) -> str:
    """Benchmark and dataset of an experiment, as far as its metadata tell them; empty if they do not.

    >>> recorded_problem({"benchmark": "fcnet", "dataset": "robot_arm"})
    'fcnet-robot_arm'

    Args:
        metadata: Its ``metadata.json``.
    """
    return "-".join(str(metadata[key]) for key in ("benchmark", "dataset") if metadata.get(key))
