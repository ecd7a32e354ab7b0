"""``python -m tunekit steer``: an experiment that runs is paused, stopped, extended, or tries a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.verbs.show import one_experiment
from tunekit.cli.verbs.words import RESULTS_DIR, asks_for_help
from tunekit.console import print_stderr, print_stdout
from tunekit.runs.recorded import recorded_run
from tunekit.runs.resuming import FUNCTION_BENCHMARK
from tunekit.runs.steering import DONE, extension, extension_request
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.records.files import EVENTS
from tunekit_core.records.finding import ListedExperiment
from tunekit_core.records.requests import Sender
from tunekit_core.space import SearchSpace

KINDS = tuple(kind.value for kind in Kind)
SECONDS_TO_WAIT = 15.0
USAGE = "Type: python -m tunekit steer EXPERIMENT pause|continue|stop|extend|try"
HELP = f"""Steers an experiment that runs, from any terminal or machine that can write into its folder.

Type: python -m tunekit steer EXPERIMENT WHAT [{RESULTS_DIR}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it. WHAT is one of:

  pause                               nothing new begins; what runs goes on to where it is decided on
  continue                            it goes on
  stop                                it ends as after Ctrl-C: `resume` or the same command has it go on. Of a sweep
                                      that runs in one process, all of it ends
  extend stopping.OPTION=VALUE …      it gets another end. It is another run then, and its folder gets another name
                                      when it has ended
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
    kind = _kind(names[1])
    listed = one_experiment("steer", names[:1], options, USAGE)
    _check_runs(listed)
    given = _given(kind, listed, values)
    try:
        with closing(Sender(listed.path)) as sender:
            refusal = sender.wait(sender.send(kind, given), SECONDS_TO_WAIT)
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can be asked of {listed.path}: {error.filename or listed.path}: {error.strerror}. Who steers an "
            "experiment writes into the folder `requests` in it."
        ) from error
    if refusal is None:
        print_stderr(
            f"No answer within {SECONDS_TO_WAIT:.0f} s: it is done as soon as the experiment takes requests again, as "
            f"after a long suggestion. To see: python -m tunekit show {listed.path}",
            style="yellow",
        )
        return SOME_FAILED
    if refusal:
        raise ConfigurationError(f"{listed.path} refused to {kind.value}: {refusal}", option=kind.value)
    print_stdout(f"{listed.name}: {DONE[kind]}.")
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


def _check_runs(listed: ListedExperiment) -> None:
    if listed.status is not ExperimentStatus.RUNNING:
        raise ConfigurationError(
            f"{listed.path} does not run: it is {listed.status.value}. To have it go on, type: "
            f"python -m tunekit resume {listed.path}"
        )
    if not (listed.path / EVENTS).exists():
        raise ConfigurationError(
            f"{listed.path} takes no requests: it keeps no record of events, as simulated experiments, which end "
            "within seconds."
        )


def _given(kind: Kind, listed: ListedExperiment, values: Sequence[str]) -> dict[str, Any]:
    """What belongs to a request, checked as far as it can be here."""
    if kind is Kind.TRY:
        return {"configuration": _configuration(listed, values)}
    if kind is Kind.EXTEND:
        if listed.metadata.get("benchmark") == FUNCTION_BENCHMARK or "config" not in listed.metadata:
            raise ConfigurationError(
                f"{listed.path} was made by a program in Python: stop it, and call that with another end and "
                "resume=True."
            )
        spec = recorded_run(listed.path, listed.metadata, {})
        extension(listed.path, spec, values)
        return extension_request(spec, values)
    if values:
        raise ConfigurationError(f"`steer … {kind.value}` takes no values, and got {' '.join(values)}. {USAGE}")
    return {}


def _configuration(listed: ListedExperiment, values: Sequence[str]) -> dict[str, Any]:
    """The configuration that is typed as ``name=value``; names may hold dots."""
    space = SearchSpace.from_json(listed.metadata["search_space"])
    typed: dict[str, Any] = {}
    for word in values:
        name, _, text = word.partition("=")
        if name in typed:
            raise ConfigurationError(f"{name} is given twice. {USAGE}", option=name)
        try:
            read: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
        except (OmegaConfBaseException, YAMLError) as error:
            raise ConfigurationError(f"{word} cannot be read: {error}", option=name, value=text) from error
        typed[name] = read["value"]
    if not typed:
        names = ", ".join(space.searched)
        raise ConfigurationError(f"`steer … try` needs a value of at least one of: {names}. {USAGE}")
    return dict(space.complete(typed))
