"""How long what is left of a sweep takes, by the rule of ``--plan``: what such runs have taken, its own among them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

import attrs

from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import duration, plural
from tunekit.runs.durations import EarlierRuns, Usual


def makespan(seconds: Iterable[float], n_jobs: int) -> float:
    """Seconds until all are done, where so many are run at the same time and the next begins when one has ended."""
    ends = [0.0] * n_jobs
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


@attrs.define
class UsualTimes:
    """What runs have taken, by their setup: what is asked for the first time is looked up in the folder of results."""

    _earlier: dict[str, EarlierRuns] = attrs.field(factory=dict, init=False)
    _found: dict[tuple[str, str, str], Usual | None] = attrs.field(factory=dict, init=False)

    def of(self, spec: RunSpec) -> Usual | None:
        """What such a run takes; ``None`` where that is not known."""
        key = (spec.results_dir, spec.method_name, spec.setting)
        if key not in self._found:
            earlier = self._earlier.setdefault(spec.results_dir, EarlierRuns(Path(spec.results_dir)))
            usual = earlier.usual(spec.method_name, spec.problem_name, spec.metadata()["config"])
            if usual is not None and spec.seconds_at_most is not None:  # those before may have had a later end
                usual = attrs.evolve(usual, seconds=min(usual.seconds, spec.seconds_at_most))
            self._found[key] = usual
        return self._found[key]


class TimeLeft:
    """The time that a sweep still takes.

    A run that runs now counts as one that has not begun: which do is not known here, and there are few of them.

    Args:
        specs: The runs that are left.
        n_jobs: How many are run at the same time.
    """

    def __init__(self, specs: Sequence[RunSpec], n_jobs: int) -> None:
        self._settings = {spec.folder: spec.setting for spec in specs}  # made once, since each is a digest
        self._of_setting = {self._settings[spec.folder]: spec for spec in specs}
        self._n_left = Counter(self._settings.values())
        self._n_jobs = n_jobs
        self._usual = UsualTimes()
        self._took: dict[str, list[float]] = {}  # of the runs of this sweep, by their setting

    def note(self, spec: RunSpec, seconds: float) -> None:
        """A run has ended.

        Args:
            spec: The run, one of those that were left.
            seconds: Real time that it took; 0 where another process ran it.
        """
        setting = self._settings[spec.folder]
        self._n_left[setting] -= 1
        if seconds > 0:
            self._took.setdefault(setting, []).append(seconds)

    def text(self) -> str:
        """What is left, such as ``about 13:30 left``; empty where nothing is known of it."""
        known: list[float] = []
        n_unknown = 0
        for setting, n_left in self._n_left.items():
            seconds = self._seconds(setting) if n_left else 0.0
            if seconds is None:
                n_unknown += n_left
            else:
                known += [seconds] * n_left
        if n_unknown and not known:
            return ""
        without = f" without {plural(n_unknown, 'run')} of which no such is complete" if n_unknown else ""
        return f"about {duration(makespan(known, self._n_jobs))} left{without}"

    def _seconds(self, setting: str) -> float | None:
        own = self._took.get(setting)
        if own is not None:
            return fmean(own)
        usual = self._usual.of(self._of_setting[setting])
        return None if usual is None else usual.seconds
