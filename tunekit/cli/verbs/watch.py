"""``python -m tunekit watch``: experiments are shown while another process runs them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.interruption import raise_when_interrupted, write_last_line
from tunekit.cli.verbs.show import one_experiment, print_all_of
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help, sort_words
from tunekit.console import stdout_console
from tunekit.runs.interruption import exit_status
from tunekit.watch.experiment import WatchedExperiment
from tunekit.watch.showing import show_once, show_until_it_is_over
from tunekit_core.records.finding import list_experiment

ONCE = "--once"
FLAGS = (ONCE,)
HIGH = 1_000_000  # lines: of what is written once, nothing is left out
USAGE = "Type: python -m tunekit watch EXPERIMENT"
HELP = f"""Shows an experiment while it runs, whichever process on whichever machine runs it: only its folder is read.

Type: python -m tunekit watch EXPERIMENT [{ONCE}] [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it. You see what a run
shows of itself: trials that run and how far they are, the best so far, rungs, what is left, the newest failure. When
the experiment ends, what it has come to is printed as `show` prints it. Ctrl-C leaves: the experiment goes on.

  {ONCE}              show it as it is now, and end
  {RESULTS_DIR}=FOLDER  where a name or a hash is looked for

  watch results/demo/ASHA/height-0-ce2568586684
  watch ce256858"""


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
    words = sort_words("watch", arguments, flags=FLAGS, options=(RESULTS_DIR,), takes_filters=False, usage=USAGE)
    raise_when_interrupted()
    try:
        folder = one_experiment("watch", words.names, words.options, USAGE).path
        return _watch_one(folder, is_once=ONCE in words.flags)
    except KeyboardInterrupt:
        again = shlex.join(["python", "-m", "tunekit", "watch", *arguments])
        write_last_line(f"Left. What runs goes on, and is not changed by that. To see it again, type: {again}")
        return exit_status()


def _watch_one(folder: Path, *, is_once: bool) -> int:
    watched, console = WatchedExperiment(folder), stdout_console()
    picture = watched.look() if is_once else show_until_it_is_over(watched, console)
    if picture.is_over:
        print_all_of(list_experiment(picture.folder))
    else:
        show_once(picture, console, HIGH)
    return SUCCEEDED
