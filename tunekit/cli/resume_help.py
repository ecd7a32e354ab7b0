"""``python -m tunekit resume --help``."""

from __future__ import annotations

from tunekit.console import print_stdout
from tunekit.runs.resume_arguments import CHANGEABLE, USAGE

TEXT = f"""Goes on with an experiment that was interrupted, from its record, or lets a complete one run to a later end.

{USAGE}

FOLDER is that of one experiment: it holds metadata.json and events.jsonl. Experiments on a simulated clock keep no
record: typing their command again runs what is missing.

Without more, the experiment goes on as it was begun. These can be changed, each as on the command line of a run:
  {", ".join(CHANGEABLE)}

  resume FOLDER                                        as it was, after a crash or Ctrl-C
  resume FOLDER stopping.max_wallclock_time=7200       to a later end; the folder is renamed, since it is another run
  resume FOLDER n_workers=8                            with more trials at the same time
  resume FOLDER backend.trial_timeout=600              with other options of the same backend
  resume FOLDER benchmark.folder=NEW                   where the folder of its program was moved
  resume FOLDER --changed-sources=accept               with a program that was edited since: results of both versions
  resume FOLDER --yes                                  though another user made it, who says so what is run as you
  resume FOLDER --up-to-damage                         from what comes before the damage in its record; the rest is kept

The command that made the experiment does the same as `resume FOLDER`: what is interrupted goes on."""


def show_resume_help() -> int:
    """Print the page.

    Returns:
        The exit status.
    """
    print_stdout(TEXT)
    return 0
