"""The same short trials as jobs of Optuna's own loop: threads, each of which waits for the process of its trial."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend


def loops(script: Path, n_trials: int, n_jobs: int) -> Iterator[tuple[str, float, float]]:
    """Random search, kept in memory and written to a file.

    Yields:
        What ran, the processor seconds of this process, and the seconds that it took.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        journal = JournalStorage(JournalFileBackend(str(Path(folder, "journal.log"))))
        name = f"Optuna {optuna.__version__}"
        for what, storage in ((f"{name}, nothing recorded", InMemoryStorage()), (f"{name}, journal file", journal)):
            study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
            began, cpu = time.perf_counter(), time.process_time()
            study.optimize(lambda trial: _loss(script, trial), n_trials=n_trials, n_jobs=n_jobs)
            yield what, time.process_time() - cpu, time.perf_counter() - began


def _loss(script: Path, trial: optuna.Trial) -> float:
    arguments = ["--x", str(trial.suggest_float("x", 0.0, 1.0)), "--reports", "1", "--period", "0.0"]
    command = [sys.executable, str(script), *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    loss: float = json.loads(output.partition("] ")[2])["loss"]  # the line is tagged
    return loss
