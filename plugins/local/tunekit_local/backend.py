"""Runs training scripts as processes of this machine."""

from __future__ import annotations

import errno
import heapq
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from tunekit_core.contracts.backends import (
    Backend,
    BackendEvent,
    StartFailed,
    TrialEnded,
    TrialReported,
    UnfinishedTrial,
)
from tunekit_core.contracts.benchmarks import Benchmark, Executable
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.trials import Status, Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams
from tunekit_core.threads import environment_for_trials
from tunekit_local.devices import Assignment, Devices
from tunekit_local.endings import describe, has_failed, was_cut_off
from tunekit_local.notices import Notices
from tunekit_local.process import RunProcess
from tunekit_local.reports import ReportFile
from tunekit_local.running import Launcher, Running
from tunekit_local.trial_folder import TrialFolder

SECONDS_BETWEEN_LOOKS = 1.0  # at everything: notices may be lost, and a killed supervisor sends none
PATIENCE = 15.0  # seconds beyond the grace period that close() gives supervisors
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
TIME_STAMP, ITERATION = "st_worker_timestamp", "st_worker_iter"


class LocalBackend(Backend):
    """Each trial is a script with its processes, under a supervisor that outlives this process.

    A script gets its hyperparameters as arguments and as a file, and reports through ``tunekit.Reporter``. It is ended
    with SIGTERM, so that it can write a checkpoint, and after the grace period with SIGKILL; what it has started ends
    with it. Whatever becomes of the tuner, the experiment can go on where it was.

    Args:
        problem: What is solved.
        benchmark: Names the script.
        folder: Of the experiment; each trial has a folder in it. A temporary one unless given.
        streams: Not used.
        num_gpus_per_trial: GPUs that each trial sees alone. Without any on the machine, trials run without.
        gpus_to_use: Their indices as nvidia-smi counts; ``None`` for all that ``CUDA_VISIBLE_DEVICES`` leaves.
        share_gpus: Whether several trials may use one GPU. If not, trials wait until enough GPUs are free.
        rotate_gpus: Whether GPUs are handed out. If not, every trial sees all that ``CUDA_VISIBLE_DEVICES`` leaves.
        grace_period: Seconds from SIGTERM to SIGKILL.
        trial_timeout: Seconds after which a run of a trial is ended and has failed; ``None`` for no limit.
        on_tuner_death: What becomes of running trials when this process dies: ``"stop"`` ends them, and they go on
            from their checkpoints when the experiment does; ``"keep"`` lets them run.
        delete_checkpoints: Remove the checkpoints of a trial once it cannot be resumed.
        max_checkpoints: How many paused trials keep their checkpoints; the least promising start over if they are
            resumed after all. ``None`` for all.
        trial_retries: How often a trial that failed is started again, from its checkpoint, before it counts as failed.
        log_bytes: How much is kept of what a trial prints, and again of its errors: the end.

    Raises:
        ConfigurationError: If the benchmark has no script, an option is out of range, or a GPU is not there.
    """

    name: ClassVar[str] = "local"
    capabilities = frozenset({"pause", "checkpoint", "copy", "restore"})

    def __init__(
        self,
        problem: Problem,
        benchmark: Benchmark,
        folder: Path | None,
        streams: Streams,
        *,
        num_gpus_per_trial: int = 1,
        gpus_to_use: list[int] | None = None,
        share_gpus: bool = False,
        rotate_gpus: bool = True,
        grace_period: float = 10.0,
        trial_timeout: float | None = None,
        on_tuner_death: Literal["stop", "keep"] = "stop",
        delete_checkpoints: bool = False,
        max_checkpoints: int | None = None,
        trial_retries: int = 0,
        log_bytes: int = 1_000_000,
    ) -> None:
        super().__init__(problem, benchmark, folder, streams)
        if not isinstance(benchmark, Executable):
            raise ConfigurationError(
                f"The benchmark '{benchmark.name}' has no script, so backend=local cannot run it. Use "
                "backend=simulator, or benchmark=mlp_digits, or a script of your own: benchmark=script with "
                "benchmark.command='python train.py'.",
                option="backend",
                value=self.name,
            )
        _check_at_least("grace_period", grace_period, 0)
        _check_at_least("log_bytes", log_bytes, 1000)
        if trial_timeout is not None:
            _check_at_least("trial_timeout", trial_timeout, 0.001)
        if max_checkpoints is not None:
            _check_at_least("max_checkpoints", max_checkpoints, 0)
        _check_at_least("trial_retries", trial_retries, 0)
        self.max_checkpoints = max_checkpoints
        self._trial_retries = trial_retries
        self._script = benchmark.script()
        self._environment = environment_for_trials()
        self._devices = Devices(
            num_gpus_per_trial=num_gpus_per_trial,
            gpus_to_use=gpus_to_use,
            share_gpus=share_gpus,
            rotate_gpus=rotate_gpus,
            environment=self._environment,
        )
        self._grace_period = grace_period
        self._trial_timeout = trial_timeout
        self._log_bytes = log_bytes
        self._deletes_checkpoints = delete_checkpoints
        self._ends_with_us = on_tuner_death == "stop"
        self._began = time.monotonic()
        self._running: dict[int, Running] = {}
        self._waiting: list[Running] = []
        self._reports: dict[int, ReportFile] = {}
        self._segments: dict[int, int] = {}  # how often each trial was started and resumed
        self._events: list[BackendEvent] = []  # that are known already
        self._ended: list[RunProcess] = []  # whose supervisors are to be collected
        self._looked = 0.0
        self._is_open = False

    def open(self, n_workers: int) -> None:
        """Divide the machine and begin to listen."""
        folder = self.folder or Path(tempfile.mkdtemp(prefix="tunekit-"))
        folder.mkdir(parents=True, exist_ok=True)
        self._home = folder.resolve()
        self._devices.split_cpus(n_workers)
        self._notices = Notices(self._home)
        self._lifeline = os.pipe() if self._ends_with_us else None
        self._launcher = Launcher(
            script=self._script,
            max_resource_attr=self.benchmark.max_resource_attr,
            environment=self._environment,
            notices=self._notices.address,
            lifeline=None if self._lifeline is None else self._lifeline[0],
            grace_period=self._grace_period,
            timeout=self._trial_timeout,
            log_bytes=self._log_bytes,
        )
        self._began = time.monotonic()
        self._is_open = True

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        """Find the processes of the trials, and what they said since."""
        self._began -= time
        for unfinished in trials:
            trial_id = unfinished.trial.id
            self._reports[trial_id] = ReportFile(self._folder(trial_id).reports, unfinished.n_recorded)
            self._segments[trial_id] = unfinished.n_begun
        found = [(self._found(each), each.is_ending) for each in trials if each.trial.status is Status.RUNNING]
        over = [(running, is_ending) for running, is_ending in found if not running.runs()]
        self._read([running for running, _ in found])  # of all at once, in the order in which they were made
        for running, is_ending in over:
            self._take_up(running, is_ending=is_ending)
        for running in self._running.values():
            self._end_where_it_was_sent(running)

    def start(self, trial: Trial, until: int | None, checkpoint_of: int | None) -> None:
        """Make the trial's folder and start its script, or have it wait for devices."""
        self._make_folder(trial, checkpoint_of)
        self._reports[trial.id] = ReportFile(self._folder(trial.id).reports)
        self._segments[trial.id] = 1
        self._begin(trial, until, self._folder(trial.id))

    def resume(self, trial: Trial, until: int | None) -> None:
        """Start its script once more, in the same folder."""
        self._segments[trial.id] += 1
        self._begin(trial, until, self._folder(trial.id))

    def pause(self, trial: Trial) -> None:
        """Send SIGTERM; what the script has written by its end is its checkpoint."""
        self.stop(trial)

    def stop(self, trial: Trial) -> None:
        """Send SIGTERM."""
        running = self._running.get(trial.id)
        if running is None:
            return  # it has ended, and that is on its way to the tuner
        running.is_asked = True
        if running.process is None:
            self._waiting.remove(running)
            self._end(running, Status.COMPLETED, "")
        else:
            running.process.ask_to_end()

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        """Until a script reports or ends."""
        while True:
            now = time.monotonic()
            if now - self._looked >= SECONDS_BETWEEN_LOOKS:
                self._looked = now
                self._look_at(list(self._running.values()))
            if self._events:
                events, self._events = self._events, []
                return events
            left = float("inf") if deadline is None else deadline - self.now()
            if left <= 0 or not self._running:
                return []
            paths, some_lost = self._notices.wait(min(left, self._looked + SECONDS_BETWEEN_LOOKS - now))
            named = {self._trial_of(path) for path in paths}
            self._look_at([r for r in self._running.values() if some_lost or r.trial.id in named])

    def now(self) -> float:
        """Seconds, but for the time when nobody watched."""
        return time.monotonic() - self._began

    def release(self, trial_ids: tuple[int, ...]) -> None:
        """Remove checkpoints that are of no more use, if that is wanted."""
        if self._deletes_checkpoints:
            for trial_id in trial_ids:
                self._folder(trial_id).delete_checkpoint()

    def drop_checkpoint(self, trial_id: int) -> None:
        """Remove it."""
        self._folder(trial_id).delete_checkpoint()

    def devices_of(self, trial_id: int) -> str:
        """The GPUs of a trial, or where it is pinned."""
        return self._devices.describe(trial_id)

    def close(self) -> None:
        """Ask all scripts to end, and wait until they have."""
        if not self._is_open:
            return
        self._is_open = False
        left = [running.process for running in self._running.values() if running.process is not None]
        for process in left:
            process.ask_to_end()
        limit = time.monotonic() + self._grace_period + PATIENCE
        while any(process.is_running() for process in left) and time.monotonic() < limit:
            self._notices.wait(0.05)
        for process in left:
            process.end_by_force()
        for process in [*left, *self._ended]:
            process.reap(PATIENCE)
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
        try:
            folder.create(trial.configuration)
            if checkpoint_of is not None:
                folder.copy_checkpoint(self._folder(checkpoint_of))
        except OSError as error:
            if error.errno in DISK_IS_FULL:
                raise  # so would all others fail: the experiment ends instead, and can be taken up
            raise StartFailed(f"Its folder {folder.path} cannot be made: {error}") from error

    def _begin(self, trial: Trial, until: int | None, folder: TrialFolder) -> None:
        running = Running(trial, self._segments[trial.id], until, folder, self._reports[trial.id])
        self._running[trial.id] = running
        if self._waiting or not self._launch(running):
            self._waiting.append(running)

    def _launch(self, running: Running) -> bool:
        """Start the script of a trial; false if too few devices are free.

        Raises:
            StartFailed: If it cannot be started; it does not count as running then.
        """
        trial = running.trial
        devices = self._devices.assign(trial.id)
        if devices is None:
            return False
        try:
            running.process = self._launcher.launch(running, devices)
        except OSError as error:
            self._devices.release(trial.id)
            del self._running[trial.id]
            if error.errno in DISK_IS_FULL:
                raise
            raise StartFailed(f"Its script cannot be started: {error}") from error
        return True

    def _found(self, unfinished: UnfinishedTrial) -> Running:
        """A trial that ran when the tuner died, with the process of its last run if that was begun."""
        trial = unfinished.trial
        folder = self._folder(trial.id)
        running = Running(trial, unfinished.n_begun, trial.until, folder, self._reports[trial.id])
        if trial.until is not None and trial.last_report is not None:
            running.has_reached = trial.last_report.resource >= trial.until
        last = folder.last_run()
        if last is not None and last[1]["segment"] == running.segment:  # or else it was not started again any more
            run, spec = last
            process = RunProcess.find(run)
            if not process.is_running():
                running.process = process
            elif spec["stdout"] == str(folder.stdout):
                running.process = process
                self._devices.claim(trial.id, Assignment(**spec["devices"]))
            else:  # the experiment was moved: what it writes would not be found, so it is started again
                process.end_by_force()
        self._running[trial.id] = running
        return running

    def _take_up(self, running: Running, *, is_ending: bool) -> None:
        """Say that a trial has ended, all of whose reports are read, or start it again if it was cut off."""
        ending = None if running.process is None else running.process.ending()
        if is_ending or running.has_reached or (ending is not None and not was_cut_off(ending)):
            self._conclude(running)
            return
        if running.process is not None:
            running.process.end_by_force()
        trial = running.trial
        del self._running[trial.id]
        try:
            if running.folder.last_run() is None:
                self._make_folder(trial, trial.parent)
            self._begin(trial, trial.until, running.folder)
        except StartFailed as error:
            self._events.append(TrialEnded(trial.id, Status.FAILED, self.now(), str(error)))

    def _look_at(self, trials: Sequence[Running]) -> None:
        """Take in what the trials said, and which have ended; all that a trial said comes before its end."""
        ended = [running for running in trials if running.process is not None and running.process.is_over()]
        self._read(trials)
        for running in ended:
            self._conclude(running)
        if ended:
            self._start_waiting()

    def _read(self, trials: Sequence[Running]) -> None:
        """Reports of several trials in the order in which they were made.

        Those of one trial stay in theirs, whatever its clock says.
        """
        found = [[(metrics, running) for metrics in running.reports.new()] for running in trials]
        for metrics, running in heapq.merge(*found, key=lambda pair: (_number(pair[0], TIME_STAMP), pair[1].trial.id)):
            self._events.append(TrialReported(running.trial.id, metrics, self.now()))
            if running.until is not None and not running.has_reached:
                running.has_reached = self._resource_of(metrics) >= running.until
                self._end_where_it_was_sent(running)

    def _end_where_it_was_sent(self, running: Running) -> None:
        """A script that cannot be told how far to go is ended when it is there."""
        if running.has_reached and self.benchmark.max_resource_attr is None and running.process is not None:
            running.process.ask_to_end()

    def _resource_of(self, metrics: Mapping[str, Any]) -> float:
        attribute = self.problem.objective.resource
        return _number(metrics, ITERATION) + 1 if attribute is None else _number(metrics, attribute)

    def _conclude(self, running: Running) -> None:
        """A run is over: say how it ended."""
        process = running.process
        ending = None if process is None else process.ending()
        if process is not None:
            self._ended.append(process)
            if ending is None:
                process.end_by_force()
        if running.has_reached or running.is_asked or not has_failed(ending):
            self._end(running, Status.COMPLETED, "")
        elif running.n_retries < self._trial_retries:
            self._retry(running)
        else:
            self._end(running, Status.FAILED, describe(ending, running.folder))

    def _retry(self, running: Running) -> None:
        running.n_retries += 1
        running.process = None
        self._devices.release(running.trial.id)
        self._waiting.append(running)
        self._start_waiting()

    def _end(self, running: Running, status: Status, reason: str) -> None:
        self._events.append(TrialEnded(running.trial.id, status, self.now(), reason))
        del self._running[running.trial.id]
        self._devices.release(running.trial.id)
        self._reap()

    def _start_waiting(self) -> None:
        """Start those that waited for devices, the first first."""
        while self._waiting:
            first = self._waiting[0]
            try:
                if not self._launch(first):
                    return
            except StartFailed as error:
                self._events.append(TrialEnded(first.trial.id, Status.FAILED, self.now(), str(error)))
            self._waiting.pop(0)

    def _reap(self) -> None:
        """Collect supervisors that have ended."""
        self._ended = [process for process in self._ended if not process.reap()]


def _number(metrics: Mapping[str, Any], name: str) -> float:
    value = metrics.get(name)
    return float(value) if isinstance(value, (int, float)) and value == value else float("-inf")


def _check_at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ConfigurationError(
            f"backend.{name}={value} must be at least {least}.", option=f"backend.{name}", value=value
        )
