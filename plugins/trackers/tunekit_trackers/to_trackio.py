"""trackio. The library is imported where it is used, since it need not be installed."""

from __future__ import annotations

import contextvars
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit_trackers.messages import Outcome, Point, Run, flat

PRINTING = ("trackio", "trackio.run", "trackio.utils")


class TrackioTracker:
    """Tells trackio, which writes to a database on this machine unless its environment variables name another place.

    Args:
        project: The name of the project.
    """

    def __init__(self, project: str | None) -> None:
        import trackio

        self._trackio = trackio
        self._project = project or "tunekit"
        self._runs: dict[str, Any] = {}  # those that are open, by key
        for name in PRINTING:  # it has no setting for that, and standard output belongs to the experiment
            if name in sys.modules:
                vars(sys.modules[name])["print"] = _print_nothing

    def open(self, run: Run) -> None:
        # It ends the run before in the same context, and finds a run again by its name.
        self._runs[run.key] = contextvars.Context().run(
            self._trackio.init,
            project=self._project,
            name=f"{run.name} {run.key}",
            group=run.group,
            config={**flat(run.config), "tags": json.dumps(dict(run.tags))},
            resume="allow",
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )

    def plot(self, run: Run, points: Sequence[Point]) -> None:
        for point in points:
            self._runs[run.key].log(dict(point.values()), step=point.step)

    def state(self, run: Run, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self._runs[run.key].log({name: self._trackio.Markdown(_as_text(value))})

    def end(self, run: Run, outcome: Outcome) -> None:
        self._runs.pop(run.key).finish()


def _as_text(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return "\n".join(f"- {name}: {part}" for name, part in flat(value).items())


def _print_nothing(*arguments: Any, **settings: Any) -> None:
    pass
