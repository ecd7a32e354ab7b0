"""Whether runs can be carried out, seen before anything is run or written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tunekit.config.specs.run_spec import RunSpec
from tunekit.runs.building import build_tuner
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError


def check_runs(specs: Sequence[RunSpec], benchmark: Benchmark | None = None) -> None:
    """Build one run of each setting, seed aside, and see that all can be written.

    Args:
        specs: The runs.
        benchmark: As for :func:`tunekit.runs.building.build_tuner`.

    Raises:
        TunekitError: If one cannot be built or written.
    """
    for spec in {spec.setting: spec for spec in specs}.values():
        build_tuner(spec, benchmark=benchmark)
    for folder in {spec.tag_folder for spec in specs}:
        _check_writable(folder)


def _check_writable(folder: Path) -> None:
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        problem = f"{existing} is not a folder"
    elif not os.access(existing, os.W_OK | os.X_OK):
        problem = f"you may not write in {existing}"
    else:
        return
    raise ConfigurationError(
        f"Results cannot be written to {folder}: {problem}. Choose another place with results_dir=FOLDER or the "
        "environment variable TUNEKIT_RESULTS.",
        option="results_dir",
        value=str(folder),
    )
