"""Faults that are injected into simulated runs, drawn from the seed: the same seed meets the same faults."""

from __future__ import annotations

from collections import Counter

from tunekit_core.contracts.trials import Trial
from tunekit_core.errors import ConfigurationError
from tunekit_core.randomness import Streams


class Faults:
    """Failures, slow workers and preemptions. Each start or resume of a trial draws its own.

    Args:
        streams: Random numbers.
        failure_rate: Probability of a failure.
        slow_rate: Probability of a slow worker.
        slow_factor: How many times as long it takes, at least 1.
        preemption_rate: Probability that the worker is lost once.
        preemption_delay: Seconds until there is another one.
        checkpoint: Whether a preempted trial goes on after its last report.
    """

    def __init__(
        self,
        streams: Streams,
        *,
        failure_rate: float,
        slow_rate: float,
        slow_factor: float,
        preemption_rate: float,
        preemption_delay: float,
        checkpoint: bool,
    ) -> None:
        rates = {"failure_rate": failure_rate, "slow_rate": slow_rate, "preemption_rate": preemption_rate}
        for option, rate in rates.items():
            _check(option, rate, 0 <= rate <= 1, "a probability between 0 and 1")
        _check("slow_factor", slow_factor, 1 <= slow_factor < float("inf"), "at least 1")
        _check("preemption_delay", preemption_delay, 0 <= preemption_delay < float("inf"), "at least 0 seconds")
        self._streams = streams
        self._failure_rate = failure_rate
        self._slow_rate = slow_rate
        self._slow_factor = slow_factor
        self._preemption_rate = preemption_rate
        self._preemption_delay = preemption_delay
        self._checkpoint = checkpoint
        self._segments: Counter[int] = Counter()
        self.possible = any(rates.values())

    def apply(self, trial: Trial, elapsed: list[float], first: int) -> tuple[list[float], int, bool]:
        """Inject faults into one start or resume.

        Args:
            trial: Which trial.
            elapsed: Seconds from the start to each report of the segment.
            first: Position of the first of them in the curve.

        Returns:
            The seconds with faults, the position of the last report, and whether the trial fails after it.
        """
        segment = self._segments[trial.id]
        self._segments[trial.id] += 1
        u = self._streams.uniforms(f"faults/{segment}", trial.id, 1, 5)[0]
        if u[0] < self._slow_rate:
            elapsed = [seconds * self._slow_factor for seconds in elapsed]
        if u[1] < self._preemption_rate and elapsed:
            elapsed = self._preempt(elapsed, position=int(u[2] * len(elapsed)), within=float(u[4]))
        failed = bool(u[3] < self._failure_rate) and bool(elapsed)
        if failed:
            elapsed = elapsed[: 1 + int(u[3] / self._failure_rate * len(elapsed))]
        return elapsed, first + len(elapsed) - 1, failed

    def _preempt(self, elapsed: list[float], *, position: int, within: float) -> list[float]:
        """The worker is lost on the way to the report at ``position``: a wait, and work to do again."""
        before = elapsed[position - 1] if position else 0.0
        lost = before + within * (elapsed[position] - before)
        again = lost - before if self._checkpoint else lost
        return elapsed[:position] + [seconds + again + self._preemption_delay for seconds in elapsed[position:]]


def _check(option: str, value: float, fits: bool, allowed: str) -> None:
    if not fits:
        raise ConfigurationError(
            f"backend.{option}={value} must be {allowed}.", option=f"backend.{option}", value=value
        )
