"""How an experiment that does not run can go on, by who made it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from tunekit.config.specs.end_words import typed_ends
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.records.files import EVENTS
from tunekit_core.records.finding import ListedExperiment

FUNCTION_BENCHMARK = "function"  # name of the benchmark of ``tune()``, which no config can name


def is_of_command_line(metadata: Mapping[str, Any]) -> bool:
    """Whether the command line made an experiment, rather than ``tune()`` or a program of somebody's own.

    Args:
        metadata: Its ``metadata.json``.
    """
    return isinstance(metadata.get("config"), Mapping) and not is_of_tune(metadata)


def is_of_tune(metadata: Mapping[str, Any]) -> bool:
    """Whether ``tune()`` made an experiment.

    Args:
        metadata: Its ``metadata.json``.
    """
    return metadata.get("benchmark") == FUNCTION_BENCHMARK and isinstance(metadata.get("config"), Mapping)


def can_resume(listed: ListedExperiment) -> bool:
    """Whether ``resume`` can have an experiment go on: it keeps a record, and the command line made it."""
    return (listed.path / EVENTS).exists() and is_of_command_line(listed.metadata)


def how_to_go_on(listed: ListedExperiment) -> str:
    """How an experiment that does not run goes on, or runs longer if it is complete; the command comes last."""
    is_complete = listed.status is ExperimentStatus.COMPLETED
    purpose = "To let it run longer" if is_complete else "To have it go on"
    if can_resume(listed):
        return f"{purpose}, type: {resume_command(listed)}"
    if is_of_command_line(listed.metadata):
        return f"{purpose}, type the command that made it again{', with another end' if is_complete else ''}."
    if is_of_tune(listed.metadata):
        return f"{purpose}, call tune() as before{', but with another end and resume=True' if is_complete else ''}."
    return f"{purpose}, run the program that made it again{', with another end' if is_complete else ''}."


def resume_command(listed: ListedExperiment) -> str:
    """What is typed to have an experiment go on; for one that is complete with an end that lies further off.

    Where it had one end, it is that, twice as far. Which of several is to be another is for the user to say.
    """
    command = f"python -m tunekit resume {shlex.quote(str(listed.path))}"
    if listed.status is not ExperimentStatus.COMPLETED:
        return command
    config = listed.metadata["config"]
    ends = typed_ends(config) if isinstance(config.get("stopping"), Mapping) else {}  # a program may write anything
    word, (value, _) = next(iter(ends.items()), ("", (None, "")))
    if len(ends) == 1 and isinstance(value, int | float):
        return f"{command} {word}={value * 2:.12g}"
    return f"{command} stopping.OPTION=VALUE"
