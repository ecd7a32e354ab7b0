"""An experiment is steered while it runs, by requests in its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.end_words import changed_ends
from tunekit.config.specs.identity import digest, ends_of
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import print_stderr
from tunekit.live.present_run import PresentRun
from tunekit.live.snapshot import continue_command, searched_values
from tunekit.runs.building import build_criteria
from tunekit.runs.recorded import recorded_run
from tunekit.runs.resume_arguments import changes_of
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.engine.steering import Kind, Request
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.requests import SECONDS_BETWEEN_LOOKS, RequestsInFolder

DONE: Mapping[Kind, str] = {
    Kind.PAUSE: "paused: what runs goes on, nothing new begins",
    Kind.CONTINUE: "goes on",
    Kind.STOP: "stopped",
    Kind.EXTEND: "gets another end",
    Kind.TRY: "tries the configuration next",
}
OF_AN_END = re.compile(r"stopping[.=]")
USAGE = "Type: python -m tunekit steer EXPERIMENT extend stopping.max_wallclock_time=SECONDS"
EXPECTED = "expected"  # in a request to extend: the ends that whoever asked has seen


def done(kind: Kind, details: Sequence[str], *, is_held: bool) -> str:
    """What an experiment does that was asked for something, as the end of a sentence.

    Args:
        kind: What was asked.
        details: The values that were given, for people.
        is_held: Whether the experiment is paused.
    """
    does = "tries the configuration once it is told to continue" if kind is Kind.TRY and is_held else DONE[kind]
    return ": ".join([does, *([", ".join(details)] if details else [])])


def what_next(folder: Path, *, is_held: bool) -> str:
    """What is typed later, where the experiment waits for that; a sentence after a space, or nothing.

    Args:
        folder: Of the experiment.
        is_held: Whether it is paused.
    """
    return f" It is paused. To continue, type: {continue_command(folder)}" if is_held else ""


def extension(folder: Path, spec: RunSpec, overrides: Sequence[str]) -> RunSpec:
    """The run that an experiment is with another end.

    Args:
        folder: Of the experiment.
        spec: What it is now.
        overrides: As for ``resume``, such as ``stopping.max_wallclock_time=7200``.

    Raises:
        ConfigurationError: If there are none, or one is not possible or not of a stopping criterion.
    """
    others = [each for each in overrides if not ("=" in each and OF_AN_END.match(each))]
    if others or not overrides:
        raise ConfigurationError(
            "While an experiment runs it can be given another end, and "
            f"{', '.join(others) or 'nothing'} was asked for. {USAGE}; other changes are made by `resume` when it has "
            "been stopped.",
            option="stopping",
        )
    changes = changes_of(overrides, f"{USAGE}.")
    metadata = {**spec.metadata(), "config": {**spec.results, "observers": spec.observers}}
    stopping = recorded_run(folder, metadata, changes).results["stopping"]
    results = {**spec.results, "stopping": stopping}
    if ends_of(results) == ends_of(spec.results):
        raise ConfigurationError("That is the end that it has.", option="stopping")
    return attrs.evolve(spec, results=results, hash=digest(results))


class FolderSteering:
    """Requests come from the folder of a run, and what is done is told on standard error.

    Args:
        present: The run.
        record: Where it is written.
        problem: What is solved.
    """

    seconds_between_looks = SECONDS_BETWEEN_LOOKS

    def __init__(self, present: PresentRun, record: ExperimentRecord, problem: Problem) -> None:
        self._present = present
        self._record = record
        self._problem = problem
        self._requests = RequestsInFolder(record.folder)
        self._extended: dict[str, RunSpec] = {}  # by nonce

    def requests(self) -> Sequence[Request]:
        return self._requests.take()

    def criteria(self, request: Request) -> Sequence[StoppingCriterion]:
        spec = self._present.spec
        if request.given.get(EXPECTED) != _plain(ends_of(spec.results)):
            raise ConfigurationError("It has got another end since that was asked for: look at it, and ask again.")
        extended = extension(self._record.folder, spec, _overrides(request.given))
        criteria = build_criteria(extended.results["stopping"], self._problem)
        self._extended[request.nonce] = extended
        return criteria

    def answer(self, request: Request, refusal: str) -> None:
        extended = self._extended.pop(request.nonce, None)
        if not refusal:
            details = self._details(request, extended)
            if extended is not None:
                self._present.become(extended, self._record)
            if request.kind in (Kind.PAUSE, Kind.CONTINUE):
                self._present.is_held = request.kind is Kind.PAUSE
            told = done(request.kind, details, is_held=self._present.is_held)
            next_step = what_next(self._present.spec.folder, is_held=self._present.is_held)
            print_stderr(f"Asked for from outside: the experiment {told}.{next_step}")
        self._requests.answer(request.nonce, refusal, is_held=self._present.is_held)

    def _details(self, request: Request, extended: RunSpec | None) -> list[str]:
        """The values that a request gives, for people."""
        if extended is not None:
            return changed_ends(self._present.spec.results, extended.results)
        if request.kind is Kind.TRY:
            space = self._problem.space
            return searched_values(space.searched, space.complete(request.given["configuration"]))
        return []


def extension_request(spec: RunSpec, overrides: Sequence[str]) -> dict[str, Any]:
    """What belongs to a request for another end.

    Args:
        spec: What the experiment is now.
        overrides: As for :func:`extension`.
    """
    return {"overrides": [*overrides], EXPECTED: _plain(ends_of(spec.results))}


def _overrides(given: Mapping[str, Any]) -> list[str]:
    overrides = given.get("overrides")
    if not isinstance(overrides, list) or not all(isinstance(each, str) for each in overrides):
        raise ConfigurationError("It names no end.", option="stopping")
    return overrides


def _plain(ends: Mapping[str, Any]) -> Any:
    """As it is read back from JSON."""
    return json.loads(json.dumps(ends))
