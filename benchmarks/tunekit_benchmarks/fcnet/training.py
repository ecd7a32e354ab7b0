"""Training of the grid in a fixed order, to be stopped at any moment and continued.

Finished networks are appended to one file per dataset in a working folder. A record carries a checksum: what a killed
process left half written is dropped when the file is next opened.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunekit_benchmarks.fcnet.batched import MOST_AT_ONCE, BatchedTrainer
from tunekit_benchmarks.fcnet.datasets import DATASETS
from tunekit_benchmarks.fcnet.grid import N_ROWS, configuration_of, training_order
from tunekit_benchmarks.fcnet.networks import Trainer, compile_library
from tunekit_benchmarks.fcnet.records import N_LOSSES
from tunekit_benchmarks.fcnet.table import SHARD

VERSION = 1  # of the numbers: raise it with any change that gives others
SEED = 0
RECORD = np.dtype([("position", "<u4"), ("losses", "<f4", N_LOSSES), ("checksum", "<u4")])
_SECONDS_BETWEEN_LINES = 30.0

Result = tuple[str, int, NDArray[np.float32]]  # dataset, position in the order, losses


def key_of(row: int) -> int:
    """The key of the random numbers of a row: rows draw independently of each other."""
    return (SEED << 32) + row + 1


class Records:
    """The finished networks of one dataset, in a file to which they are appended.

    Args:
        folder: The working folder, made if it is not there.
        dataset: Name of the dataset.
    """

    def __init__(self, folder: Path, dataset: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{dataset}-{VERSION}.records"

    def read(self) -> NDArray[Any]:
        """The complete records, an array of ``RECORD``."""
        content = self.path.read_bytes() if self.path.exists() else b""
        records = np.frombuffer(content[: len(content) // RECORD.itemsize * RECORD.itemsize], dtype=RECORD)
        good = np.array([_checksum(record) == record["checksum"] for record in records], dtype=bool)
        return records[: len(good) if good.all() else int(np.argmin(good))]

    def __enter__(self) -> Records:
        """Open for appending, after the last complete record.

        Raises:
            BlockingIOError: If another process is training this dataset in this folder.
        """
        self._file = self.path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise
        self._file.truncate(len(self.read()) * RECORD.itemsize)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, position: int, losses: NDArray[np.float32]) -> None:
        """Write a record; it survives the death of this process."""
        record = np.zeros((), dtype=RECORD)
        record["position"], record["losses"] = position, losses
        record["checksum"] = _checksum(record)
        self._file.write(record.tobytes())
        self._file.flush()


def done(folder: Path, dataset: str, in_table: int) -> set[int]:
    """Positions of the order that are trained: the first ``in_table``, and what the working folder has."""
    return set(range(in_table)) | set(Records(folder, dataset).read()["position"].tolist())


def train(
    datasets: list[str], *, limit: int, jobs: int | None, device: str, folder: Path, in_table: dict[str, int]
) -> None:
    """Train the first ``limit`` configurations of the order on each dataset and say how far it is.

    Args:
        datasets: Their names.
        limit: How many configurations of each.
        jobs: Processes on the CPU, one network each at a time; ``None`` for one on every core.
        device: ``"cpu"``, or a device of torch on which networks of equal sizes are trained together.
        folder: The working folder.
        in_table: By dataset, how many configurations its table holds already, the first ones of the order.
    """
    limit = min(limit, N_ROWS)
    todo = [
        (dataset, position)
        for dataset in datasets
        for position in sorted(set(range(limit)) - done(folder, dataset, in_table[dataset]))
    ]
    # Shard by shard in turn, so that all tables grow.
    todo.sort(key=lambda task: (task[1] // SHARD, datasets.index(task[0]), task[1]))
    print(f"{len(todo)} networks to train, {limit * len(datasets) - len(todo)} are trained", flush=True)
    if not todo:
        return
    library = compile_library(folder)
    began = reported = time.monotonic()
    with ExitStack() as stack:
        records = {dataset: stack.enter_context(Records(folder, dataset)) for dataset in datasets}
        results = _on_cores(library, todo, jobs) if device == "cpu" else _on_device(library, todo, device)
        for count, (dataset, position, losses) in enumerate(results, start=1):
            records[dataset].append(position, losses)
            now = time.monotonic()
            if now - reported > _SECONDS_BETWEEN_LINES or count == len(todo):
                reported, rate = now, count / (now - began)
                print(
                    f"{time.strftime('%H:%M:%S')} {dataset}: {count} of {len(todo)} trained, {rate:.1f} a second, "
                    f"{(len(todo) - count) / rate / 3600:.2f} hours left",
                    flush=True,
                )


def _on_cores(library: Path, todo: list[tuple[str, int]], jobs: int | None) -> Iterator[Result]:
    """Train one network at a time on each core; results come in the order of the tasks."""
    datasets = sorted({dataset for dataset, _ in todo})
    order = training_order()
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs or len(os.sched_getaffinity(0)), _start_worker, (library, datasets)) as pool:
        yield from pool.imap(_train_one, [(d, p, int(order[p])) for d, p in todo], chunksize=2)


_trainers: dict[str, Trainer] = {}


def _start_worker(library: Path, datasets: Iterable[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the main process
    for dataset in datasets:
        _trainers[dataset] = Trainer(library, DATASETS[dataset]())


def _train_one(task: tuple[str, int, int]) -> Result:
    dataset, position, row = task
    return dataset, position, _trainers[dataset].train(configuration_of(row), key=key_of(row))


def _on_device(library: Path, todo: list[tuple[str, int]], device: str) -> Iterator[Result]:
    """Train networks of equal sizes together."""
    order = training_order()
    groups: dict[tuple[Any, ...], list[tuple[int, int]]] = defaultdict(list)
    for dataset, position in todo:
        row = int(order[position])
        sizes = [configuration_of(row)[f"hp_{name}"] for name in ("batch_size", "n_units_1", "n_units_2")]
        groups[(dataset, *sizes)].append((position, row))
    trainers = {dataset: BatchedTrainer(library, DATASETS[dataset](), device) for dataset, *_ in groups}
    for (dataset, *_), members in groups.items():
        for start in range(0, len(members), MOST_AT_ONCE):
            positions, rows = zip(*members[start : start + MOST_AT_ONCE], strict=True)
            losses = trainers[dataset].train([configuration_of(r) for r in rows], keys=[key_of(r) for r in rows])
            yield from zip([dataset] * len(rows), positions, losses, strict=True)


def _checksum(record: Any) -> int:
    return zlib.crc32(record["losses"].tobytes(), int(record["position"]))
