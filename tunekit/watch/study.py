"""All runs below a folder as they are now, read from their folders while other processes run them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import attrs

from tunekit.config.specs.titles import recorded_problem, recorded_title
from tunekit.studies.grouping import NO_METHOD, Grouping
from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.liveness import look_at
from tunekit.watch.scan import FolderScan
from tunekit.watch.study_picture import StudyPicture
from tunekit.watch.study_run import StudyRun, read_run
from tunekit.watch.tallies import RunCounts, RunFailure, Tally
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import RecordError

SECONDS_OF_QUIET = 5.0  # between one run of a sweep and the next none may run
MOST_SETTINGS = 300  # that are told from each other by their options: beyond, by their methods alone
MOST_FOLLOWED = 8  # runs whose records are read, for their best so far
MOST_FAILURES = 3


class WatchedStudy:
    """Looks at all runs below a folder; those that have not changed are not read again.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scan: FolderScan[StudyRun] = FolderScan(folder, read_run)
        self._setups: dict[str, tuple[str, str]] = {}  # by setting the setup and the benchmark
        self._followed: dict[str, WatchedExperiment] = {}
        self._may_run: list[str] = []  # folders of runs that have not ended for certain
        self._so_far: dict[Path, float] = {}
        self._tallies: list[Tally] = []
        self._failures: list[RunFailure] = []
        self._last_change = time.monotonic()

    def look(self) -> StudyPicture:
        """The study as it is now."""
        has_changed = self._scan.look()
        if has_changed:
            self._name_setups(self._scan.experiments.values())
            self._may_run = [path for path, run in self._scan.experiments.items() if not run.liveness.is_over]
        has_changed |= self._look_whether_they_live()
        so_far = self._look_at_records()
        if has_changed:
            self._last_change = time.monotonic()
            self._failures = _newest_failures(self._scan.experiments.values(), self._setups)
            self._may_run = [path for path, run in self._scan.experiments.items() if not run.liveness.is_over]
        if has_changed or so_far != self._so_far:
            self._so_far = so_far
            self._tallies = self._tally()
        return self._picture()

    def _picture(self) -> StudyPicture:
        totals = RunCounts.sum_of(tally.counts for tally in self._tallies)
        runs = self._scan.experiments.values() if totals.n_running else ()
        return StudyPicture(
            folder=self._folder,
            totals=totals,
            tallies=self._tallies,
            seconds_left=_seconds_left(runs, self._setups, self._tallies),
            failures=self._failures,
            unreadable=self._scan.unreadable,
            is_over=not totals.n_running and time.monotonic() - self._last_change >= SECONDS_OF_QUIET,
        )

    def _name_setups(self, runs: Iterable[StudyRun]) -> None:
        told = {run.setting: run.told for run in runs}
        if told.keys() == self._setups.keys():
            return
        if len(told) > MOST_SETTINGS:  # to find out in which options they differ would take long
            names = [(str(each["method"] or NO_METHOD), recorded_problem(each)) for each in told.values()]
        else:
            names = Grouping().labels(list(told.values()))
        self._setups = dict(zip(told, names, strict=True))

    def _look_whether_they_live(self) -> bool:
        """Look at those that may run: their files do not change when their process dies. Whether one lives or dies."""
        has_changed = False
        for path in self._may_run:
            run = self._scan.experiments[path]
            try:
                _, liveness = look_at(run.path)
            except RecordError:  # the next look finds out
                continue
            has_changed |= liveness.status is not run.liveness.status
            if liveness != run.liveness:
                self._scan.replace(path, attrs.evolve(run, liveness=liveness))
        return has_changed

    def _look_at_records(self) -> dict[Path, float]:
        """The best losses of runs that have not ended, by their folders, as far as records are followed."""
        runs = self._scan.experiments
        running = [path for path in self._may_run if not runs[path].liveness.is_over]
        self._followed = {
            path: self._followed.get(path) or WatchedExperiment(runs[path].path) for path in running[:MOST_FOLLOWED]
        }
        found = {}
        for path, watched in self._followed.items():
            try:
                incumbent = watched.look().snapshot.incumbent
            except RecordError:
                continue
            if incumbent is not None:
                found[runs[path].path] = float(incumbent.report.losses[0])
        return found

    def _tally(self) -> list[Tally]:
        groups: dict[tuple[str, str], list[StudyRun]] = {}
        seeds: dict[str, set[int | str]] = {}
        for run in self._scan.experiments.values():
            setup, benchmark = self._setups[run.setting]
            groups.setdefault((benchmark, setup), []).append(run)
            seeds.setdefault(benchmark, set()).add(run.seed)
        return [
            Tally.of(
                setup, benchmark, group, self._so_far, n_missing=len(seeds[benchmark] - {run.seed for run in group})
            )
            for (benchmark, setup), group in sorted(groups.items())
        ]


def _newest_failures(runs: Iterable[StudyRun], setups: Mapping[str, tuple[str, str]]) -> list[RunFailure]:
    failed = [run for run in runs if run.liveness.status is ExperimentStatus.FAILED]
    newest = sorted(failed, key=lambda run: (run.last_active, str(run.path)), reverse=True)[:MOST_FAILURES]
    return [RunFailure(_title(run, setups[run.setting][1]), run.path, run.reason) for run in newest]


def _title(run: StudyRun, problem: str) -> str:
    seed = {"seed": run.seed} if isinstance(run.seed, int) else {}
    return recorded_title(run.path.name, {**run.told, **seed}, problem if recorded_problem(run.told) else "")


def _seconds_left(
    runs: Iterable[StudyRun], setups: Mapping[str, tuple[str, str]], tallies: Sequence[Tally]
) -> float | None:
    """Work that is left, shared by the runs that run now; each takes as long as those like it took that are over."""
    took: dict[tuple[str, str], list[float]] = {}
    running: list[StudyRun] = []
    for run in runs:
        if not run.liveness.is_over:
            running.append(run)
        elif run.liveness.status is ExperimentStatus.COMPLETED and run.seconds is not None:
            took.setdefault(setups[run.setting], []).append(run.seconds)
    if not running or not took:
        return None
    overall = fmean(seconds for each in took.values() for seconds in each)

    def usual(setup: str, benchmark: str) -> float:
        return fmean(took[setup, benchmark]) if (setup, benchmark) in took else overall

    now = time.time()
    left = [max(0.0, usual(*setups[run.setting]) - (0.0 if run.began is None else now - run.began)) for run in running]
    missing = sum(tally.counts.n_missing * usual(tally.setup, tally.benchmark) for tally in tallies)
    return max(max(left), (sum(left) + missing) / len(running))
