"""The files of a trial: what it is told, what it reports, how its runs ended.

================== ===================================================================================
``config.json``    the configuration
``reports.jsonl``  what it reported, over all runs
``stdout.log``     the end of what it printed; of what it wrote as errors, ``stderr.log``
``checkpoint/``    what it needs to go on
``runs/<k>/``      run k = 0, 1, …: ``spec.json``, ``process.jsonl``, ``exit.json``; see `supervisor`
================== ===================================================================================
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_core import as_json, write_whole
from tunekit_local.supervised_run import SupervisedRun

TAIL_BYTES = 2000
TAIL_LINES = 20


class TrialFolder:
    """The folder of one trial.

    Args:
        path: Absolute path; made by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.configuration = path / "config.json"
        self.reports = path / "reports.jsonl"
        self.stdout = path / "stdout.log"
        self.stderr = path / "stderr.log"
        self.checkpoint = path / "checkpoint"

    def create(self, configuration: Mapping[str, Any]) -> None:
        """Make an empty folder, in place of what an experiment whose record was lost may have left there."""
        if self.path.exists():
            for run in self.runs():
                SupervisedRun.find(run).end_by_force()
            shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(exist_ok=True)
        self.checkpoint.mkdir()
        (self.path / "runs").mkdir(exist_ok=True)
        write_whole(self.configuration, as_json(dict(configuration), indent=1) + "\n")

    def runs(self) -> list[Path]:
        """Folders of the runs so far, in their order."""
        folders = (self.path / "runs").glob("*")
        return sorted((folder for folder in folders if folder.name.isdecimal()), key=lambda folder: int(folder.name))

    def add_run(self, spec: Mapping[str, Any]) -> Path:
        """Make the folder of one more run, with what its supervisor is told."""
        folder = self.path / "runs" / str(len(self.runs()))
        folder.mkdir(parents=True)
        self.checkpoint.mkdir(exist_ok=True)  # it may have been deleted
        write_whole(folder / "spec.json", as_json(spec) + "\n")
        return folder

    def last_run(self) -> tuple[Path, dict[str, Any]] | None:
        """The folder of the last run, and its ``spec.json``. A run whose ``spec.json`` was not written never began."""
        for run in reversed(self.runs()):
            if (run / "spec.json").exists():
                return run, json.loads((run / "spec.json").read_text(encoding="utf-8"))
        return None

    def copy_checkpoint(self, other: TrialFolder) -> None:
        """Begin from the checkpoint of another trial."""
        shutil.copytree(other.checkpoint, self.checkpoint, dirs_exist_ok=True)

    def delete_checkpoint(self) -> None:
        """Remove what is needed to go on."""
        shutil.rmtree(self.checkpoint, ignore_errors=True)

    def end_of_errors(self) -> str:
        """The last lines of what the script wrote to its standard error; empty if it wrote nothing."""
        try:
            with open(self.stderr, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-TAIL_LINES:])
