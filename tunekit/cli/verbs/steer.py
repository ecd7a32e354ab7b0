"""``python -m tunekit steer``: an experiment that runs is paused, stopped, extended, or tries a configuration."""

from __future__ import annotations

from collections.abc import Sequence

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.verbs.show import one_experiment
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help
from tunekit.console import print_stderr, print_stdout
from tunekit.runs.asking import SECONDS_TO_WAIT, ask
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import ConfigurationError, suggestion

KINDS = tuple(kind.value for kind in Kind)
USAGE = "Type: python -m tunekit steer EXPERIMENT pause|continue|stop|extend|try"
HELP = f"""Steers an experiment that runs, from any terminal or machine that can write into its folder.

Type: python -m tunekit steer EXPERIMENT WHAT [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it. WHAT is one of:

  pause                               nothing new begins; what runs goes on to where it is decided on
  continue                            it goes on
  stop                                it ends as after Ctrl-C: `resume` or the same command has it go on. Of a sweep
                                      that runs in one process, all of it ends
  extend stopping.OPTION=VALUE …      it gets another end, later or sooner; one of null is taken from it. It is another
                                      run then, and its folder gets another name when it has ended
  try NAME=VALUE …                    this configuration is tried next; what is not named has its default

It is asked through a file in its folder, and answers within a second or so: status 0 if it was done, 2 if it was
refused, 1 if there was no answer within {SECONDS_TO_WAIT:.0f} s. What is done is recorded with the events of the
experiment. Simulated experiments take no requests: they end within seconds.

  steer ce256858 pause
  steer ce256858 extend stopping.max_wallclock_time=7200
  steer ce256858 try optim.lr=0.001 units=64"""


def steer_experiment(arguments: Sequence[str]) -> int:
    """Ask, and wait for the answer.

    Args:
        arguments: What follows ``steer``.

    Returns:
        The exit status.

    Raises:
        TunekitError: If there is no such experiment, it does not run, or cannot be asked this.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    names, options, values = _sorted(arguments)
    if len(names) != 2:
        raise ConfigurationError(
            f"`steer` takes an experiment and what is asked of it, and got {' '.join(names) or 'nothing'}. {USAGE}"
        )
    listed = one_experiment("steer", names[:1], options, USAGE)
    answer = ask(listed, _kind(names[1]), values)
    if not answer.is_done:
        print_stderr(answer.text, style="yellow")
        return SOME_FAILED
    print_stdout(answer.text)
    return SUCCEEDED


def _sorted(arguments: Sequence[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """Names, the folder of results if it was typed, and all else with an equals sign."""
    names: list[str] = []
    values: list[str] = []
    options: dict[str, str] = {}
    for word in arguments:
        key, equals, value = word.partition("=")
        if word.startswith("-") and word != "--debug":
            raise ConfigurationError(f"`steer` has no flag '{word}'. {USAGE}", option=word)
        if not equals and word != "--debug":
            names.append(word)
        elif key == RESULTS_DIR and len(names) < 2:
            options[key] = value
        elif equals:
            values.append(word)
    return names, options, values


def _kind(word: str) -> Kind:
    if word not in KINDS:
        raise ConfigurationError(
            f"`steer` cannot '{word}'. {suggestion(word, KINDS)}It can {', '.join(KINDS)}. {USAGE}", option=word
        )
    return Kind(word)
