"""What an experiment before has left in the folder of one that begins: gone on from, replaced, or set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import attrs

from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.summary import BEGINS_ANEW
from tunekit_core.errors import OtherFormat, RecordError
from tunekit_core.json_text import as_json
from tunekit_core.records.files import EVENTS, METADATA, RESULTS, read_metadata
from tunekit_core.records.results_file import check_results, n_rows
from tunekit_core.records.set_aside import set_aside


@attrs.frozen
class Earlier:
    """What was found; nothing is changed before :meth:`set_aside`.

    Attributes:
        folder: The folder.
        metadata: What ``metadata.json`` says; empty if it is missing or damaged.
        goes_on: Whether there is a record that can be gone on from.
        to_set_aside: Names of files that are there and would be lost, each with the reason.
    """

    folder: Path
    metadata: dict[str, Any]
    goes_on: bool
    to_set_aside: dict[str, str]

    def set_aside(self) -> dict[str, str]:
        """Give files other names; which ones and why, for the metadata."""
        return {set_aside(self.folder / name).name: reason for name, reason in self.to_set_aside.items()}

    def check_same(self, problem: Problem) -> None:
        """See that the experiment is about this problem, as far as the metadata say.

        Raises:
            RecordError: If it is about another.
        """
        same = {"search_space": problem.space.to_json(), "metric": list(problem.objective.metric)}
        for key, value in same.items():
            if key in self.metadata and self.metadata[key] != json.loads(as_json(value)):
                raise self.another(key.replace("_", " "))

    def another(self, what: str) -> RecordError:
        """The error that says in what the experiments differ."""
        return RecordError(f"{self.folder} holds an experiment with another {what}, which cannot go on with this one.")


def look(folder: Path, *, may_go_on: bool) -> Earlier:
    """Look what is there.

    Args:
        folder: The folder of an experiment that is about to begin.
        may_go_on: Whether it goes on from a record of events, if there is one.

    Raises:
        OtherFormat: If there is an experiment of another format.
    """
    metadata, aside = _metadata(folder)
    nothing_succeeded = bool(metadata.get(BEGINS_ANEW)) and may_go_on
    goes_on = may_go_on and not nothing_succeeded and _has_a_line(folder / EVENTS)
    aside = _lost_results(folder, metadata, aside) | aside
    if not goes_on:
        if _is_something(folder / EVENTS):
            why = "nothing had succeeded, so the experiment began anew"
            aside = {EVENTS: why if nothing_succeeded else "a new experiment has begun here"} | aside
        was_begun = EVENTS in aside or metadata.get("n_started") or _has_trials(folder)
        if may_go_on and not nothing_succeeded and was_begun:
            why = f"{EVENTS} holds no event, so the experiment has begun anew"
            aside = dict.fromkeys([RESULTS, EVENTS, METADATA], why) | aside
    # The metadata last: whoever goes on after a crash in between finds the same again.
    names = [name for name in (RESULTS, EVENTS, METADATA) if name in aside and os.path.lexists(folder / name)]
    return Earlier(folder, metadata, goes_on, {name: aside[name] for name in names})


def _metadata(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    if not os.path.lexists(folder / METADATA):
        return {}, {}
    try:
        return read_metadata(folder), {}
    except OtherFormat:
        raise
    except RecordError as error:
        return {}, {METADATA: str(error)}


def _lost_results(folder: Path, metadata: dict[str, Any], aside: dict[str, str]) -> dict[str, str]:
    """The results, if they are damaged or nothing tells what they are; others are replaced by those of the new run."""
    if aside or not metadata or (folder / RESULTS).is_dir():
        return {RESULTS: f"the {METADATA} or the file itself is damaged or gone"}
    if metadata.get("status") == ExperimentStatus.COMPLETED.value:
        try:
            check_results(folder, n_rows(metadata))
        except RecordError as error:
            return {RESULTS: str(error)}
    return {}


def _is_something(path: Path) -> bool:
    return os.path.lexists(path) and not (path.is_file() and path.stat().st_size == 0)


def _has_a_line(path: Path) -> bool:
    """Whether it is a file that holds a line with its end; of a pipe, one would wait for its writer."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.readline().endswith(b"\n")


def _has_trials(folder: Path) -> bool:
    """Whether a backend has made folders of trials, which are named by their ids."""
    return any(path.name.isdecimal() and path.is_dir() for path in folder.iterdir())
