"""The axis of the time in an experiment, from its beginning to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.results.trial_reports import TrialReports

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS_IN_HOURS_FROM = 2 * 3600.0
LINE_WIDTH = 1.3  # points


@attrs.frozen
class TimeAxis:
    """Time on the clock of the experiment, in seconds or in hours.

    Attributes:
        end: Where it ends, in seconds.
    """

    end: float

    @classmethod
    def of(cls, reports: TrialReports) -> TimeAxis:
        """That of an experiment: to where it has come, or to its last report."""
        last = float(reports.times[-1]) if len(reports.times) else 0.0
        return cls(max(float(reports.experiment.metadata.get("time", 0.0)), last))

    @property
    def unit(self) -> float:
        """Seconds of the unit that is shown."""
        return 1.0 if self.end <= SECONDS_IN_HOURS_FROM else 3600.0

    @property
    def label(self) -> str:
        """What it is labelled with."""
        return f"Time on the clock of the experiment ({'s' if self.unit == 1 else 'h'})"

    def set_limits(self, axis: Axes) -> None:
        """Show all of it and nothing more."""
        axis.set_xlim(0, self.end / self.unit or 1.0)

    def draw_steps(self, axis: Axes, times: NDArray[np.float64], values: NDArray[np.float64], colour: str) -> None:
        """Draw what is 0 in the beginning, and stays as it is until it changes.

        Args:
            axis: Where.
            times: (n,) array of the seconds at which it changes.
            values: (n,) array of what it becomes.
            colour: Of the line.
        """
        axis.step(
            np.concatenate([[0.0], times, [self.end]]) / self.unit,
            np.concatenate([[0.0], values, values[-1:]]),
            where="post",
            color=colour,
            linewidth=LINE_WIDTH,
        )
        self.set_limits(axis)
