"""``python -m tunekit rm``: remove experiments, after asking."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.verbs.ls import FILTERS_HELP, print_table, print_unreadable
from tunekit.cli.verbs.words import RESULTS_DIR, Words, asks_for_help, sort_words
from tunekit.console import plural, print_stderr, print_stdout
from tunekit.results.counts import counted
from tunekit.results.index import INDEX, forget
from tunekit.results.selection import find_named, nothing_selected, read_filters, results_folder
from tunekit.results.summary import format_bytes
from tunekit_core.errors import ConfigurationError, ExperimentLocked, RecordError
from tunekit_core.records.files import METADATA, checked_path
from tunekit_core.records.finding import FoundExperiments, ListedExperiment, find_experiments
from tunekit_core.records.removal import (
    checkpoints_of,
    remove_checkpoints,
    remove_experiment,
    size_of,
    why_kept,
)

YES, CHECKPOINTS = "--yes", "--checkpoints"
FLAGS = (YES, CHECKPOINTS)
ANSWER = "yes"
DEEPEST = 4  # TAG/METHOD/RUN below a folder of results, which may lie in the folder that is named
USAGE = "Type: python -m tunekit rm EXPERIMENT … or filters; python -m tunekit rm --help says more"
HELP = f"""Removes experiments: lists what would go, with its size, and asks.

Type: python -m tunekit rm [EXPERIMENT …] [filters] [{YES}] [{CHECKPOINTS}] [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these, as for `show`; or a folder with
experiments below it. Filters choose among these, and among all of `results` where none is named:
{FILTERS_HELP}

  {YES}               do not ask; needed where nobody can answer
  {CHECKPOINTS}       remove the checkpoints of the trials of complete experiments alone, but for those of the best
                      trial; such an experiment cannot go on to a later end where it was

  rm ce256858
  rm status=failed older=7d
  rm results/demo {YES}
  rm {CHECKPOINTS} tag=demo

An experiment that runs is kept, as is what is no experiment of the command line: a folder whose name has no hash, files
that cannot be read, and whatever lies behind links. `{INDEX}` forgets what is gone; figures stay."""


@attrs.frozen
class _Removal:
    """What is removed of each experiment.

    Attributes:
        what: Of the experiment, for the question.
        size: Bytes that would go.
        remove: Removes it, and returns how many bytes have gone.
    """

    what: str
    size: Callable[[ListedExperiment], int]
    remove: Callable[[ListedExperiment], int]


WHOLE = _Removal("", lambda each: size_of([each.path]), remove_experiment)
ONLY_CHECKPOINTS = _Removal("checkpoints of ", lambda each: size_of(checkpoints_of(each)), remove_checkpoints)


def remove_experiments(arguments: Sequence[str]) -> int:
    """Ask, and remove.

    Args:
        arguments: What follows ``rm``.

    Returns:
        The exit status: 1 if something was kept or could not be removed, or the answer was no.

    Raises:
        TunekitError: If there is no such experiment, filter or flag, or nobody can be asked; nothing is removed then.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("rm", arguments, flags=FLAGS, options=(RESULTS_DIR,), takes_filters=True, usage=USAGE)
    selection = read_filters(words.filters, USAGE)
    if not words.names and not words.filters:
        raise ConfigurationError(
            f"`rm` needs to know what to remove. {USAGE}. To remove all there is, name the folder: "
            f"python -m tunekit rm {words.options.get(RESULTS_DIR, results_folder())}"
        )
    found = _found(words)
    chosen = selection.select(found.experiments)
    print_unreadable(found.unreadable)
    if not chosen:
        print_stderr(
            "There is nothing to remove." if not words.filters else nothing_selected(selection, found.experiments)
        )
        return SOME_FAILED if words.names and found.unreadable else SUCCEEDED
    removal = ONLY_CHECKPOINTS if CHECKPOINTS in words.flags else WHOLE
    kept = {each.path: why for each in chosen if (why := why_kept(each))}
    for path, why in kept.items():
        print_stderr(f"Kept: {path} {why}.", style="yellow")
    sizes = {each.path: removal.size(each) for each in chosen if each.path not in kept}
    going = [each for each in chosen if each.path in sizes and (removal is WHOLE or sizes[each.path])]
    if not going:
        print_stderr("There is nothing to remove.")
        return SOME_FAILED if kept else SUCCEEDED
    _print_what_goes(going, found, removal, sum(sizes[each.path] for each in going))
    if YES not in words.flags and not _agrees():
        print_stderr("Nothing was removed.")
        return SOME_FAILED
    status = _remove(going, removal)
    return SOME_FAILED if kept else status


def _found(words: Words) -> FoundExperiments:
    """The experiments that are named, or all of the folder of results."""
    results_dir = os.path.expanduser(words.options.get(RESULTS_DIR, results_folder()))
    _check_is_no_root(results_dir)
    if not words.names:
        return find_experiments(results_dir)
    experiments: dict[str, ListedExperiment] = {}
    unreadable: dict[Path, str] = {}
    for name in words.names:
        path = str(checked_path(name, "folder"))
        _check_is_no_root(path)
        _check_leads_through_no_link(path)
        if os.path.isdir(path):
            found = find_experiments(path) if _may_hold_experiments(path) else FoundExperiments([], {})
            if not found.experiments and not found.unreadable:
                raise RecordError(
                    f"{name} holds no experiment, so nothing of it is removed. Looked for as far as {DEEPEST} folders "
                    "below it."
                )
        else:
            found = FoundExperiments([find_named(name, results_dir)], {})
        for each in found.experiments:
            experiments.setdefault(os.path.realpath(each.path), each)
        unreadable |= found.unreadable
    return FoundExperiments(list(experiments.values()), unreadable)


def _check_leads_through_no_link(path: str) -> None:
    place = Path(path)
    link = next((each for each in (*reversed(place.parents), place) if each.is_symlink()), None)
    if link is not None:
        real = os.path.realpath(path)
        raise RecordError(f"{link} is a link, and links are not followed. If that is meant, name {real}")


def _check_is_no_root(path: str) -> None:
    """See that a folder is none that holds all that somebody has: to search it takes minutes."""
    real, home = Path(os.path.realpath(path)), Path.home().resolve()
    if real == home or real in home.parents:
        raise RecordError(
            f"{path} is your home or above it, and is not searched for what to remove. Name a folder of results, such "
            f"as {results_folder()}, or one experiment."
        )


def _may_hold_experiments(path: str) -> bool:
    """Whether there is an experiment, or what cannot be read, in a folder or not far below; a disk is not searched."""
    folders = [path]
    for _ in range(DEEPEST + 1):
        below = []
        for folder in folders:
            try:
                entries = list(os.scandir(folder))
            except OSError:
                return True
            if any(each.name == METADATA for each in entries):
                return True
            below += [
                each.path for each in entries if each.is_dir(follow_symlinks=False) and not each.name.startswith(".")
            ]
        folders = below
    return False


def _print_what_goes(
    going: Sequence[ListedExperiment], found: FoundExperiments, removal: _Removal, n_bytes: int
) -> None:
    print_table(going, found, is_long=not sys.stdout.isatty())
    print_stdout(f"To be removed: {format_bytes(n_bytes)}, {removal.what}{counted(going)}")


def _agrees() -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"Nothing was removed: there is no terminal to ask at. To remove it without being asked, add {YES}"
        )
    sys.stderr.write(f"Remove it for good? Type {ANSWER}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == ANSWER


def _remove(going: Sequence[ListedExperiment], removal: _Removal) -> int:
    n_bytes, problems = 0, []
    removed: list[ListedExperiment] = []
    for each in going:
        try:
            n_bytes += removal.remove(each)
            removed.append(each)
        except (RecordError, ExperimentLocked, OSError) as error:
            problems.append(f"Not removed: {each.path}: {error}")
    if removal is WHOLE:
        try:
            forget(removed)
        except OSError as error:
            problems.append(f"The index could not be written: {error}")
    for problem in problems:
        print_stderr(problem, style="red")
    print_stdout(f"Removed: {removal.what}{plural(len(removed), 'experiment')}, {format_bytes(n_bytes)}.")
    return SOME_FAILED if problems else SUCCEEDED
