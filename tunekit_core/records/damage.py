"""A record that is damaged is cut off where the damage begins; what follows is kept beside it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import attrs

from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import OtherFormat, RecordError
from tunekit_core.records.event_file import EventFile
from tunekit_core.records.files import EVENTS, METADATA, RESULTS, read_metadata, write_metadata
from tunekit_core.records.lock import FolderLock
from tunekit_core.records.set_aside import free_name, set_aside

BYTES_AT_ONCE = 1 << 20


@attrs.frozen
class CutOff:
    """What was done to a record.

    Attributes:
        damage: What was damaged.
        n_kept: Events that are left.
        n_lines: Lines that were cut off.
        kept_as: Where they are now, and the results of what they tell if there were any.
    """

    damage: str
    n_kept: int
    n_lines: int
    kept_as: tuple[Path, ...]


def how_to_go_on(folder: Path, n_events: int) -> str:
    """What to type where the record is damaged after so many events, as a sentence."""
    command = shlex.join(["python", "-m", "tunekit", "resume", str(folder), "--up-to-damage"])
    return f"To set aside what follows, and go on from the {n_events:,} events before it, type `{command}`."


def cut_off_at_damage(folder: Path) -> CutOff:
    """Cut the record of an experiment off before its first damaged line.

    Whenever the process dies, either the record is as it was or it is cut off and the rest is kept.

    Args:
        folder: The folder of the experiment.

    Raises:
        RecordError: If nothing is damaged, or no event comes before the damage.
        ExperimentLocked: If another live process writes the experiment.
    """
    path = folder / EVENTS
    with FolderLock(folder):
        events = EventFile(path)
        damage = _damage(events)
        if damage is None:
            raise RecordError(f"{path} is not damaged. Leave out --up-to-damage: what there is of it can be read.")
        if isinstance(damage, OtherFormat) or events.n_events == 0:
            raise RecordError(f"{damage} No event comes before that, so there is nothing to go on from.") from damage
        aside, n_lines = _copy_rest(path, events.bytes_read)
        kept_as = [aside]
        if (folder / METADATA).exists():
            _interrupt(folder)
        if os.path.lexists(folder / RESULTS):
            kept_as.append(set_aside(folder / RESULTS))  # they have rows that the record will not have
        os.truncate(path, events.bytes_read)
    return CutOff(str(damage), events.n_events, n_lines, tuple(kept_as))


def _damage(events: EventFile) -> RecordError | None:
    try:
        for _ in events.read():
            pass
    except RecordError as error:
        return error
    return None


def _copy_rest(path: Path, start: int) -> tuple[Path, int]:
    """Copy a file from a position on, whole or not at all: where to, and how many lines that are."""
    aside = free_name(path)
    part, n_lines, last = path.with_name(path.name + ".part"), 0, b""
    with open(path, "rb") as source, open(part, "wb") as target:
        source.seek(start)
        while piece := source.read(BYTES_AT_ONCE):
            target.write(piece)
            n_lines, last = n_lines + piece.count(b"\n"), piece[-1:]
        target.flush()
        os.fsync(target.fileno())
    part.rename(aside)
    return aside, n_lines + (last != b"\n")


def _interrupt(folder: Path) -> None:
    """Without the end of its record an experiment is not complete any more."""
    try:
        metadata = read_metadata(folder)
    except RecordError:
        return  # it is set aside when the experiment goes on
    write_metadata(folder, {**metadata, "status": ExperimentStatus.INTERRUPTED.value})
