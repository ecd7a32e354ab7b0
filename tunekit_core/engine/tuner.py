"""The tuning loop: one for every backend."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit_core.contracts.backends import Backend, BackendEvent
from tunekit_core.contracts.composers import ResultComposer
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.contracts.view import Incumbent
from tunekit_core.engine.ended_by import interruption_of, reason_of
from tunekit_core.engine.first_report import UnfitReport
from tunekit_core.engine.record import Record
from tunekit_core.engine.steering import Kind, Request, Steering
from tunekit_core.engine.steps import Steps
from tunekit_core.errors import ConfigurationError
from tunekit_core.threads import single_threaded

BY_REQUEST = "somebody asked it to stop"


@attrs.frozen
class TuningResult:
    """How an experiment ended.

    Attributes:
        reason: Why it ended.
        failed: Whether a criterion gave up on it, its first report lacked what is optimised, or trials have failed or
            reported and none has succeeded.
        incumbent: The best report of a trial that has not failed, or ``None``.
        n_trials: Trials started.
        n_reports: Reports shown to the scheduler.
        n_failed: Trials that failed.
        time: Seconds on the backend's clock.
    """

    reason: str
    failed: bool
    incumbent: Incumbent | None
    n_trials: int
    n_reports: int
    n_failed: int
    time: float


class Tuner:
    """Runs an experiment.

    >>> result = Tuner(scheduler=scheduler, backend=backend, stopping=[limit], n_workers=4).run()
    >>> result.incumbent.configuration

    Args:
        scheduler: Decides on trials.
        backend: Runs them.
        stopping: The first criterion to give a reason ends the experiment. Without any, it ends when nothing
            runs and nothing is suggested.
        n_workers: Trials that run at the same time, at least 1.
        composers: Add columns to the rows of the result.
        observers: Watch.
        record: Where results are written; nowhere unless given.
        metadata: What else ``metadata.json`` and observers are to know about the experiment, in values that JSON holds.
        wait_for_running: Let running trials end when a criterion gives a reason, rather than stop them.
        steering: Where requests to pause, extend or stop it come from while it runs, and configurations to try.

    Raises:
        ConfigurationError: If ``n_workers`` is below 1, the scheduler needs what the backend cannot do, or scheduler or
            searcher use one metric of several.
    """

    def __init__(
        self,
        *,
        scheduler: Scheduler,
        backend: Backend,
        stopping: Sequence[StoppingCriterion] = (),
        n_workers: int = 4,
        composers: Sequence[ResultComposer] = (),
        observers: Sequence[Observer] = (),
        record: Record | None = None,
        metadata: Mapping[str, Any] | None = None,
        wait_for_running: bool = False,
        steering: Steering | None = None,
    ) -> None:
        self._steps = Steps(
            scheduler=scheduler,
            backend=backend,
            n_workers=n_workers,
            stopping=stopping,
            composers=composers,
            observers=observers,
            record=record,
            metadata=metadata,
        )
        self._backend = backend
        self._stopping = tuple(stopping)
        self._wait_for_running = wait_for_running
        self._steering = steering
        self._asked = self._stopping  # those that can still end it, or end it sooner
        self._deadlines: list[tuple[float, StoppingCriterion]] = []
        self._deadline: float | None = None  # the first of those that are still asked
        self._ending: StoppingCriterion | None = None
        self._reason = "nothing is left to suggest"
        self._begins_anew = False  # the next process, since nothing has succeeded in this one

    def check(self) -> None:
        """See that the experiment can be run; nothing is begun or written.

        Raises:
            ConfigurationError: If the backend lacks something that it needs.
        """
        with self._steps.errors_named():
            self._backend.check()

    def run(self) -> TuningResult:
        """Run the experiment to its end, closing the backend and the record whatever happens.

        Raises:
            ComponentError: If a component breaks a rule of its contract or raises an error.
        """
        steps = self._steps
        with single_threaded():
            try:
                try:
                    with steps.errors_named():
                        steps.begin()
                        result = self._run_to_the_end()
                except KeyboardInterrupt as interruption:
                    steps.end_observation(interruption_of(interruption), whatever_happens=True)
                    steps.recommend(whatever_happens=True)
                    raise
                except Exception as error:
                    steps.end_observation(reason_of(error), whatever_happens=True)
                    raise
                finally:
                    with steps.errors_named():
                        self._backend.close()
            except KeyboardInterrupt as interruption:
                steps.finish(ExperimentStatus.INTERRUPTED, interruption_of(interruption))
                raise
            except BaseException as error:
                steps.finish(ExperimentStatus.FAILED, reason_of(error))
                raise
        status = ExperimentStatus.FAILED if result.failed else ExperimentStatus.COMPLETED
        steps.finish(status, result.reason, begins_anew=self._begins_anew)
        return result

    def _run_to_the_end(self) -> TuningResult:
        steps, state = self._steps, self._steps.state
        try:
            self._loop()
        except UnfitReport as error:
            self._reason, self._begins_anew = str(error), True
        gave_up = self._ending is not None and self._ending.is_failure
        why = state.why_nothing_succeeded
        if why and not gave_up and not self._begins_anew:
            self._reason, self._begins_anew = f"{self._reason}, and {why}", True
        steps.recommend()
        steps.end_observation(self._reason)
        failed = gave_up or self._begins_anew
        return TuningResult(
            self._reason, failed, state.incumbent, state.n_started, state.n_reports, state.n_failed, state.now
        )

    def _loop(self) -> None:
        steps, gate, state, backend = self._steps, self._steps.gate, self._steps.state, self._backend
        self._end_by(self._stopping)
        while True:
            if self._steering is not None:
                self._follow_requests(self._steering)
            ends = self._ask_criteria()
            if not ends and not state.requested.is_held and state.n_running < state.n_workers:
                suggestion = steps.suggest()
                if suggestion is not None:
                    steps.carry_out(suggestion)
                    continue
            if ends and (state.n_running == 0 or not self._waits()):
                return
            if state.n_running == 0 and not state.requested.is_held:
                return
            deadline = self._deadline if self._steering is None else self._next_look(self._steering)
            messages = gate.messages(backend.wait(deadline) if state.n_running else self._sleep(), deadline)
            for position, message in enumerate(messages):
                if position and self._ask_criteria() and not self._waits():
                    break  # a count is reached in the middle of what has happened: the rest never counts
                steps.receive(message)
            now = backend.now()
            if now != state.now:
                state.now = max(state.now, gate.time(now))
            if not messages:
                self._check_deadlines()

    def _end_by(self, criteria: Sequence[StoppingCriterion]) -> None:
        self._stopping = tuple(criteria)
        deadlines = [(self._steps.gate.deadline(each), each) for each in self._stopping]
        self._deadlines = [(seconds, each) for seconds, each in deadlines if seconds is not None]
        self._ask_from_now_on(self._stopping)

    def _next_look(self, steering: Steering) -> float:
        """Until when to wait for the backend."""
        soon = self._backend.now() + steering.seconds_between_looks
        return soon if self._deadline is None else min(soon, self._deadline)

    def _sleep(self) -> list[BackendEvent]:
        """Nothing runs, since the experiment is held: only a request or a deadline can change that."""
        assert self._steering is not None
        time.sleep(self._steering.seconds_between_looks)
        return []

    def _follow_requests(self, steering: Steering) -> None:
        """Do what somebody has asked of the experiment, or say why not."""
        for request in steering.requests():
            try:
                if request.nonce not in self._steps.state.requested.nonces:
                    self._follow(request, steering)
            except ConfigurationError as error:
                steering.answer(request, str(error))
                continue
            steering.answer(request, "")
            if request.kind is Kind.STOP:
                raise KeyboardInterrupt(BY_REQUEST)

    def _follow(self, request: Request, steering: Steering) -> None:
        state = self._steps.state
        if self._ending is not None:
            raise ConfigurationError(f"It is too late: the experiment ends, since {self._reason}.")
        if request.kind in (Kind.PAUSE, Kind.CONTINUE) and state.requested.is_held is (request.kind is Kind.PAUSE):
            raise ConfigurationError("It is paused already." if state.requested.is_held else "It is not paused.")
        if request.kind is Kind.TRY:
            given = request.given["configuration"]
            configuration = self._steps.proposed(given)
            request = attrs.evolve(request, given={"configuration": dict(configuration)})
        if request.kind is Kind.EXTEND:
            criteria = steering.criteria(request)
            for criterion in criteria:
                self._check_does_not_end(criterion)
            self._end_by(criteria)
        self._steps.steer(request)

    def _check_does_not_end(self, criterion: StoppingCriterion) -> None:
        reason = criterion(self._steps.view)
        if reason is not None:
            view = self._steps.view
            raise ConfigurationError(
                f"stopping.{criterion.name}: with that the experiment would end at once, since {reason}. It is at "
                f"{view.now:.0f} s, with {view.n_started} trials and {view.n_reports} reports: give it a later end.",
                option=f"stopping.{criterion.name}",
            )

    def _ask_from_now_on(self, criteria: tuple[StoppingCriterion, ...]) -> None:
        self._asked = criteria
        self._deadline = min((seconds for seconds, each in self._deadlines if each in criteria), default=None)

    def _check_deadlines(self) -> None:
        """See that there is a reason where a deadline has come: nothing else may ever happen."""
        for seconds, criterion in self._deadlines:
            if seconds <= self._steps.state.now and criterion(self._steps.view) is None:
                raise self._steps.gate.missed(criterion, seconds)

    def _ask_criteria(self) -> bool:
        """Whether the experiment ends; the first reason that a criterion gives is kept.

        While trials come to their end because a criterion waits for them, one that does not may still cut it short.
        """
        view = self._steps.view
        for criterion in self._asked:
            reason = criterion(view)
            if reason is not None:
                self._ending, self._reason = criterion, self._steps.gate.reason(criterion, reason)
                self._steps.meet(criterion, reason)
                is_final = self._reason_is_final()
                self._ask_from_now_on(
                    () if is_final else tuple(each for each in self._asked if not each.waits_for_running)
                )
                break
        return self._ending is not None

    def _waits(self) -> bool:
        """Whether trials that run when the experiment ends come to their end."""
        return self._wait_for_running or (self._ending is not None and self._ending.waits_for_running)

    def _reason_is_final(self) -> bool:
        """Whether nothing can end the experiment sooner than the criterion that ends it."""
        assert self._ending is not None
        return self._wait_for_running or not self._ending.waits_for_running
