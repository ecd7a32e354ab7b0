"""The runs behind published tables as one small file, from which the tables can be made again.

A line has task, method, seed, processor seconds, and the 40 losses less the best known to four significant digits, a
step that is as the one before left empty. A task has one line more, without a method, whose first loss is the best
known.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from quality.regret import Curve, TaskRuns
from runs.run import N_STEPS

SUFFIX = ".csv.gz"
HEADER = ["task", "method", "seed", "processor_seconds", *(f"loss_{step}" for step in range(1, N_STEPS + 1))]


def write_archive(path: Path, tasks: Sequence[TaskRuns]) -> None:
    """Write what is known of tasks, sorted; the same bytes for the same runs.

    Raises:
        ValueError: If the name of the file does not end with ``.csv.gz``.
    """
    check_name(path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for task in sorted(tasks, key=lambda task: task.task):
        writer.writerow([task.task, "", "", "", repr(task.best_known)])
        for method, curves in sorted(task.curves.items()):
            for seed, curve in sorted(curves.items()):
                row = [task.task, method, seed, f"{curve.processor_seconds:.2f}"]
                writer.writerow([*row, *_without_repeats(curve.losses - task.best_known)])
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())


def read_archive(path: Path) -> list[TaskRuns]:
    """What :func:`write_archive` wrote.

    Raises:
        ValueError: If the file is no such archive.
    """
    check_name(path)
    best: dict[str, float] = {}
    curves: dict[str, dict[str, dict[int, Curve]]] = {}
    try:
        with gzip.open(path, "rt", newline="") as file:
            rows = csv.reader(file)
            if next(rows, None) != HEADER:
                raise ValueError("its first line is another")
            for task, method, seed, seconds, *losses in rows:
                if not method:
                    best[task] = float(losses[0])
                    curves[task] = {}
                    continue
                regrets = _with_repeats(losses)
                curves[task].setdefault(method, {})[int(seed)] = Curve(regrets + best[task], float(seconds))
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no archive of runs: {error}.") from error
    return [TaskRuns(task, best[task], of_task) for task, of_task in curves.items()]


def check_name(path: Path) -> None:
    """Raise ValueError unless the file has the name of an archive."""
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"{path}: an archive of runs ends with {SUFFIX}.")


def _without_repeats(regrets: np.ndarray) -> list[str]:
    texts = [f"{regret:.4g}" for regret in regrets]
    return [text if step == 0 or text != texts[step - 1] else "" for step, text in enumerate(texts)]


def _with_repeats(texts: Sequence[str]) -> np.ndarray:
    values: list[float] = []
    for text in texts:
        values.append(float(text) if text else values[-1])
    if len(values) != N_STEPS:
        raise ValueError(f"a line has {len(values)} losses, not {N_STEPS}")
    return np.array(values)
