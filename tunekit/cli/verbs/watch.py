"""``python -m tunekit watch``: experiments are shown while another process runs them."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.interruption import raise_when_interrupted, write_last_line
from tunekit.cli.verbs.show import one_experiment, print_all_of
from tunekit.cli.verbs.words import RESULTS_DIR, Words, asks_for_help, sort_words
from tunekit.console import print_stderr, print_stdout, stdout_console
from tunekit.results.selection import results_folder
from tunekit.runs.interruption import exit_status
from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.page_requests import ask_watched
from tunekit.watch.server import serving
from tunekit.watch.showing import SECONDS_BETWEEN_LOOKS, show_on_page, show_once, show_until_it_is_over
from tunekit.watch.study import SECONDS_OF_QUIET, WatchedStudy
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import METADATA, checked_path
from tunekit_core.records.finding import list_experiment

ONCE, SERVE = "--once", "--serve"
FLAGS = (ONCE, SERVE)
SECONDS_UNTIL_MOVED = 0.5  # one that got another end, or whose program was edited, gets another folder at its end
PORT = "port"
PORTS = range(1, 65536)
HIGH = 1_000_000  # lines: of what is written once, nothing is left out
TO_LEAVE = "Ctrl-C leaves."
USAGE = "Type: python -m tunekit watch FOLDER"
HELP = f"""Shows experiments while they run, whichever process on whichever machine runs them: only folders are read.

Type: python -m tunekit watch [FOLDER] [{ONCE}] [{SERVE} [{PORT}=N]] [{RESULTS_DIR}=FOLDER]

Of one experiment, named by its folder, its hash, its name, or the beginning of a hash or a name as `ls` lists it, you
see what a run shows of itself: trials that run and how far they are, the best so far, rungs, what is left, the newest
failure. When it ends, what it has come to is printed as `show` prints it.

Of a folder above experiments, which is `results`, or what TUNEKIT_RESULTS names, unless given, you see how many runs of
each setup on each benchmark are complete, running, failed, interrupted, or missing: seeds that other setups have there.
It ends when nothing runs and nothing has changed for {SECONDS_OF_QUIET:.0f} seconds. A folder that is not there yet, or
empty, is waited for.

It looks once a second, and changes nothing but what you ask for on the page. Where standard output is no terminal it
writes a line every 10 seconds. Ctrl-C leaves: what runs goes on.

  {ONCE}              show it as it is now, and end
  {SERVE}             show it on a page, to this machine alone: its address is printed, and ends with the command. One
                      experiment can be paused, stopped and extended there, and told what to try, as by `steer`
  {PORT}=8765           the port of that page; any that is free unless given
  {RESULTS_DIR}=FOLDER  where a name or a hash is looked for

  watch results/demo_study
  watch ce256858
  watch results --once
  watch results --serve"""


def watch_experiments(arguments: Sequence[str]) -> int:
    """Show them until they are over.

    Args:
        arguments: What follows ``watch``.

    Returns:
        The exit status: 0, also where an experiment has failed; as after an interruption if that ends it.

    Raises:
        TunekitError: If there is no such experiment, or it cannot be read.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("watch", arguments, flags=FLAGS, options=(RESULTS_DIR, PORT), takes_filters=False, usage=USAGE)
    is_once, port = ONCE in words.flags, _port(words)
    raise_when_interrupted()
    try:
        name = _only_name(words.names, words.options, must_exist=is_once or RESULTS_DIR in words.options)
        study = checked_path(name, "folder")
        if not is_once and (os.sep in name or not words.names):
            _wait_for(study)
        if study.is_dir() and not os.path.lexists(study / METADATA):
            return _watch_study(study, is_once=is_once) if port is None else _serve(_study_in(study, waits=True), port)
        folder = one_experiment("watch", [name], words.options, USAGE).path
        return _watch_one(folder, is_once=is_once) if port is None else _serve(WatchedExperiment(folder), port)
    except KeyboardInterrupt:
        again = shlex.join(["python", "-m", "tunekit", "watch", *arguments])
        write_last_line(f"Left. What runs goes on, and is not changed by that. To see it again, type: {again}")
        return exit_status()


def _watch_one(folder: Path, *, is_once: bool) -> int:
    watched, console = WatchedExperiment(folder), stdout_console()
    if not is_once:
        show_until_it_is_over(watched, console)
        time.sleep(SECONDS_UNTIL_MOVED)
    picture = watched.look()
    if picture.is_over:
        print_all_of(list_experiment(picture.folder))
    else:
        show_once(picture, console, HIGH)
    return SUCCEEDED


def _watch_study(folder: Path, *, is_once: bool) -> int:
    watched, console = _study_in(folder, waits=not is_once), stdout_console()
    picture = watched.look() if is_once else show_until_it_is_over(watched, console)
    show_once(picture, console, HIGH)
    if picture.totals.n_running:
        return SUCCEEDED
    if picture.totals.n_failed or picture.totals.n_interrupted:
        print_stdout("Nothing runs. To run what is not complete, type again the command that made them.")
    else:
        print_stdout("Nothing runs.")
    if picture.totals.n_complete > 1:
        print_stdout(f"To compare them: python -m tunekit report {shlex.quote(str(folder))}")
    return SUCCEEDED


def _wait_for(folder: Path) -> None:
    """Wait for a folder that is to be made by a run that begins."""
    if not os.path.lexists(folder):
        print_stderr(f"There is no folder {folder} yet: it is waited for. {TO_LEAVE}")
        while not os.path.lexists(folder):
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _study_in(folder: Path, *, waits: bool) -> WatchedStudy:
    watched = WatchedStudy(folder)
    picture = watched.look()
    is_empty = not picture.totals.n_runs and not picture.unreadable
    if is_empty and not waits:
        raise ConfigurationError(
            f"There are no experiments in {folder}: what has just begun is there after a few seconds. {USAGE}",
            value=str(folder),
        )
    if is_empty:
        print_stderr(f"There are no experiments in {folder} yet: they are waited for. {TO_LEAVE}")
    while not picture.totals.n_runs and not picture.unreadable:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        picture = watched.look()
    return watched


def _serve(watched: WatchedExperiment | WatchedStudy, port: int) -> NoReturn:
    steer = partial(ask_watched, watched) if isinstance(watched, WatchedExperiment) else None
    with serving(port, steer) as server:
        print_stdout(f"{server.address}\nThe page is for this machine alone. Ctrl-C ends it; what runs goes on.")
        show_on_page(watched, server)


def _port(words: Words) -> int | None:
    """The port of the page, 0 for any; ``None`` if there is to be no page."""
    typed = words.options.get(PORT)
    if SERVE not in words.flags:
        if typed is not None:
            raise ConfigurationError(f"{PORT}={typed} is of the page: type {SERVE} too. {USAGE}", option=PORT)
        return None
    if ONCE in words.flags:
        raise ConfigurationError(f"{ONCE} ends at once, and {SERVE} goes on: type one of them. {USAGE}", option=SERVE)
    if typed is None:
        return 0
    if not typed.isascii() or not typed.isdigit() or int(typed) not in PORTS:
        raise ConfigurationError(
            f"{PORT}={typed} must be a whole number from {PORTS[0]} to {PORTS[-1]}. Leave it out for any that is free.",
            option=PORT,
            value=typed,
        )
    return int(typed)


def _only_name(names: Sequence[str], options: Mapping[str, str], *, must_exist: bool) -> str:
    if len(names) > 1:
        raise ConfigurationError(f"`watch` takes one folder, and got {len(names)}: {' '.join(names)}. {USAGE}")
    if names:
        return names[0]
    folder = options.get(RESULTS_DIR, results_folder())
    if must_exist and not checked_path(folder, RESULTS_DIR).is_dir():
        raise ConfigurationError(f"{folder}, where results are, is no folder. {USAGE}", value=folder)
    return folder
