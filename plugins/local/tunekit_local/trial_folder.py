"""The files of a trial: what it is told, what it reports, how its runs ended.

================== ===================================================================================
``config.json``    the configuration
``stdout.log``     the end of what its runs printed; of what they wrote as errors, ``stderr.log``
``checkpoint/``    what it needs to go on; beside it perhaps ``checkpoints/``, see `checkpoints`
``runs/<k>/``      run k = 0, 1, …: ``spec.json``, ``reports.jsonl``, and of its supervisor
                   ``process.jsonl`` and ``exit.json``
================== ===================================================================================
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit_core import StartFailed, as_json, set_aside, write_whole
from tunekit_local.checkpoints import Checkpoints
from tunekit_local.reports import ReportFile, number
from tunekit_local.run_process import RunProcesses

TAIL_BYTES = 2000
TAIL_LINES = 20


class RunFolder:
    """The folder of one run of a trial.

    Args:
        path: Absolute path; made by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reports = path / "reports.jsonl"
        self._spec = path / "spec.json"

    def create(self, spec: Mapping[str, Any]) -> None:
        """Make it, with what the supervisor is told. Others cannot read that, since variables may be secrets."""
        self.path.mkdir(parents=True)
        temporary = self.path / ".spec.json"
        with open(temporary, "w", encoding="utf-8", opener=_for_its_owner_alone) as file:
            file.write(as_json(spec) + "\n")
        temporary.rename(self._spec)

    def spec(self) -> dict[str, Any] | None:
        """What the supervisor was told; ``None`` if the run was never begun, or the machine went down right then."""
        try:
            spec: dict[str, Any] = json.loads(self._spec.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return spec

    def began_ns(self) -> int:
        """When it was begun, in nanoseconds since 1970 by the clock of the files; 0 if it never was."""
        try:
            return self._spec.stat().st_mtime_ns
        except FileNotFoundError:
            return 0


class TrialFolder:
    """The folder of one trial.

    Args:
        path: Absolute path; made by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.configuration = path / "config.json"
        self.stdout = path / "stdout.log"
        self.stderr = path / "stderr.log"
        self.checkpoints = Checkpoints(path)

    def create(self, configuration: Mapping[str, Any], processes: RunProcesses) -> None:
        """Make an empty folder. What trials have reported whose record was lost is set aside."""
        if self.path.exists():
            self.end_runs_after(-1, processes)
            if any(run.reports.exists() for run in self.runs()):
                set_aside(self.path)
            else:
                shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(exist_ok=True)
        write_whole(self.configuration, as_json(dict(configuration), indent=1) + "\n")

    def end_runs_after(self, run: int, processes: RunProcesses) -> None:
        """End the runs that come after one; their files stay."""
        for each in self.runs():
            if int(each.path.name) > run:
                process = processes.find(each.path)
                if not process.is_over():
                    process.end_by_force()

    def make_room(self, run: int, processes: RunProcesses) -> None:
        """Remove what may be there of a run that is about to begin, of which the record knows nothing.

        Its process has died in the middle of :meth:`RunFolder.create`. Or the end of the record was lost: then what it
        has reported is set aside, with checkpoints that the tuner would not get the reports of.
        """
        folder = self.run(run)
        if not folder.path.exists():
            return
        processes.find(folder.path).end_by_force()
        if folder.reports.exists():
            set_aside(folder.path)
            self.checkpoints.set_aside()
        else:
            shutil.rmtree(folder.path)

    def run(self, run: int) -> RunFolder:
        """The folder of a run, which need not exist."""
        return RunFolder(self.path / "runs" / str(run))

    def runs(self) -> list[RunFolder]:
        """Those that exist, in their order."""
        names = [path.name for path in (self.path / "runs").glob("*") if path.name.isdecimal()]
        return [self.run(run) for run in sorted(int(name) for name in names)]

    def reached(self, resource: str) -> float:
        """How far its runs have come by what they reported, in this metric; minus infinity without a report."""
        reports = (report for run in self.runs() for report in ReportFile(run.reports).new())
        return max((number(report, resource) for report in reports), default=float("-inf"))

    def version(self, resource: int, metric: str | None, *, runs: bool) -> Path:
        """A version of its checkpoint, for another trial.

        What its script has written to ``checkpoint/`` itself becomes one now, if the trial has come just so far and
        does not run.

        Args:
            resource: Of which resource.
            metric: The metric that says it; ``None`` if reports are counted, which names no version.
            runs: Whether the trial runs.

        Raises:
            StartFailed: If there is none.
        """
        version = self.checkpoints.version(resource)
        if not version.is_dir() and not runs and metric is not None and self.reached(metric) == resource:
            self.checkpoints.publish_working(resource)
        if not version.is_dir():
            there = ", ".join(map(str, self.checkpoints.resources()))
            raise StartFailed(
                f"Trial {self.path.name} has no checkpoint at {resource}: "
                + (f"there are those at {there}. " if there else "none was published. ")
                + "What a script keeps in checkpoint/ itself can be copied while it does not run, as one at the "
                "resource that it reported last."
            )
        return version

    def end_of_errors(self, run: int) -> str:
        """The last lines of what the script wrote to its standard error; empty if it wrote nothing in its last run.

        Args:
            run: The last run.
        """
        try:
            with open(self.stderr, "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_mtime_ns < self.run(run).began_ns():
                    return ""  # what is there is of the runs before
                file.seek(max(0, status.st_size - TAIL_BYTES))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-TAIL_LINES:])


def _for_its_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
