"""``python -m tunekit ls``: which experiments there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.verbs.words import asks_for_help, one_of, sort_words
from tunekit.console import print_stderr, print_stdout, stdout_console
from tunekit.results.counts import counted
from tunekit.results.listing import as_json_lines, ids_of, table
from tunekit.results.problems import problem_labels
from tunekit.results.selection import is_filter, nothing_selected, read_filters, results_folder
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import checked_path
from tunekit_core.records.finding import FoundExperiments, ListedExperiment, find_experiments

JSON, LONG = "--json", "--long"
FLAGS = (JSON, LONG)
SORT = "sort"
MOST_UNREADABLE = 3  # of which the reason is told
USAGE = "Type: python -m tunekit ls --help"
FILTERS_HELP = """\
  tag=demo,other      the experiment tag; several values are joined by commas
  method='ASHA*'      the recipe; * stands for anything, upper and lower case are the same
  benchmark=fcnet     the benchmark, or the problem as it is listed; also dataset=NAME
  experiment=NAME     the study that it belongs to
  seed=0,1            the seed; or ranges of seeds, range(5) or 0-4, which has both ends
  status=failed       completed, failed, interrupted, or running: a live process writes it
  older=7d newer=2h   how long ago it ended or wrote last: a number and s, m, h, d or w
  below=0.02 above=1  the best value
  tags.NAME=VALUE     a tag of your own"""
HELP = f"""Lists experiments, one in a line, those first that were active last.

Type: python -m tunekit ls [FOLDER …] [filters] [sort=KEY] [--long] [--json]

Experiments are looked for in each FOLDER and below it: in `results`, or what TUNEKIT_RESULTS names, unless given. Those
are listed that pass every filter:
{FILTERS_HELP}

  sort=KEY            age (the default), best, status, tag, method, benchmark, seed
  --long              with metric and folder, nothing cut to the width of the terminal; so it is in a pipe
  --json              a list of objects, with the configuration of the best too

  ls                                   all
  ls status=failed,interrupted         what may need another look
  ls method=ASHA benchmark=fcnet sort=best
  ls results /scratch/results tag=demo --long
  ls older=30d --json                  for a script

The id is the beginning of the hash, which `show`, `export` and `rm` take. Best values are those of experiments that
came to their end; `show` reads those of others from their records."""


def _best(experiment: ListedExperiment) -> Any:
    return experiment.best_loss is None, experiment.metric, experiment.best_loss or 0.0


KEYS: Mapping[str, Callable[[ListedExperiment], Any]] = {
    "age": lambda each: 0,  # in which order they are found
    "best": _best,
    "status": lambda each: each.status.value,
    "tag": lambda each: each.tag.lower(),
    "method": lambda each: each.method.lower(),
    "benchmark": lambda each: each.problem.lower(),
    "seed": lambda each: -1 if each.seed is None else each.seed,
}


def list_experiments(arguments: Sequence[str]) -> int:
    """Print the list.

    Args:
        arguments: What follows ``ls``.

    Returns:
        The exit status: 0, also if there is none or some cannot be read.

    Raises:
        ConfigurationError: If a folder does not exist, or there is no such filter or flag.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("ls", arguments, flags=FLAGS, options=(SORT,), takes_filters=True, usage=USAGE)
    selection = read_filters(words.filters, USAGE)
    key = KEYS[one_of(SORT, words.options.get(SORT, "age"), tuple(KEYS))]
    folders = words.names or (results_folder(),)
    check_folders(words.names, USAGE)
    found = find_experiments(*folders)
    chosen = sorted(selection.select(found.experiments), key=key)
    print_unreadable(found.unreadable)
    if JSON in words.flags:
        print_stdout(as_json_lines(chosen, _problems(chosen, found)))
        return SUCCEEDED
    if not chosen:
        _print_nothing(found, folders, nothing_selected(selection, found.experiments))
        return SUCCEEDED
    print_table(chosen, found, is_long=LONG in words.flags or not sys.stdout.isatty())
    print_stderr(counted(chosen))
    return SUCCEEDED


def print_table(chosen: Sequence[ListedExperiment], found: FoundExperiments, *, is_long: bool) -> None:
    """Print experiments, each with names that it has among all that were found: a filter changes none.

    Args:
        chosen: Those of them to list, in this order; at least one.
        found: All.
        is_long: Whether the metric and the folder are shown too, and nothing is cut to the width of the terminal.
    """
    by_path = dict(zip((each.path for each in found.experiments), ids_of(found.experiments), strict=True))
    ids = [by_path[each.path] for each in chosen]
    width = None if is_long else stdout_console().width
    lines = table(chosen, ids=ids, problems=_problems(chosen, found), width=width, is_long=is_long)
    print_stdout("\n".join(lines))


def _problems(chosen: Sequence[ListedExperiment], found: FoundExperiments) -> list[str]:
    """What the problem of each is called among all that were found; empty where that is not told."""
    labels = problem_labels([each.metadata for each in found.experiments])
    by_path = dict(zip((each.path for each in found.experiments), labels, strict=True))
    return [by_path[each.path] if each.problem else "" for each in chosen]


def print_unreadable(unreadable: Mapping[Path, str]) -> None:
    """Print what cannot be read, and why."""
    for why in list(unreadable.values())[:MOST_UNREADABLE]:
        print_stderr(f"Left out: {why}", style="yellow")
    n_more = len(unreadable) - MOST_UNREADABLE
    if n_more > 0:
        print_stderr(f"Left out: {n_more:,} more that cannot be read.", style="yellow")


def check_folders(folders: Sequence[str], usage: str) -> None:
    """Check that what was typed are folders.

    Args:
        folders: What was typed.
        usage: What to type, as the end of the message.

    Raises:
        ConfigurationError: If one does not exist.
    """
    for folder in folders:
        if not checked_path(folder, "folder").is_dir():
            hint = (
                "" if is_filter(folder) or os.sep in folder else f" Filters have an equals sign, as in method={folder}."
            )
            raise ConfigurationError(f"{folder} is no folder.{hint} {usage}", value=folder)


def _print_nothing(found: FoundExperiments, folders: Sequence[str], why: str) -> None:
    if found.experiments:
        print_stderr(why)
    elif not found.unreadable:
        print_stdout(
            f"There are no experiments in {', '.join(folders)}. To run one, type for example: python -m tunekit "
            "method=ASHA benchmark=fcnet (python -m tunekit --help says what else there is)"
        )
