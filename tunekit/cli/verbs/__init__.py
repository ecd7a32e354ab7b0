"""Verbs: a module for each, which parses what follows the verb and does it. One is imported when it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

VERBS: Mapping[str, str] = {
    "init": "write_file_of_script",
    "ls": "list_experiments",
    "report": "report_study",
    "plot": "plot",
    "show": "show_experiment",
    "explain": "explain_trial",
    "watch": "watch_experiments",
    "steer": "steer_experiment",
    "export": "export_configuration",
    "rm": "remove_experiments",
}
"""By verb, which is the name of its module too, the function that does it."""


def run_verb(verb: str, arguments: Sequence[str]) -> int:
    """Do what a verb says.

    Args:
        verb: One of :data:`VERBS`.
        arguments: What follows it.

    Returns:
        The exit status.

    Raises:
        TunekitError: If it cannot be done.
    """
    status: int = getattr(import_module(f"{__name__}.{verb}"), VERBS[verb])(arguments)
    return status
