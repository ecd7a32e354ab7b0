"""What is kept of each run of a study while it is watched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from tunekit.studies.grouping import SEEDS
from tunekit.watch.liveness import Liveness, liveness_of
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.finding import ListedExperiment, list_experiment

TOLD = ("method", "benchmark", "dataset", "config")  # what tells setups and benchmarks from each other


@attrs.frozen
class StudyRun:
    """A run of a study.

    Attributes:
        path: Its folder.
        setting: What it shares with the runs that differ in their seed alone.
        told: What its metadata say of that.
        seed: Its seed; the name of its folder if it has none.
        liveness: Where it stands.
        metric: Name of what is optimised.
        sign: 1 if lower values of it are better, else -1.
        loss: The best value at its end, as it is compared: lower is better.
        began: When its first process began, in seconds since the epoch.
        seconds: How long it took, if it has ended.
        last_active: When it ended, or when it last wrote.
        reason: Why it ended.
    """

    path: Path
    setting: str
    told: Mapping[str, Any] = attrs.field(repr=False)
    seed: int | str
    liveness: Liveness
    metric: str
    sign: float
    loss: float | None
    began: float | None
    seconds: float | None
    last_active: float
    reason: str


def read_run(path: Path) -> StudyRun:
    """Read a run of a study.

    Raises:
        RecordError: If its metadata cannot be read.
    """
    listed = list_experiment(path)
    if listed.status is ExperimentStatus.INTERRUPTED:
        listed = list_experiment(path)  # as in look_at
    metadata, seed = listed.metadata, listed.seed
    told = {name: metadata.get(name) for name in TOLD}
    began, ended = (_seconds(metadata.get(name)) for name in ("started", "ended"))
    return StudyRun(
        path=path,
        setting=_setting(told),
        told=told,
        seed=path.name if seed is None else seed,
        liveness=liveness_of(path, metadata),
        metric=listed.metric,
        sign=-1.0 if metadata.get("mode", ["min"])[0] == "max" else 1.0,
        loss=_loss(listed),
        began=began,
        seconds=None if began is None or ended is None else max(0.0, ended - began),
        last_active=listed.last_active.timestamp(),
        reason=str(metadata.get("reason", "")),
    )


def _loss(listed: ListedExperiment) -> float | None:
    return None if listed.best_loss is None else float(listed.best_loss)


def _setting(told: Mapping[str, Any]) -> str:
    config = told["config"]
    asked = {key: value for key, value in config.items() if key not in SEEDS} if isinstance(config, Mapping) else {}
    text = json.dumps({**told, "config": asked}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _seconds(time: Any) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp()
    except (TypeError, ValueError):
        return None
