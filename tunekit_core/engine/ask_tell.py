"""Ask and tell: the caller runs the trials, and says what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from tunekit_core.contracts.backends import Backend, BackendEvent, TrialEnded, TrialReported, UnfinishedTrial
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.trials import Cause, Checkpoint, Decision, Status, Trial
from tunekit_core.contracts.view import ExperimentView
from tunekit_core.engine.ended_by import interruption_of, reason_of
from tunekit_core.engine.events import UnusableReport
from tunekit_core.engine.gate import check_are_components
from tunekit_core.engine.record import Record
from tunekit_core.engine.state.reading import Reader
from tunekit_core.engine.steps import Steps
from tunekit_core.errors import TunekitError
from tunekit_core.randomness import Streams
from tunekit_core.threads import single_threaded

Result = TypeVar("Result")
DECISIONS = {Status.PAUSED: Decision.PAUSE}


class TellError(TunekitError, ValueError):
    """What was told makes no sense: nothing was recorded."""


class AskTell:
    """An experiment whose trials the caller runs; ended by :meth:`finish`, or by leaving a ``with`` block.

    >>> with AskTell(scheduler) as experiment:
    ...     for _ in range(100):
    ...         trial = experiment.ask()
    ...         for epoch in range(trial.reached + 1, 28):
    ...             loss = train(trial.configuration, epoch)
    ...             if experiment.tell(trial, {"epoch": epoch, "loss": loss}) is not Decision.CONTINUE:
    ...                 break
    ...         experiment.tell_end(trial)
    >>> experiment.view.incumbent.configuration

    It is recorded, folded and reproduced as any other experiment. With a record that keeps events and whose process
    died it goes on where it was: the trials that ran then are in ``view.running``.

    Args:
        scheduler: Decides on trials.
        n_workers: Trials that the caller runs at the same time, for schedulers that want to know.
        record: Where results are written; nowhere unless given.
        metadata: As for :class:`~tunekit_core.Tuner`.

    Raises:
        ConfigurationError: If ``n_workers`` is below 1, or scheduler or searcher use one metric of several.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        n_workers: int = 1,
        record: Record | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        check_are_components({Scheduler: [scheduler]})
        self._caller = _Caller(scheduler)
        self._steps = Steps(
            scheduler=scheduler, backend=self._caller, n_workers=n_workers, record=record, metadata=metadata
        )
        self._reader = Reader(self._steps.state, keeps_incomplete=False)  # the caller hears of it
        self._ended = ""  # why, once it has
        self._do(self._steps.begin)

    @property
    def view(self) -> ExperimentView:
        """Where the experiment stands: counters, incumbents, the trials that run."""
        return self._steps.view

    def ask(self) -> Trial | None:
        """A trial to run, new or resumed, until it is told that it has ended.

        Returns:
            The trial: its configuration, ``reached`` where it was, and ``until`` where it is to pause, or ``None`` for
            its end. ``None`` if there is nothing to do before something else is told.

        Raises:
            TellError: If the experiment has ended.
            ComponentError: If a component breaks a rule of its contract or raises an error.
        """
        return self._do(self._next_trial)

    def tell(self, trial: Trial, metrics: Mapping[str, Any]) -> Decision:
        """What a running trial has reached.

        Args:
            trial: Which, as :meth:`ask` gave it.
            metrics: By name, with every metric of the objective and its resource, if one is named.

        Returns:
            Whether the trial is to go on. If not, :meth:`tell_end` is to follow.

        Raises:
            TellError: If the trial does not run, a metric is missing or no number, or the experiment has ended.
            ComponentError: As for :meth:`ask`.
        """
        self._check_goes_on()
        self._check_runs(trial)
        message = TrialReported(trial.id, trial.run, metrics, self._caller.now())
        read = self._reader.read(message)
        if isinstance(read, UnusableReport):
            raise TellError(f"Trial {trial.id}: {read.reason}.")
        self._do(lambda: self._steps.receive(message))
        ending = self._steps.state.endings.get(trial.id)
        if ending is None and trial.until is not None and trial.reached >= trial.until:
            return Decision.PAUSE
        return Decision.CONTINUE if ending is None else DECISIONS.get(ending, Decision.STOP)

    def tell_end(self, trial: Trial, *, failed: str = "", has_checkpoint: bool = False) -> Status:
        """A running trial runs no longer.

        Args:
            trial: Which.
            failed: Why it has failed; empty if it has not.
            has_checkpoint: Whether it goes on from where it was if it is resumed.

        Returns:
            What has become of it.

        Raises:
            TellError: If the trial does not run, ``failed`` is no text, ``has_checkpoint`` no truth value, or the
                experiment has ended.
            ComponentError: As for :meth:`ask`.
        """
        self._check_goes_on()
        self._check_runs(trial)
        if not isinstance(failed, str):
            raise TellError(f"Trial {trial.id}: failed={failed!r} is no text: say why it has failed, if it has.")
        if not isinstance(has_checkpoint, bool):
            raise TellError(f"Trial {trial.id}: has_checkpoint={has_checkpoint!r} is neither True nor False.")
        status = Status.FAILED if failed else Status.COMPLETED
        ended = TrialEnded(
            trial.id, trial.run, status, self._caller.now(), Cause.SCRIPT, failed, has_checkpoint=has_checkpoint
        )
        self._do(lambda: self._steps.receive(ended))
        return trial.status

    def finish(self, reason: str = "finished by its caller") -> None:
        """The experiment ends: results are written. If it has ended already, nothing happens.

        It has failed if trials have failed or reported and none has succeeded.

        Args:
            reason: Why, for people.

        Raises:
            ComponentError: If the searcher is asked which trial it recommends, and raises an error.
        """
        if self._ended:
            return
        self._do(self._steps.recommend)
        why = self._steps.state.why_nothing_succeeded
        if why:
            self._end(ExperimentStatus.FAILED, f"{reason}, and {why}")
        else:
            self._end(ExperimentStatus.COMPLETED, reason)

    def __enter__(self) -> AskTell:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self._end(ExperimentStatus.INTERRUPTED, interruption_of(error))
        else:
            self._end(ExperimentStatus.FAILED, reason_of(error))

    def _next_trial(self) -> Trial | None:
        self._caller.asked = None
        while self._caller.asked is None:
            suggestion = self._steps.suggest()
            if suggestion is None:
                return None
            self._steps.carry_out(suggestion)
        return self._caller.asked

    def _do(self, step: Callable[[], Result]) -> Result:
        """Have components work: as in the loop of a tuner, on one thread, and an error of theirs is the end."""
        self._check_goes_on()
        try:
            with single_threaded(), self._steps.errors_named():
                return step()
        except KeyboardInterrupt as interruption:
            self._end(ExperimentStatus.INTERRUPTED, interruption_of(interruption))
            raise
        except BaseException as error:
            self._end(ExperimentStatus.FAILED, reason_of(error))
            raise

    def _end(self, status: ExperimentStatus, reason: str) -> None:
        if not self._ended:
            self._ended = reason or "no reason was given"
            try:
                if status is ExperimentStatus.INTERRUPTED:
                    with single_threaded():
                        self._steps.recommend(whatever_happens=True)
            finally:
                self._steps.finish(status, reason)

    def _check_goes_on(self) -> None:
        if self._ended:
            raise TellError(f"The experiment has ended: {self._ended}.")

    def _check_runs(self, trial: Trial) -> None:
        if not isinstance(trial, Trial) or self._steps.state.find(trial.id) is not trial:
            raise TellError(f"{trial!r} is no trial of this experiment: tell of those that ask() has given.")
        if trial.status is not Status.RUNNING:
            raise TellError(f"Trial {trial.id} is {trial.status.value.lower()}: only of a running trial can be told.")


class _CallersBenchmark(Benchmark):
    """What the caller tunes."""

    name: ClassVar[str] = "ask_tell"
    max_wallclock_time = float("inf")


class _Caller(Backend):
    """The caller as a backend: what starts is handed over, what happens is told."""

    name: ClassVar[str] = "ask_tell"
    capabilities = frozenset({"pause", "checkpoint", "copy", "restore"})

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(scheduler.problem, _CallersBenchmark(), None, Streams(0))
        self.asked: Trial | None = None
        self._began = monotonic()

    def start(self, trial: Trial, until: int | None, checkpoint_of: Checkpoint | None) -> None:
        self.asked = trial

    def resume(self, trial: Trial, until: int | None) -> None:
        self.asked = trial

    def pause(self, trial: Trial) -> None:
        """The caller learns it from what ``tell`` returns."""

    def stop(self, trial: Trial) -> None:
        """As :meth:`pause`."""

    def wait(self, deadline: float | None) -> list[BackendEvent]:
        return []

    def now(self) -> float:
        return monotonic() - self._began

    def restore(self, trials: Sequence[UnfinishedTrial], time: float) -> None:
        self._began = monotonic() - time
