"""Runs training scripts as processes of this machine."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tunekit_core import (
    Backend,
    BackendEvent,
    Benchmark,
    Cause,
    Checkpoint,
    ConfigurationError,
    Executable,
    InvalidOption,
    Problem,
    StartFailed,
    Status,
    Streams,
    Trial,
    TrialEnded,
    TrialPlaced,
    TrialReported,
    UnfinishedTrial,
    changes_for_trials,
    check_trials_folder,
    trials_folder,
)
from tunekit_local.core_leases import CoreLeases, folder_of_leases
from tunekit_local.devices import Devices
from tunekit_local.launcher import Launcher, failures_to_start
from tunekit_local.notices import Notices
from tunekit_local.options import LocalOptions
from tunekit_local.recovery import end_unknown_runs, find_run, tell_of_lost_folders
from tunekit_local.reports import new_reports
from tunekit_local.running_trial import RunningTrial
from tunekit_local.start_queue import StartQueue
from tunekit_local.supervised_run import SupervisedRuns
from tunekit_local.supervisor import changed
from tunekit_local.trial_ends import TrialEnds
from tunekit_local.trial_folder import TrialFolder

SECONDS_BETWEEN_CHECKS = 1.0  # of all trials: notices may be lost, and a killed supervisor sends none
SECONDS_TO_CLOSE = 15.0  # that runs have beyond the grace period


class LocalBackend(Backend):
    """Each trial is a script with its processes, under a supervisor that outlives this process.

    A script gets its hyperparameters as arguments and as a file, and reports through ``tunekit.Reporter``. It is ended
    with SIGTERM, so that it can write a checkpoint, and after the grace period with SIGKILL; what it has started ends
    with it. Whatever becomes of the tuner, the experiment can go on where it was. The folders of trials are in that of
    the experiment; the variable ``TUNEKIT_TRIALS`` names another, in which there is one for each experiment.

    Raises:
        ConfigurationError: If the benchmark has no script.
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
        self.max_retries = options.trial_retries
        self._options = options
        self._script = benchmark.script()
        self._resource = problem.objective.resource
        self._began = time.monotonic()
        self._running: dict[int, RunningTrial] = {}
        self._events: list[BackendEvent] = []  # that are known already
        self._checked = 0.0
        self._is_open = False
        self._temporary: Path | None = None  # in place of the folder, where there is none
        self._has_ended_unknown_runs = False

    def check(self) -> None:
        """See that the GPUs that options ask for are there, and a place for files of trials.

        A run may be planned on a machine without them.
        """
        check_trials_folder()
        self._find_devices()

    def open(self, n_workers: int) -> None:
        with contextlib.ExitStack() as if_it_fails:
            if_it_fails.callback(self._remove_temporary)
            self._open(n_workers)
            if_it_fails.pop_all()

    def _open(self, n_workers: int) -> None:
        if self.folder is None:
            home = self._temporary = Path(tempfile.mkdtemp(prefix="tunekit-"))
        else:
            home = trials_folder(self.folder)
        home.mkdir(parents=True, exist_ok=True)
        self._home = home.resolve()
        self._devices = self._find_devices(CoreLeases(folder_of_leases()))
        self._devices.split_cpus(n_workers)
        self._ends = TrialEnds(self._home, self._script.environment, self.now)
        self._notices = Notices(self._home)
        self._processes = SupervisedRuns(end_with_tuner=self._options.on_tuner_death == "stop")
        launcher = Launcher(
            processes=self._processes,
            script=self._script,
            max_resource_attr=self.benchmark.max_resource_attr,
            needed=self.problem.objective.needed,
            resource=self.problem.objective.resource,
            seed=self.streams.seed,
            environment=changes_for_trials(),
            notices=self._notices.address,
            options=self._options,
        )
        self._queue = StartQueue(launcher, self._devices, self._placed)
        self._began = time.monotonic()
        self._is_open = True

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        self._began += self.now() - time
        tell_of_lost_folders(self._home, [unfinished.trial for unfinished in trials])
        self._end_unknown_runs({unfinished.trial.id: unfinished.trial.run for unfinished in trials})
        restored = []
        for unfinished in trials:
            trial = unfinished.trial
            if trial.status is not Status.RUNNING:
                continue
            running = self._running_trial(trial, trial.until)
            running.n_recorded = unfinished.n_recorded
            running.is_to_end = unfinished.is_ending
            find_run(running, self._processes, self._devices)
            self._running[trial.id] = running
            restored.append(running)
            if running.process is not None and not running.process.is_over():
                self._placed(running)  # once more, perhaps: it may have died before it recorded that
        over = [running for running in restored if running.process is None or running.process.is_over()]
        self._read(restored)  # together, to be in the order in which they were made
        for running in over:
            if running.process is None and not running.is_to_end:
                self._begin_again(running)
            elif not running.reports.has_more:
                self._conclude(running)
        self._start_waiting()  # for what was held by one that has died since it was found

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        """Make the trial's folder and begin its first run, or have it wait for devices."""
        if not self._has_ended_unknown_runs:
            self._end_unknown_runs({})
        running = self._running_trial(trial, until)
        self._make_folder(running, checkpoint_of)
        self._begin(running)

    def resume(self, trial: Trial, until: int | None) -> None:
        """Begin one more run, in the same folder."""
        self._begin(self._running_trial(trial, until))

    def pause(self, trial: Trial) -> None:
        """As :meth:`stop`; what the script has written by its end is its checkpoint.

        A script that was told where it was sent, and has got there, ends by itself: it may have a checkpoint to write,
        and an error on the way is one. It is asked to end if it reports more, or after the grace period.
        """
        running = self._running.get(trial.id)
        if running is None or self.benchmark.max_resource_attr is None or not running.is_where_it_was_sent:
            self.stop(trial)
        else:
            running.ends_by_itself_until = time.monotonic() + self._options.grace_period

    def stop(self, trial: Trial) -> None:
        running = self._running.get(trial.id)
        if running is None:
            return  # it has ended, and that is on its way to the tuner
        running.ask_to_end()
        if running.process is None:
            self._queue.remove(running)
            self._conclude(running)

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        while True:
            now = time.monotonic()
            if not self._events and now - self._checked >= SECONDS_BETWEEN_CHECKS:
                self._checked = now
                self._keep_going(now)
                self._check(list(self._running.values()))
            if self._events:
                events, self._events = self._events, []
                return events
            left = float("inf") if deadline is None else deadline - self.now()
            if left <= 0 or not self._running:
                return []
            unread = {running.trial.id for running in self._running.values() if running.reports.has_more}
            left = 0.0 if unread else min(left, self._checked + SECONDS_BETWEEN_CHECKS - now)
            paths, some_lost = self._notices.wait(left)
            named = unread | {self._trial_of(path) for path in paths}
            self._check([running for running in self._running.values() if some_lost or running.trial.id in named])

    def now(self) -> float:
        return time.monotonic() - self._began

    def release(self, trial_ids: tuple[int, ...]) -> None:
        if self._options.delete_checkpoints:
            for trial_id in trial_ids:
                self.drop_checkpoint(trial_id)

    def drop_checkpoint(self, trial_id: int) -> None:
        self._folder(trial_id).checkpoints.delete()

    def devices_of(self, trial_id: int) -> str:
        """The GPUs of a trial, or without any the cores that it is pinned to."""
        return self._devices.describe(trial_id)

    def close(self) -> None:
        if not self._is_open:
            return
        try:
            self._close()
            self._is_open = False  # only now: one that was interrupted can be closed again
        finally:
            self._devices.close()
            self._remove_temporary()

    def _close(self) -> None:
        left = [running.process for running in self._running.values() if running.process is not None]
        for process in left:
            process.ask_to_end()
        limit = time.monotonic() + self._options.grace_period + SECONDS_TO_CLOSE
        while not all(process.is_over() for process in left) and time.monotonic() < limit:
            self._notices.wait(0.05)
        for process in left:
            if process.ending() is None or not process.is_over():
                process.end_by_force()
        for running in self._running.values():
            running.reports.close()
        self._processes.close()
        self._notices.close()

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _end_unknown_runs(self, known: Mapping[int, int]) -> None:
        self._has_ended_unknown_runs = True
        end_unknown_runs(self._home, known, self._processes)

    def _find_devices(self, leases: CoreLeases | None = None) -> Devices:
        try:
            return Devices(self._options, changed(os.environ, changes_for_trials()), leases)
        except InvalidOption as error:
            raise InvalidOption(f"backend.{error.option}", error.value, error.problem) from error

    def _folder(self, trial_id: int) -> TrialFolder:
        return TrialFolder(self._home / str(trial_id))

    def _trial_of(self, path: str) -> int | None:
        """The trial to which a file that a notice names belongs."""
        number = path.removeprefix(f"{self._home}{os.sep}").partition(os.sep)[0]
        return int(number) if number.isdecimal() else None

    def _running_trial(self, trial: Trial, until: int | None) -> RunningTrial:
        target = self.problem.max_resource if until is None else until
        resource = self._resource
        return RunningTrial(
            trial=trial, number=trial.run, until=until, target=target, resource=resource, folder=self._folder(trial.id)
        )

    def _make_folder(self, running: RunningTrial, checkpoint_of: Checkpoint | None) -> None:
        folder = running.folder
        with failures_to_start(f"Its folder {folder.path} cannot be made"):
            folder.create(self._processes)
            if checkpoint_of is not None:
                donor, resource = checkpoint_of.trial_id, checkpoint_of.resource
                metric, runs = self._resource, donor in self._running
                folder.checkpoints.take(self._folder(donor).version(resource, metric, runs=runs), resource)

    def _begin(self, running: RunningTrial) -> None:
        """Begin a run; one that cannot be begun does not count as running."""
        self._queue.start(running)
        self._running[running.trial.id] = running

    def _placed(self, running: RunningTrial) -> None:
        place = self._devices.describe(running.trial.id)
        self._events.append(TrialPlaced(running.trial.id, running.number, place, self.now()))

    def _begin_again(self, running: RunningTrial) -> None:
        """Begin a restored run that the tuner had not begun when it died."""
        try:
            if running.number == 0:
                self._make_folder(running, running.trial.parent)
            self._begin(running)
        except StartFailed as error:
            self._end(running, self._ends.event(running, Cause.SCRIPT, str(error)))

    def _keep_going(self, now: float) -> None:
        """See that no run is stopped for ever, whatever its script does to its supervisor."""
        for running in self._running.values():
            if running.process is None:
                continue
            if now - running.asked > self._options.grace_period + SECONDS_TO_CLOSE:
                running.process.end_by_force()
            else:
                running.process.wake()

    def _check(self, trials: Sequence[RunningTrial]) -> None:
        """See what trials have reported and which have ended; all that a trial reported comes before its end."""
        ended = [running for running in trials if running.process is not None and running.process.is_over()]
        self._read(trials)
        for running in trials:
            if running.is_overdue(time.monotonic()):
                running.ask_to_end()
        for running in ended:
            if not running.reports.has_more:
                self._conclude(running)
        if ended:
            self._start_waiting()

    def _read(self, trials: Sequence[RunningTrial]) -> None:
        have_reported = set()
        begun = {running.trial.id: running.reports for running in trials if running.process is not None}
        for trial_id, metrics in new_reports(begun):
            running = self._running[trial_id]
            is_new = running.read(metrics)
            if self._resource is not None and metrics.get(self._resource) == running.reached:
                running.folder.checkpoints.keep_if_best(running.reached, self._loss(metrics))
            if is_new:
                self._events.append(TrialReported(trial_id, running.number, metrics, self.now()))
            have_reported.add(trial_id)
        for trial_id in have_reported:
            running = self._running[trial_id]
            running.folder.checkpoints.prune(running.reached)
            arrives = running.is_where_it_was_sent and not running.is_asked_to_end
            if arrives and self.benchmark.max_resource_attr is None:
                running.ask_to_end()  # a script that cannot be told how far to go is ended when it has got there

    def _loss(self, metrics: Mapping[str, Any]) -> float:
        """The first loss of a report that may be the best, else infinity: what cannot be used is refused elsewhere."""
        try:
            return self.problem.objective.losses(metrics)[0] if self.problem.is_feasible(metrics) else math.inf
        except (KeyError, TypeError, OverflowError):
            return math.inf

    def _conclude(self, running: RunningTrial) -> None:
        """The run of a trial is over."""
        self._end(running, self._ends.of(running))

    def _end(self, running: RunningTrial, event: TrialEnded) -> None:
        trial_id = running.trial.id
        self._events.append(event)
        del self._running[trial_id]
        running.reports.close()
        self._devices.release(trial_id)

    def _start_waiting(self) -> None:
        for running, error in self._queue.start_waiting():
            self._end(running, self._ends.event(running, Cause.INFRASTRUCTURE, str(error)))
