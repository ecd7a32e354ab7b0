"""Trials that run to their end whatever a model expects."""

from __future__ import annotations

from collections.abc import Iterable

from tunekit_core import Note, PausedTrial, Report, Trial

FIRST = 1
"""So many complete trials come first: the model knows an end before it chooses."""

SHARE = 0.1
"""Part of all resources that probes take after these."""

SHARE_WITHOUT_FORESIGHT = 0.4
"""Part that they take while the model foretells ends hardly better than their average does."""

ENOUGH_FORESIGHT = 0.4
"""So many nats better for each end."""

PROBE: Note = {"probe": True}


class Probes:
    """Random trials that run to their end, so that what a model expects of the end of others is held against facts.

    A model that chooses which trials go on sees complete trials of its own choice alone. Where it was led astray by low
    resources, where all that it completes lies on a plateau, or where configurations leave the level of chance late, it
    would never learn that. The trials of the initial design are probes, and others once these have ended.

    Where the model foretells the ends of complete trials hardly better than their average does, what it chooses by is
    nothing, and probes are what finds something: they take four times as much then.

    Probes of the initial design go on rung by rung, as long as they are due. One that is started later goes on before
    all else, and counts from its start with all that it will take: so as many run at once as their share allows.

    Args:
        max_resource: The last resource of a trial.
    """

    def __init__(self, max_resource: int) -> None:
        self._max_resource = max_resource
        self._of_probes: dict[int, int] = {}
        self._of_others: dict[int, int] = {}
        self._later: set[int] = set()

    def on_start(self, trial: Trial, *, is_initial: bool) -> None:
        """A trial was started; it is a probe if it is one of the initial design, or if its note says so."""
        if is_initial:
            self._of_probes[trial.id] = 0
        elif PROBE.items() <= trial.note.items():
            self._of_probes[trial.id] = self._max_resource
            self._later.add(trial.id)

    def on_target(self, trial: Trial, resource: int | None) -> None:
        """A probe of the initial design counts as having come to where it was sent."""
        if self._is_initial(trial.id):
            self._of_probes[trial.id] = self._max_resource if resource is None else resource

    def on_report(self, report: Report) -> None:
        """A trial has come to the resource of a report."""
        if report.trial_id not in self._of_probes:
            self._of_others[report.trial_id] = report.resource

    def on_end(self, trial: Trial) -> None:
        """A trial that has ended counts with what it took."""
        (self._of_probes if trial.id in self._of_probes else self._of_others)[trial.id] = trial.reached

    def is_due(self, foresight: float | None) -> bool:
        """Whether a probe has to go on, or a new one to start, for probes to have their share of all resources.

        Args:
            foresight: By how many nats for each end the model foretells ends better than their average does; ``None``
                where that is not known.
        """
        knows_nothing = foresight is not None and foresight < ENOUGH_FORESIGHT
        share = SHARE_WITHOUT_FORESIGHT if knows_nothing else SHARE
        of_probes = sum(self._of_probes.values())
        return of_probes < FIRST * self._max_resource + share * (of_probes + sum(self._of_others.values()))

    def furthest_later(self, paused: Iterable[PausedTrial]) -> PausedTrial | None:
        """The paused probe that has come furthest of those started later, of equal ones the first; or ``None``."""
        return _furthest(trial for trial in paused if trial.trial_id in self._later)

    def furthest_initial(self, paused: Iterable[PausedTrial]) -> PausedTrial | None:
        """The same of the initial design."""
        return _furthest(trial for trial in paused if self._is_initial(trial.trial_id))

    def has_initial(self, trial_ids: Iterable[int]) -> bool:
        """Whether one of these is of the initial design."""
        return any(map(self._is_initial, trial_ids))

    def _is_initial(self, trial_id: int) -> bool:
        return trial_id in self._of_probes and trial_id not in self._later


def _furthest(trials: Iterable[PausedTrial]) -> PausedTrial | None:
    return min(trials, key=lambda trial: (-trial.resource, trial.trial_id), default=None)
