"""Why a trial was stopped, paused or promoted, in the terms of its experiment: as sentences, a table, and JSON."""

from __future__ import annotations

import math
from typing import Any

import attrs
from rich import box
from rich.table import Table

from tunekit.console import duration, first_and_last_line, print_stdout, printable, stdout_console
from tunekit.runs.explaining import Explanation, Step
from tunekit_core.contracts.backends import TrialEnded
from tunekit_core.contracts.schedulers import Standing
from tunekit_core.contracts.trials import Decision, Status
from tunekit_core.engine.events import Decided, Restarted, Resumed, Started, Stopped
from tunekit_core.json_text import finite
from tunekit_core.number_text import format_number

SHOWN_AROUND = 3  # places before and after what matters
MARGIN_DIGITS = 3


@attrs.frozen
class ExplanationView:
    """An explanation in the terms of a run.

    Attributes:
        told: The explanation.
        metric: Name of what is optimised.
        mode: ``"min"`` or ``"max"``.
        resource: Name of what trials spend.
    """

    told: Explanation
    metric: str
    mode: str
    resource: str | None

    @property
    def unit(self) -> str:
        """Name of the resource."""
        return self.resource or "report"

    def value(self, loss: float) -> float:
        """What was reported, of a loss."""
        return -loss if self.mode == "max" else loss

    def lines(self) -> list[str]:
        """A line for the start, each decision, and the end."""
        told = self.told
        followed = zip(told.steps, [*told.steps[1:], None], strict=True)
        lines = [f"{duration(step.time)}  {what}" for step, after in followed if (what := self._what(step, after))]
        if told.status is Status.PAUSED:
            standing = f", {self._stands(told.standing)}" if told.standing else ""
            lines.append(f"{duration(told.time)}  the record ends: it is still paused{standing}")
        elif told.status is Status.RUNNING:
            lines.append(f"{duration(told.time)}  the record ends while it runs")
        return lines

    def _what(self, step: Step, after: Step | None) -> str:
        """What a step was, given the one of this trial after it."""
        event, here = step.event, f"{self.unit} {step.resource}"
        if isinstance(event, Started):
            if step.is_proposed:
                return "it starts, since somebody asked to try it, and runs until it is decided on or complete"
            return "it starts" + (f", to run to {self.unit} {event.until}" if event.until is not None else "")
        if isinstance(event, Resumed):
            why = f": {self._stands(step.standing)}" if step.standing else ""
            to = "to the end" if event.until is None else f"to {self.unit} {event.until}"
            how = f"begins again, to run {to}" if step.begins_again else f"goes on {to}"
            return f"it is promoted from {here} and {how}{why}"
        if isinstance(event, Decided):
            if step.standing is None and event.decision is Decision.CONTINUE:
                return ""
            value = f"{here}, {self.metric} {format_number(step.values.get(self.metric))}"
            if after is not None and after.status is Status.COMPLETED and after.resource == step.resource:
                return f"{value}: it has come to its end{_place(step.standing)}"
            does = {Decision.CONTINUE: "it goes on", Decision.PAUSE: "it pauses", Decision.STOP: "it is stopped"}
            why = f": {self._stands(step.standing)}" if step.standing else ""
            return f"{value}: {does[event.decision]}{why}"
        if isinstance(event, Restarted):
            return f"run {event.run} begins, since the one before was lost: {event.reason}"
        if isinstance(event, Stopped):
            return f"the scheduler ends it at {here}"
        if isinstance(event, TrialEnded) and step.status in (Status.COMPLETED, Status.FAILED):
            if step.status is Status.COMPLETED:
                return f"it is complete, at {here}"
            return f"it has failed: {' … '.join(first_and_last_line(step.reason))}"
        return ""

    def _stands(self, standing: Standing) -> str:
        """Such as ``place 4 of 9 at epoch 3; the best 3 of them may go on; it takes 0.05 or less, and misses that``."""
        place = f"place {standing.place} of {len(standing.ranked)} at {self.unit} {standing.level}"
        if len(standing.ranked) == 1:
            return f"{place}, with nothing yet to compare it with"
        if standing.loss == math.inf:
            return f"{place}; it reported no finite value, which ranks last and never goes on"
        margin = standing.cutoff - standing.loss
        takes = f"it takes {format_number(self.value(standing.cutoff))} or {'less' if self.mode == 'min' else 'more'}"
        if margin == math.inf:
            takes, how_far = "any finite value is enough", ""
        elif margin < 0:
            how_far = f", and it misses that by {format_number(-margin, MARGIN_DIGITS)}"
        elif standing.passes:
            how_far = f", and it has that by {format_number(margin, MARGIN_DIGITS)}"
        else:
            how_far = ", which it has, and others go before it"
        return f"{place}; {standing.rule}; {takes}{how_far}"

    def print_standing(self, standing: Standing, *, shows_all: bool) -> None:
        """Print the rung as a table: what is next to the trial and to the cut-off, or all of it."""
        when = "at the end" if self.told.standing is not None else "at that moment"
        print_stdout(f"The rung at {self.unit} {standing.level} {when}:")
        table = Table("place", "trial", printable(self.metric), "", box=box.SIMPLE_HEAD)
        wanted = {1, standing.place, standing.n_pass}
        n = len(standing.ranked)
        last = 0
        for place, (trial_id, loss) in enumerate(standing.ranked, start=1):
            if not shows_all and not any(abs(place - each) <= SHOWN_AROUND for each in wanted) and place != n:
                continue
            if place != last + 1:
                table.add_row("…", "", "", "")
            last = place
            is_it = trial_id == standing.trial_id
            what = "this trial" if is_it else ("the last that may go on" if place == standing.n_pass else "")
            value = format_number(self.value(loss)) if math.isfinite(loss) else "not finite"
            cells = (str(place), str(trial_id), value, what)
            table.add_row(*cells, style="bold" if is_it else None)
        stdout_console().print(table)

    def as_json(self) -> dict[str, Any]:
        """All of it; what is not finite is ``None``."""
        told = self.told
        described = {
            "configuration": dict(told.configuration),
            "status": told.status.value,
            "steps": [
                {
                    "time": step.time,
                    "event": type(step.event).__name__.lower(),
                    "decision": step.event.decision.value if isinstance(step.event, Decided) else None,
                    "until": event.until if isinstance(event := step.event, Started | Resumed) else None,
                    "begins_again": step.begins_again,
                    "is_proposed": step.is_proposed,
                    "resource": step.resource,
                    self.metric: step.values.get(self.metric),
                    "standing": self._standing_as_json(step.standing),
                }
                for step in told.steps
            ],
            "standing": self._standing_as_json(told.standing),
        }
        return {name: finite(value) for name, value in described.items()}

    def _standing_as_json(self, standing: Standing | None) -> dict[str, Any] | None:
        if standing is None:
            return None
        return {
            "level": standing.level,
            "place": standing.place,
            "n_pass": standing.n_pass,
            "passes": standing.passes,
            "cutoff": self.value(standing.cutoff),
            "margin": standing.cutoff - standing.loss,
            "rule": standing.rule,
            "ranked": [{"trial_id": trial_id, "value": self.value(loss)} for trial_id, loss in standing.ranked],
        }


def _place(standing: Standing | None) -> str:
    """Where a trial stands to which nothing was left to be decided."""
    return f", place {standing.place} of {len(standing.ranked)} there" if standing else ""
