"""The answer at the end: best value and configuration of a run, a comparison of methods for a sweep."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from tunekit.config.run_spec import RunSpec
from tunekit.console import answers, say, tell
from tunekit.results.best_so_far import what_counts
from tunekit.results.comparison import FRACTIONS, Panel, Row
from tunekit_core.plugins.registry import registry
from tunekit_core.records.files import read_metadata

DIGITS = 4
MOST_IN_NAME = 3  # methods or problems that the name of a figure spells out


def tell_run(spec: RunSpec, metadata: Mapping[str, Any], seconds: float | None, command: str | None) -> None:
    """Print the answer of a single run.

    Args:
        spec: The run.
        metadata: Its ``metadata.json``.
        seconds: Real time that it took, or ``None`` if it had been complete already.
        command: The command line, for the next step; ``None`` if none is to be told.
    """
    incumbent = metadata.get("incumbent")
    if incumbent is None:
        none = f"no trial has reported a finite {what_counts(metadata)}"
        tell(f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}: {none}.")
    else:
        value = next(iter(incumbent["metrics"].values()))
        resource = metadata["resource"] or "report"
        tell(f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}")
        where = f"{resource} {incumbent['resource']} of trial {incumbent['trial_id']}"
        tell(f"Best {what_counts(metadata)}: {value:.6g} at {where}")
        answers().print(_configuration(incumbent["configuration"]))
    real = "found complete" if seconds is None else f"{seconds:.1f} s in real time"
    tell(
        f"{metadata['n_started']:,} trials, {metadata['n_reports']:,} reports in {metadata['time']:,.0f} s on the "
        f"clock of the {spec.results['backend']['name']} backend ({real}). It ended because {metadata['reason']}."
    )
    tell(f"Results: {spec.folder}{_disk_use(spec.folder)}")
    if command is not None:
        tell(f"Next, several seeds: {command} --multirun 'seed=range(5)'")


def _disk_use(folder: Path) -> str:
    """What trials of real scripts take, in brackets; nothing where there are none."""
    checkpoints = list(folder.glob("*/checkpoint"))
    if not checkpoints:
        return ""
    return f" ({_size([folder])}, {_size(checkpoints)} of it checkpoints)"


def _size(folders: Iterable[Path]) -> str:
    n_bytes = sum(file.lstat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"


def tell_sweep(panels: Sequence[Panel]) -> None:
    """Print the comparison, a table for each problem."""
    for panel in panels:
        better = "lower" if panel.mode == "min" else "higher"
        tell(f"{panel.problem}: best {panel.metric} so far ({better} is better) at fractions of {panel.budget:,.0f} s")
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("method", no_wrap=True)
        table.add_column("runs", justify="right")
        for fraction in FRACTIONS:
            table.add_column(f"{fraction:.0%}", justify="right", no_wrap=True)
        for position, row in enumerate(panel.rows):
            cells = [row.label, str(len(row.curves)), *_cells(row, panel.budget)]
            table.add_row(*cells, style="bold" if position == 0 and len(panel.rows) > 1 else None)
        answers().print(table)
    tell("Mean over runs ± 95 % interval (Student's t).")


def tell_files(figures: Sequence[Path], indices: Sequence[Path]) -> None:
    """Print where the files of a sweep are."""
    for what, paths in (("Figure", figures), ("Index", indices)):
        for path in paths:
            tell(f"{what}: {path}")


def figure_stem(specs: Sequence[RunSpec]) -> Path:
    """Path of the figure of a sweep without its suffix: it says what is drawn, and no other sweep has it."""
    methods = sorted({spec.method_name for spec in specs})
    problems = sorted({spec.problem_name for spec in specs})
    what = methods if len(methods) <= MOST_IN_NAME else [f"{len(methods)}-methods"]
    where = problems if len(problems) <= MOST_IN_NAME else [f"{len(problems)}-problems"]
    n_seeds = len({spec.seed for spec in specs})
    runs = hashlib.sha256("\n".join(sorted(spec.folder.name for spec in specs)).encode()).hexdigest()[:6]
    name = "_".join(["best-over-time", *what, *where, f"{n_seeds}-seeds", runs])
    return specs[0].tag_folder / name


def tell_other_versions(folders: Sequence[Path]) -> None:
    """Say which complete runs other versions of the plugins made, and how to run them again."""
    installed = {component.distribution: component.version for component in registry().components.values()}
    made_with: dict[str, set[Path]] = {}
    for folder in folders:
        for distribution, version in read_metadata(folder).get("versions", {}).items():
            if installed.get(distribution, version) != version:
                text = f"{distribution} {version} (installed is {installed[distribution]})"
                made_with.setdefault(text, set()).add(folder)
    if made_with:
        old = sorted(set().union(*made_with.values()))
        say(f"{len(old)} complete runs were made with {', '.join(sorted(made_with))}. They count. To run them again:")
        say(shlex.join(["rm", "-r", *map(os.fspath, old)]))


def _cells(row: Row, budget: float) -> list[str]:
    means, half_widths = row.interval(budget * np.array(FRACTIONS))
    return [_cell(mean, half_width) for mean, half_width in zip(means.tolist(), half_widths.tolist(), strict=True)]


def _cell(mean: float, half_width: float) -> str:
    """Mean and half width with the decimals that the half width justifies (two of its digits)."""
    if not np.isfinite(mean):
        return "none yet"
    if not np.isfinite(half_width) or half_width == 0:
        return f"{mean:.{DIGITS}g}"
    decimals = min(12, max(0, 1 - int(np.floor(np.log10(half_width)))))
    return f"{mean:.{decimals}f} ± {half_width:.{decimals}f}"


def _configuration(configuration: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in configuration.items():
        table.add_row(name, str(value))
    return table
