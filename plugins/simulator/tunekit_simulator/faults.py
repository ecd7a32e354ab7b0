"""Faults that are injected into simulated runs, drawn from the seed: the same seed meets the same faults."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tunekit_core import Streams, Trial
from tunekit_simulator.options import SimulatorOptions


@attrs.define  # not frozen, for speed alone: there is one for every run
class InjectedRun:
    """A run of a trial, with the faults that it meets.

    Attributes:
        elapsed: Seconds from its beginning to each report that it still makes.
        fails: Whether it fails after the last of them.
        lost_at: Seconds from its beginning to the loss of its worker, if that is lost.
    """

    elapsed: Sequence[float]
    fails: bool = False
    lost_at: float | None = None


class Faults:
    """Failures, slow workers and preemptions. Each run of a trial draws its own.

    Args:
        streams: Random numbers.
        options: How often they happen, and what they cost.
    """

    def __init__(self, streams: Streams, options: SimulatorOptions) -> None:
        self._streams = streams
        self._options = options
        self._possible = any((options.failure_rate, options.slow_rate, options.preemption_rate))

    def inject(self, trial: Trial, elapsed: Sequence[float]) -> InjectedRun:
        """Inject faults into the current run of a trial.

        Args:
            trial: Which trial.
            elapsed: Seconds from the beginning of the run to each report that it would make.
        """
        options = self._options
        if not self._possible or not elapsed:
            return InjectedRun(elapsed)
        u = self._streams.uniforms(f"faults/{trial.run}", trial.id, 1, 5)[0]
        if u[0] < options.slow_rate:
            elapsed = [seconds * options.slow_factor for seconds in elapsed]
        lost = len(elapsed)  # the report on the way to which the worker is lost
        if u[1] < options.preemption_rate:
            lost = int(u[2] * len(elapsed))
        if u[3] < options.failure_rate:
            last = int(u[3] / options.failure_rate * len(elapsed))
            if last < lost:
                return InjectedRun(elapsed[: last + 1], fails=True)
        if lost == len(elapsed):
            return InjectedRun(elapsed)
        before = elapsed[lost - 1] if lost else 0.0
        return InjectedRun(elapsed[:lost], lost_at=before + float(u[4]) * (elapsed[lost] - before))
