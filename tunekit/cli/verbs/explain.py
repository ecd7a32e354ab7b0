"""``python -m tunekit explain``: why a trial was stopped, paused or promoted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.explanation_view import ExplanationView
from tunekit.cli.verbs.show import one_experiment
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help, sort_words
from tunekit.config.specs.titles import recorded_title
from tunekit.console import print_stderr, print_stdout, printable
from tunekit.runs.explaining import explain
from tunekit_core.errors import ConfigurationError
from tunekit_core.number_text import format_number

ALL, JSON = "--all", "--json"
FLAGS = (ALL, JSON)
USAGE = "Type: python -m tunekit explain EXPERIMENT TRIAL"
HELP = f"""Explains what was decided on a trial: why it was stopped, paused or promoted, and how close that was.

Type: python -m tunekit explain EXPERIMENT TRIAL [{ALL}] [{JSON}] [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it; TRIAL is the number of
the trial, as in the column trial_id of the results. You are told what happened to it, one line for each decision: the
rung where it was compared, its place there, the value that it took to go on, and by how much it had or missed that. The
last comparison is shown as a table.

What is said follows from the record of the experiment. Simulated experiments keep none: such a one is run again, which
takes as long as it took, and has to come to the same results.

Options:
  {ALL}   the whole table, not only what is next to the trial and to the cut-off
  {JSON}  all of it as JSON

  explain ce256858 17
  explain results/default/ASHA/fcnet-robot_arm-0-ce2568586684 17 {ALL}"""


def explain_trial(arguments: Sequence[str]) -> int:
    """Print the explanation.

    Args:
        arguments: What follows ``explain``.

    Returns:
        The exit status.

    Raises:
        TunekitError: If there is no such experiment or trial, or it cannot be explained.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("explain", arguments, flags=FLAGS, options=(RESULTS_DIR,), takes_filters=False, usage=USAGE)
    trial_id, names = _trial(words.names)
    listed = one_experiment("explain", names, words.options, USAGE)
    if not isinstance(listed.metadata.get("config"), Mapping):
        raise ConfigurationError(
            f"{listed.path} was made by a program in Python that did not record its scheduler, so that nothing is left "
            "to ask by what was decided. What was decided is in the columns st_decision and st_status of its results."
        )
    told = explain(listed.path, listed.metadata, trial_id)
    view = ExplanationView(
        told, listed.metadata["metric"][0], listed.metadata["mode"][0], listed.metadata.get("resource")
    )
    if JSON in words.flags:
        print_stdout(json.dumps(view.as_json(), indent=1, allow_nan=False))
        return SUCCEEDED
    print_stdout(f"Trial {trial_id} of {printable(recorded_title(listed.name, listed.metadata))}")
    searched = told.configuration.items()
    print_stdout("  " + printable(" ".join(f"{name}={format_number(value)}" for name, value in searched)))
    for line in view.lines():
        print_stdout(f"  {line}")
    if not told.can_explain:
        print_stderr(f"The scheduler '{told.scheduler}' compares no trials, or does not say by what it decides.")
    standing = told.standing or next((step.standing for step in reversed(told.steps) if step.standing), None)
    if standing is not None:
        view.print_standing(standing, shows_all=ALL in words.flags)
    return SUCCEEDED


def _trial(names: Sequence[str]) -> tuple[int, Sequence[str]]:
    """The number that is typed last, and what is typed before it."""
    if len(names) != 2 or not (names[1].isascii() and names[1].isdecimal()):
        got = " ".join(names) or "nothing"
        raise ConfigurationError(
            f"`explain` takes an experiment and the number of a trial, and got {got}. {USAGE}. To see which "
            "experiments there are, type: python -m tunekit ls",
            option="TRIAL",
        )
    return int(names[1]), names[:1]
