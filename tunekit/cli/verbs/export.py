"""``python -m tunekit export``: the best configuration of an experiment, to be used elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.verbs.show import one_experiment
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help, one_of, sort_words
from tunekit.console import write_stdout
from tunekit.results.exported import FORMS, exported

AS = "as"
USAGE = f"Type: python -m tunekit export EXPERIMENT [{AS}={'|'.join(FORMS)}]"
HELP = f"""Prints the best configuration of an experiment, each value exactly as its trial had it, with its type.

Type: python -m tunekit export EXPERIMENT [{AS}={"|".join(FORMS)}] [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these, as for `show`. Of an experiment that
still runs, or was interrupted, it is the best so far.

  {AS}=yaml           the default
  {AS}=points         an options file with which a search begins: saved as FOLDER/experiment/best.yaml, type
                    python -m tunekit method=ASHA +experiment=best --config-dir FOLDER
  {AS}=json           an object in one line
  {AS}=command        the command that ran the trial, where trials run a script; it runs to the last resource
  {AS}=python         a literal of a dict, as in run(**{{"lr": 0.01}})

  export ce256858 > best.yaml
  export ce256858 {AS}=json | jq .hp_init_lr
  eval "$(python -m tunekit export ce256858 {AS}=command)" """.rstrip()


def export_configuration(arguments: Sequence[str]) -> int:
    """Print the configuration.

    Args:
        arguments: What follows ``export``.

    Returns:
        The exit status.

    Raises:
        TunekitError: If there is no such experiment, it has no best configuration, or it runs no script.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("export", arguments, flags=(), options=(AS, RESULTS_DIR), takes_filters=False, usage=USAGE)
    form = one_of(AS, words.options.get(AS, "yaml"), tuple(FORMS))
    write_stdout(exported(one_experiment("export", words.names, words.options, USAGE).load(), form) + "\n")
    return SUCCEEDED
