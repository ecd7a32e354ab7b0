"""The files of a trial: what it is told, what it reports, how its runs ended.

================== ===================================================================================
``config.json``    the configuration
``stdout.log``     the end of what its runs printed; of what they wrote as errors, ``stderr.log``
``checkpoint/``    what it needs to go on; beside it perhaps ``checkpoints/``, see `checkpoints`
``runs/<k>/``      run k = 0, 1, …: ``spec.json``, ``reports.jsonl``, files that its command names,
                   and of its supervisor ``process.jsonl`` and ``exit.json``
================== ===================================================================================
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunekit_core import StartFailed, as_json, number_in, set_aside
from tunekit_local.checkpoints import Checkpoints
from tunekit_local.reports import ReportFile
from tunekit_local.run_process import RunProcesses
from tunekit_local.trial_files import is_folder, make_folders, opened, read_json, remove, write_new

RUN = re.compile(r"0|[1-9][0-9]{0,8}")
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
        self._home = path.parents[2]  # the folder of the experiment
        self._spec = path / "spec.json"

    def create(self, spec: Mapping[str, Any], files: Mapping[str, str]) -> None:
        """Make it, with what the supervisor is told. Others cannot read that, since variables may be secrets.

        Args:
            spec: What the supervisor is told.
            files: What the program is to read, by paths in this folder.
        """
        make_folders(self._home, self.path.parent)
        self.path.mkdir()
        for path, text in files.items():
            write_new(Path(path), text, mode=0o600)
        write_new(self._spec, as_json(spec) + "\n", mode=0o600)

    def spec(self) -> dict[str, Any] | None:
        """What the supervisor was told; ``None`` if the run was never begun, or it was garbled since."""
        try:
            spec = read_json(self._home, self._spec)
        except OSError:
            return None
        return spec if isinstance(spec, dict) else None

    def began_ns(self) -> int:
        """When it was begun, in nanoseconds since 1970 by the clock of the files; 0 if it never was."""
        try:
            return os.lstat(self._spec).st_mtime_ns
        except OSError:
            return 0

    def open_reports(self) -> ReportFile:
        """Its reports, to be closed by the caller."""
        return ReportFile(self._home, self.reports)

    def has_reported(self) -> bool:
        """Whether there is something in the place of its reports."""
        return os.path.lexists(self.reports)


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

    def create(self, processes: RunProcesses) -> None:
        """Make an empty folder. What trials have reported whose record was lost is set aside."""
        self.end_runs_after(-1, processes)
        if any(run.has_reported() for run in self.runs()):
            set_aside(self.path)
        else:
            remove(self.path)
        self.path.mkdir()

    def write_configuration(self, configuration: Mapping[str, Any]) -> None:
        """Write it for each run: the script of the one before may have changed it.

        Raises:
            OSError: If something else is in the place of the file, or of the folder.
        """
        make_folders(self.path.parent, self.path)
        write_new(self.configuration, as_json(dict(configuration), indent=1) + "\n")

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
        if is_folder(folder.path):
            processes.find(folder.path).end_by_force()
        if folder.has_reported():
            set_aside(folder.path)
            self.checkpoints.set_aside()
        else:
            remove(folder.path)

    def run(self, run: int) -> RunFolder:
        """The folder of a run, which need not exist."""
        return RunFolder(self.path / "runs" / str(run))

    def runs(self) -> list[RunFolder]:
        """Those that exist, in their order."""
        runs = self.path / "runs"
        names = os.listdir(runs) if is_folder(self.path) and is_folder(runs) else []
        return [self.run(run) for run in sorted(int(name) for name in names if RUN.fullmatch(name))]

    def reached(self, resource: str) -> float:
        """How far its runs have come by what they reported, in this metric; minus infinity without a report."""
        reports = (report for run in self.runs() for report in _all_reports(run))
        return max((number_in(report, resource) for report in reports), default=float("-inf"))

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
        checkpoints = self.checkpoints
        is_missing = resource not in checkpoints.resources()
        if is_missing and not runs and metric is not None and self.reached(metric) == resource:
            is_missing = not checkpoints.publish_working(resource)
        if is_missing:
            there = ", ".join(map(str, checkpoints.resources()))
            raise StartFailed(
                f"Trial {self.path.name} has no checkpoint at {resource}: "
                + (f"there are those at {there}. " if there else "none was published. ")
                + "What a script keeps in checkpoint/ itself can be copied while it does not run, as one at the "
                "resource that it reported last."
            )
        return checkpoints.version(resource)

    def end_of_errors(self, run: int) -> str:
        """The last lines of what the script wrote to its standard error; empty if it wrote nothing in its last run.

        Args:
            run: The last run.
        """
        try:
            with opened(self.path.parent, self.stderr) as file:
                status = os.fstat(file)
                if status.st_mtime_ns < self.run(run).began_ns():
                    return ""  # what is there is of the runs before
                text = os.pread(file, TAIL_BYTES, max(0, status.st_size - TAIL_BYTES)).decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-TAIL_LINES:])


def _all_reports(run: RunFolder) -> Iterator[Mapping[str, Any]]:
    with contextlib.closing(run.open_reports()) as reports:
        yield from reports.new()
        while reports.has_more:
            yield from reports.new()
