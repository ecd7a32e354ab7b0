"""What searchers and schedulers answer when they are asked for a proposal, a choice, weights or columns.

A scheduler asks its searcher, a composer asks both, and neither does so through the engine: of a wrong answer only they
would notice something, and it would be taken for an error of theirs. So the checks stand on the object that is asked,
in front of its own method. Each is called as the method is, with the object and the method before the arguments: what
goes wrong in here is an error of the object too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.searchers import Searcher
from tunekit_core.contracts.trials import NO_NOTE, Note, PausedTrial, Promotion, Proposal, Scalar
from tunekit_core.engine.gate.culprits import broken_rule
from tunekit_core.engine.gate.notes import read_only_note
from tunekit_core.errors import shown
from tunekit_core.space import Configuration

SCALARS = (bool, int, float, str, type(None), np.bool_, np.integer, np.floating)


def check_answers(scheduler: Scheduler) -> None:
    """Have all that a scheduler and its searcher answer from now on checked where they are asked."""
    for check in (suggest, choose, bracket_weights, columns):
        _put_before(check, scheduler.searcher)
    _put_before(columns, scheduler)


def suggest(searcher: Searcher, method: Any, trial_id: int, *, resource: int | None) -> Proposal | None:
    """A proposal of a searcher.

    Raises:
        ComponentError: If it is none.
    """
    proposal = method(trial_id, resource=resource)
    if proposal is None:
        return None
    if not isinstance(proposal, Proposal):
        problem = f"returned {shown(proposal)}, which is no Proposal or None"
        raise broken_rule(searcher, "suggest", trial_id, problem)
    _check_configuration(searcher, "suggest", trial_id, proposal)
    _check_note(searcher, "suggest", trial_id, proposal.note)
    return proposal


def choose(
    searcher: Searcher, method: Any, trial_id: int, paused: Sequence[PausedTrial], *, resource: int
) -> Proposal | Promotion | None:
    """What a searcher chooses.

    Raises:
        ComponentError: If it is no proposal, none of the paused trials, or nothing though there are some.
    """
    chosen: Proposal | Promotion | None = method(trial_id, paused, resource=resource)
    if chosen is None:
        if paused:
            problem = f"returned None, and of these trials that are paused it may choose: {_ids(paused)}"
            raise broken_rule(searcher, "choose", trial_id, problem)
        return None
    if isinstance(chosen, Promotion):
        if type(chosen.trial_id) is not int or chosen.trial_id not in map(attrgetter("trial_id"), paused):
            problem = (
                f"chose the trial {shown(chosen.trial_id)}, which is not among the paused trials that it was given: "
                f"{_ids(paused)}"
            )
            raise broken_rule(searcher, "choose", trial_id, problem)
    elif isinstance(chosen, Proposal):
        _check_configuration(searcher, "choose", trial_id, chosen)
    else:
        problem = f"returned {shown(chosen)}, which is no Proposal, Promotion or None"
        raise broken_rule(searcher, "choose", trial_id, problem)
    _check_note(searcher, "choose", trial_id, chosen.note)
    return chosen


def bracket_weights(searcher: Searcher, method: Any, levels: Sequence[int]) -> Mapping[int, float]:
    """Weights of brackets that a searcher gives.

    Raises:
        ComponentError: If they are none.
    """
    weights: Mapping[int, float] = method(levels)
    if not isinstance(weights, Mapping):
        problem = f"returned {shown(weights)}, which are no weights by level"
        raise broken_rule(searcher, "bracket_weights", None, problem)
    if not all(isinstance(weight, int | float | np.number) and 0 <= weight < math.inf for weight in weights.values()):
        problem = f"returned {shown(weights)}: weights are finite numbers from 0 on"
        raise broken_rule(searcher, "bracket_weights", None, problem)
    return weights


def columns(component: Searcher | Scheduler, method: Callable[[], Mapping[str, Scalar]]) -> Mapping[str, Scalar]:
    """What a searcher or scheduler tells about itself.

    Raises:
        ComponentError: If it is no mapping from names to scalars.
    """
    told = method()
    are_scalars = isinstance(told, Mapping) and all(
        isinstance(name, str) and isinstance(value, SCALARS) for name, value in told.items()
    )
    if not are_scalars:
        raise broken_rule(component, "columns", None, f"returned {shown(told)}, which are no scalars by name")
    return told


def _put_before(check: Callable[..., Any], component: Searcher | Scheduler) -> None:
    """Check what a method answers, if the component has it; once, however many experiments it is given to."""
    method = getattr(component, check.__name__, None)
    if method is not None and not (isinstance(method, partial) and method.func is check):
        vars(component)[check.__name__] = partial(check, component, method)


def _check_configuration(searcher: Searcher, method: str, trial_id: int, proposal: Proposal) -> None:
    """What is in it is looked at when the trial is started: the scheduler may change it."""
    given = proposal.configuration
    if type(given) is not Configuration and not isinstance(given, Mapping):
        problem = f"proposes the configuration {shown(given)}, which is no mapping"
        raise broken_rule(searcher, method, trial_id, problem)


def _check_note(searcher: Searcher, method: str, trial_id: int, note: Note) -> None:
    if note is NO_NOTE:  # as it is without a model
        return
    try:
        read_only_note(note)
    except ValueError as error:
        raise broken_rule(searcher, method, trial_id, f"gives a note that {error}") from error


def _ids(paused: Sequence[PausedTrial]) -> str:
    return ", ".join(str(trial.trial_id) for trial in paused)
