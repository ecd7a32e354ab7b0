"""Runs training scripts as processes of this machine."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    ConfigurationError,
    Executable,
    Problem,
    StartFailed,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialReported,
    UnfinishedTrial,
    environment_for_trials,
)
from tunekit_local.devices import Devices
from tunekit_local.endings import failure_reason, has_failed, was_cut_off
from tunekit_local.launcher import Launcher, failures_to_start
from tunekit_local.notices import Notices
from tunekit_local.options import LocalOptions
from tunekit_local.recovery import has_come_to_its_end, restore_trial
from tunekit_local.reports import ReportFile, new_reports, resource_of
from tunekit_local.running_trial import RunningTrial
from tunekit_local.start_queue import StartQueue
from tunekit_local.supervised_run import SupervisedRun
from tunekit_local.trial_folder import TrialFolder

SECONDS_BETWEEN_CHECKS = 1.0  # of all trials: notices may be lost, and a killed supervisor sends none
SECONDS_TO_CLOSE = 15.0  # that supervisors have beyond the grace period


class LocalBackend(Backend):
    """Each trial is a script with its processes, under a supervisor that outlives this process.

    A script gets its hyperparameters as arguments and as a file, and reports through ``tunekit.Reporter``. It is ended
    with SIGTERM, so that it can write a checkpoint, and after the grace period with SIGKILL; what it has started ends
    with it. Whatever becomes of the tuner, the experiment can go on where it was.

    Raises:
        ConfigurationError: If the benchmark has no script, or an option asks for a GPU that is not there.
    """

    name: ClassVar[str] = "local"
    Options: ClassVar[type[Any]] = LocalOptions
    runs: ClassVar[type[Any]] = Executable
    capabilities = frozenset({"pause", "checkpoint", "copy", "restore"})

    def __init__(
        self, problem: Problem, benchmark: Benchmark, folder: Path | None, streams: Streams, options: LocalOptions
    ) -> None:
        super().__init__(problem, benchmark, folder, streams, options)
        if not isinstance(benchmark, Executable):
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' has no script, so backend=local cannot run it. Use "
                "backend=simulator, or benchmark=mlp_digits, or a script of your own: benchmark=script with "
                "benchmark.command='python train.py'.",
                option="backend",
                value=self.name,
            )
        self.max_checkpoints = options.max_checkpoints
        self._options = options
        self._script = benchmark.script()
        self._environment = environment_for_trials()
        self._devices = Devices(options, self._environment)
        self._began = time.monotonic()
        self._running: dict[int, RunningTrial] = {}
        self._reports: dict[int, ReportFile] = {}
        self._segments: dict[int, int] = {}  # how often each trial was started and resumed
        self._events: list[BackendEvent] = []  # that are known already
        self._ended: list[SupervisedRun] = []  # whose supervisors are to be collected
        self._checked = 0.0
        self._is_open = False

    def open(self, n_workers: int) -> None:
        folder = self.folder or Path(tempfile.mkdtemp(prefix="tunekit-"))
        folder.mkdir(parents=True, exist_ok=True)
        self._home = folder.resolve()
        self._devices.split_cpus(n_workers)
        self._notices = Notices(self._home)
        self._lifeline = os.pipe() if self._options.on_tuner_death == "stop" else None
        launcher = Launcher(
            script=self._script,
            max_resource_attr=self.benchmark.max_resource_attr,
            environment=self._environment,
            notices=self._notices.address,
            lifeline=None if self._lifeline is None else self._lifeline[0],
            options=self._options,
        )
        self._queue = StartQueue(launcher, self._devices)
        self._began = time.monotonic()
        self._is_open = True

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        self._began -= time
        restored = []
        for unfinished in trials:
            trial_id = unfinished.trial.id
            folder = self._folder(trial_id)
            self._reports[trial_id] = ReportFile(folder.reports, unfinished.n_recorded)
            self._segments[trial_id] = unfinished.n_begun
            if unfinished.trial.status is Status.RUNNING:
                running = restore_trial(unfinished, folder, self._reports[trial_id], self._devices)
                self._running[trial_id] = running
                restored.append((running, unfinished.is_ending))
        not_running = [(running, is_ending) for running, is_ending in restored if not running.is_running()]
        self._read([running for running, _ in restored])  # together, to be in the order in which they were made
        for running, is_ending in not_running:
            if has_come_to_its_end(running, is_ending=is_ending):
                self._conclude(running)
            else:
                self._start_again(running)
        for running in self._running.values():
            self._end_at_target(running)

    def start(self, trial: Trial, until: int | None, checkpoint_of: int | None) -> None:
        """Make the trial's folder and start its script, or have it wait for devices."""
        self._make_folder(trial, checkpoint_of)
        self._reports[trial.id] = ReportFile(self._folder(trial.id).reports)
        self._segments[trial.id] = 1
        self._begin(trial, until)

    def resume(self, trial: Trial, until: int | None) -> None:
        """Start its script once more, in the same folder."""
        self._segments[trial.id] += 1
        self._begin(trial, until)

    def pause(self, trial: Trial) -> None:
        """As :meth:`stop`; what the script has written by its end is its checkpoint."""
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        running = self._running.get(trial.id)
        if running is None:
            return  # it has ended, and that is on its way to the tuner
        running.is_asked_to_end = True
        if running.run is None:
            self._queue.remove(running)
            self._end(running, Status.COMPLETED, "")
        else:
            running.run.ask_to_end()

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while True:
            now = time.monotonic()
            if now - self._checked >= SECONDS_BETWEEN_CHECKS:
                self._checked = now
                self._check(list(self._running.values()))
            if self._events:
                events, self._events = self._events, []
                return events
            left = float("inf") if deadline is None else deadline - self.now()
            if left <= 0 or not self._running:
                return []
            paths, some_lost = self._notices.wait(min(left, self._checked + SECONDS_BETWEEN_CHECKS - now))
            named = {self._trial_of(path) for path in paths}
            self._check([running for running in self._running.values() if some_lost or running.trial.id in named])

    def now(self) -> float:
        return time.monotonic() - self._began

    def release(self, trial_ids: tuple[int, ...]) -> None:
        if self._options.delete_checkpoints:
            for trial_id in trial_ids:
                self._folder(trial_id).delete_checkpoint()

    def drop_checkpoint(self, trial_id: int) -> None:
        self._folder(trial_id).delete_checkpoint()

    def devices_of(self, trial_id: int) -> str:
        """The GPUs of a trial, or without any the cores that it is pinned to."""
        return self._devices.describe(trial_id)

    def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        left = [running.run for running in self._running.values() if running.run is not None]
        for run in left:
            run.ask_to_end()
        limit = time.monotonic() + self._options.grace_period + SECONDS_TO_CLOSE
        while any(run.is_running() for run in left) and time.monotonic() < limit:
            self._notices.wait(0.05)
        for run in left:
            run.end_by_force()
        for run in [*left, *self._ended]:
            run.reap(SECONDS_TO_CLOSE)
        if self._lifeline is not None:
            for end in self._lifeline:
                os.close(end)
        self._notices.close()

    def _folder(self, trial_id: int) -> TrialFolder:
        return TrialFolder(self._home / str(trial_id))

    def _trial_of(self, path: str) -> int | None:
        """The trial to which a file that a notice names belongs."""
        number = path.removeprefix(f"{self._home}{os.sep}").partition(os.sep)[0]
        return int(number) if number.isdecimal() else None

    def _make_folder(self, trial: Trial, checkpoint_of: int | None) -> None:
        folder = self._folder(trial.id)
        with failures_to_start(f"Its folder {folder.path} cannot be made"):
            folder.create(trial.configuration)
            if checkpoint_of is not None:
                folder.copy_checkpoint(self._folder(checkpoint_of))

    def _begin(self, trial: Trial, until: int | None) -> None:
        """Start or resume a trial; one that cannot be started does not count as running."""
        running = RunningTrial(trial, self._segments[trial.id], until, self._folder(trial.id), self._reports[trial.id])
        self._queue.start(running)
        self._running[trial.id] = running

    def _start_again(self, running: RunningTrial) -> None:
        """Start a restored trial that was cut off, or never started."""
        trial = running.trial
        if running.run is not None:
            running.run.end_by_force()
        del self._running[trial.id]
        self._devices.release(trial.id)  # it may have died only after it was found alive
        try:
            if running.folder.last_run() is None:
                self._make_folder(trial, trial.parent)
            self._begin(trial, trial.until)
        except StartFailed as error:
            self._events.append(TrialEnded(trial.id, Status.FAILED, self.now(), str(error)))

    def _check(self, trials: Sequence[RunningTrial]) -> None:
        """See what trials have reported and which have ended; all that a trial reported comes before its end."""
        ended = [running for running in trials if running.run is not None and running.run.is_over()]
        self._read(trials)
        for running in ended:
            self._conclude(running)
        if ended:
            self._start_waiting()

    def _read(self, trials: Sequence[RunningTrial]) -> None:
        for trial_id, metrics in new_reports({running.trial.id: running.reports for running in trials}):
            self._events.append(TrialReported(trial_id, metrics, self.now()))
            running = self._running[trial_id]
            if running.until is not None and not running.has_reached_target:
                resource = resource_of(metrics, self.problem.objective.resource)
                running.has_reached_target = resource >= running.until
                self._end_at_target(running)

    def _end_at_target(self, running: RunningTrial) -> None:
        """A script that cannot be told how far to go is ended when it has got there."""
        if running.has_reached_target and self.benchmark.max_resource_attr is None and running.run is not None:
            running.run.ask_to_end()

    def _conclude(self, running: RunningTrial) -> None:
        """The run of a trial has ended: so has the trial, unless it is tried again."""
        ending = running.ending()
        if running.run is not None:
            self._ended.append(running.run)
            if ending is None:
                running.run.end_by_force()
        if running.has_reached_target or running.is_asked_to_end or not has_failed(ending):
            self._end(running, Status.COMPLETED, "")
        elif running.is_restored and ending is not None and was_cut_off(ending):
            self._start_again(running)  # it was being ended when it was restored
        elif running.n_retries < self._options.trial_retries:
            self._retry(running)
        else:
            self._end(running, Status.FAILED, failure_reason(ending, running.folder))

    def _retry(self, running: RunningTrial) -> None:
        running.n_retries += 1
        running.run, running.is_restored = None, False
        self._devices.release(running.trial.id)
        self._queue.add(running)
        self._start_waiting()

    def _end(self, running: RunningTrial, status: Status, reason: str) -> None:
        self._events.append(TrialEnded(running.trial.id, status, self.now(), reason))
        del self._running[running.trial.id]
        self._devices.release(running.trial.id)
        self._ended = [run for run in self._ended if not run.reap()]

    def _start_waiting(self) -> None:
        for running, error in self._queue.start_waiting():
            del self._running[running.trial.id]
            self._events.append(TrialEnded(running.trial.id, Status.FAILED, self.now(), str(error)))
