"""Faults that are injected into simulated runs, drawn from the seed: the same seed meets the same faults."""

from __future__ import annotations

from collections import Counter

from tunekit_core import Streams, Trial
from tunekit_simulator.options import SimulatorOptions


class Faults:
    """Failures, slow workers and preemptions. Each start or resume of a trial draws its own.

    Args:
        streams: Random numbers.
        options: How often they happen, and what they cost.

    Attributes:
        possible: Whether any can happen.
    """

    def __init__(self, streams: Streams, options: SimulatorOptions) -> None:
        self._streams = streams
        self._options = options
        self._n_begun: Counter[int] = Counter()  # starts and resumes of each trial
        self.possible = any((options.failure_rate, options.slow_rate, options.preemption_rate))

    def apply(self, trial: Trial, elapsed: list[float], first: int) -> tuple[list[float], int, bool]:
        """Inject faults into one start or resume.

        Args:
            trial: Which trial.
            elapsed: Seconds from the start to each report of the segment.
            first: Position of the first of them in the curve.

        Returns:
            The seconds with faults, the position of the last report, and whether the trial fails after it.
        """
        options = self._options
        n_before = self._n_begun[trial.id]
        self._n_begun[trial.id] += 1
        u = self._streams.uniforms(f"faults/{n_before}", trial.id, 1, 5)[0]
        if u[0] < options.slow_rate:
            elapsed = [seconds * options.slow_factor for seconds in elapsed]
        if u[1] < options.preemption_rate and elapsed:
            elapsed = self._preempt(elapsed, position=int(u[2] * len(elapsed)), within=float(u[4]))
        failed = bool(u[3] < options.failure_rate) and bool(elapsed)
        if failed:
            elapsed = elapsed[: 1 + int(u[3] / options.failure_rate * len(elapsed))]
        return elapsed, first + len(elapsed) - 1, failed

    def _preempt(self, elapsed: list[float], *, position: int, within: float) -> list[float]:
        """The worker is lost on the way to the report at ``position``: a wait, and work to do again."""
        before = elapsed[position - 1] if position else 0.0
        lost = before + within * (elapsed[position] - before)
        again = lost - before if self._options.checkpoint else lost
        wait = self._options.preemption_delay
        return elapsed[:position] + [seconds + again + wait for seconds in elapsed[position:]]
