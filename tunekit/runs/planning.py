"""What is to be run: complete, distinct, checked to the last option before anything is run or written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from tunekit.config.run_spec import RunSpec, resolve
from tunekit.config.schema import NUMBER_OF_SEEDS, Settings, check
from tunekit.console import answers, say
from tunekit.runs.building import assemble
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError


def plan_runs(configs: Sequence[Mapping[str, Any]], benchmark: Benchmark | None = None) -> list[RunSpec]:
    """The distinct runs of composed configurations, in order; ``benchmark`` as for :func:`run_spec.resolve`.

    Raises:
        TunekitError: If a key, component or option does not exist or fit.
    """
    specs: dict[Path, RunSpec] = {}
    drawn: int | None = None
    for config in configs:
        settings = check(config)
        if settings.values["random_seed"] is None and drawn is None:
            drawn = secrets.randbelow(NUMBER_OF_SEEDS)
            say(f"random_seed={drawn} was drawn: type it to find these results again.")
        spec = resolve(settings, _master_seed(settings, drawn), benchmark)
        specs.setdefault(spec.folder, spec)
    return list(specs.values())


def check_runs(specs: Sequence[RunSpec], benchmark: Benchmark | None = None) -> None:
    """Build one run of each setting, seed aside, and see that all can be written.

    Args:
        specs: The runs.
        benchmark: As for :func:`tunekit.runs.building.assemble`.

    Raises:
        TunekitError: If one cannot be built or written.
    """
    for spec in {spec.setting: spec for spec in specs}.values():
        assemble(spec, benchmark=benchmark)
    for folder in {spec.tag_folder for spec in specs}:
        _check_writable(folder)


def tell_plan(specs: Sequence[RunSpec], statuses: Mapping[Path, str]) -> None:
    """Print what would run, and where each run stands."""
    table = Table("", "method", "problem", "seed", "status", "folder", box=box.SIMPLE_HEAD)
    for number, spec in enumerate(specs):
        cells = (spec.method_name, spec.problem_name, str(spec.seed), statuses[spec.folder], str(spec.folder))
        table.add_row(str(number), *cells)
    answers().print(table)


def _master_seed(settings: Settings, drawn: int | None) -> int:
    given: int | None = settings.values["random_seed"]
    if given is not None:
        return given
    assert drawn is not None
    return drawn


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
