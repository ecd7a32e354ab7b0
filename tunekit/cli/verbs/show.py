"""``python -m tunekit show``: what one experiment has come to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help, sort_words
from tunekit.console import plural, print_stderr, print_stdout
from tunekit.results.going_on import can_resume, resume_command
from tunekit.results.selection import find_named, results_folder
from tunekit.results.summary import print_experiment
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.summary import BEGINS_ANEW
from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.records.believed import find
from tunekit_core.records.files import EVENTS, METADATA, RESULTS
from tunekit_core.records.finding import ListedExperiment
from tunekit_core.records.load import load_experiment

USAGE = "Type: python -m tunekit show EXPERIMENT"
HELP = f"""Shows what an experiment has come to: the best configuration, what failed, where its files are, how to go on.

Type: python -m tunekit show EXPERIMENT [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it. It is looked for in
`results`, or what TUNEKIT_RESULTS names, unless {RESULTS_DIR} says where. Of an experiment that still runs, or was
interrupted, it is the best so far.

  show ce256858
  show results/default/ASHA/fcnet-robot_arm-0-ce2568586684
  show ce25 {RESULTS_DIR}=/scratch/results"""


def show_experiment(arguments: Sequence[str]) -> int:
    """Print it.

    Args:
        arguments: What follows ``show``.

    Returns:
        The exit status: 0, also if the experiment has failed.

    Raises:
        TunekitError: If there is no such experiment, or it cannot be read.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("show", arguments, flags=(), options=(RESULTS_DIR,), takes_filters=False, usage=USAGE)
    print_all_of(one_experiment("show", words.names, words.options, USAGE))
    return SUCCEEDED


def print_all_of(listed: ListedExperiment) -> None:
    """Print what an experiment has come to, and what to type next.

    Args:
        listed: The experiment.
    """
    try:
        experiment = load_experiment(listed.path)
        metadata: Mapping[str, Any] = experiment.metadata
    except RecordError as error:  # its record is damaged; what the metadata say can be shown
        print_stderr(f"Not whole: {error}", style="yellow")
        metadata = listed.metadata
    damage = find(listed.path).damage
    if damage:
        print_stderr(f"Not complete: {damage}.", style="yellow")
    print_experiment(listed.path, metadata)
    print_stdout(f"Files: {_files(listed.path)}")
    for line in _what_next(listed, is_whole=not damage, has_best="incumbent" in metadata):
        print_stdout(line)


def one_experiment(verb: str, names: Sequence[str], options: Mapping[str, str], usage: str) -> ListedExperiment:
    """The experiment that is named.

    Args:
        verb: What is done with it.
        names: What was typed.
        options: With the folder of results, if that was typed.
        usage: What to type, as a sentence.

    Raises:
        ConfigurationError, RecordError: If not one is named, or there is none.
    """
    if len(names) != 1:
        got = f"got {len(names)}: {' '.join(names)}" if names else "got none"
        raise ConfigurationError(
            f"`{verb}` takes one experiment, and {got}. {usage}. To see which there are, type: python -m tunekit ls"
        )
    return find_named(names[0], os.path.expanduser(options.get(RESULTS_DIR, results_folder())))


def _files(folder: Path) -> str:
    names = sorted(os.listdir(folder))
    known = [name for name in (METADATA, RESULTS, EVENTS) if name in names]
    n_trials = sum(name.isdecimal() and (folder / name).is_dir() for name in names)
    return ", ".join([*known, *([plural(n_trials, "folder") + " of trials"] if n_trials else [])])


def _what_next(listed: ListedExperiment, *, is_whole: bool, has_best: bool) -> list[str]:
    """What to type next."""
    folder = shlex.quote(str(listed.path))
    lines = [f"Best configuration as YAML: python -m tunekit export {folder}"] if has_best else []
    if listed.status is ExperimentStatus.RUNNING:
        return [*lines, "It runs now."]
    if listed.status is ExperimentStatus.COMPLETED and is_whole:
        return [*lines, f"To let it run longer: {resume_command(listed)}"] if can_resume(listed) else lines
    begins_anew = listed.metadata.get(BEGINS_ANEW)  # nothing has succeeded in it
    to_go_on = "To begin anew, once what went wrong in trials is mended" if begins_anew else "To go on"
    if can_resume(listed):
        return [*lines, f"{to_go_on}: python -m tunekit resume {folder}"]
    return [*lines, f"{to_go_on}: run again what made it, the same command or the same call."]
