"""What somebody asks of an experiment that another process runs: it is checked, left in its folder, and answered."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import attrs
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tunekit.config.specs.end_words import changed_ends
from tunekit.live.snapshot import searched_values
from tunekit.results.going_on import how_to_go_on, is_of_command_line
from tunekit.runs.recorded import recorded_run
from tunekit.runs.steering import done, extension, extension_request, what_next
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.steering import Kind
from tunekit_core.errors import ConfigurationError
from tunekit_core.records.files import EVENTS
from tunekit_core.records.finding import ListedExperiment, list_experiment
from tunekit_core.records.requests import Sender
from tunekit_core.space import SearchSpace

SECONDS_TO_WAIT = 15.0


@attrs.frozen
class Answer:
    """What has become of something that was asked.

    Attributes:
        is_done: Whether it was done; else there was no answer in time, and it may be done later.
        text: That, for people.
    """

    is_done: bool
    text: str


@attrs.frozen
class _Prepared:
    """A request that is about to be made, checked as far as that is possible from outside.

    Attributes:
        given: What belongs to the request, in values of JSON.
        details: The values that it gives, for people.
    """

    given: Mapping[str, Any]
    details: Sequence[str] = ()


def ask(listed: ListedExperiment, kind: Kind, values: Sequence[str]) -> Answer:
    """Ask something of an experiment, and wait for its answer.

    Args:
        listed: The experiment.
        kind: What is asked.
        values: What belongs to it, as ``name=value``: options of ``stopping`` to extend it, hyperparameters to try.

    Raises:
        ConfigurationError: If it does not run, cannot be asked this, or refuses.
        RecordError: If its answer is none.
    """
    _check_takes_requests(listed)
    prepared = _prepared(kind, listed, values)
    try:
        with closing(Sender(listed.path)) as sender:
            nonce = sender.send(kind, prepared.given)
            reply = sender.wait(nonce, SECONDS_TO_WAIT)
            is_alone = reply is None and sender.withdraw(nonce)
    except OSError as error:
        raise ConfigurationError(
            f"Nothing can be asked of {listed.path}: {error.filename or listed.path}: {error.strerror}. Who steers an "
            "experiment writes into the folder `requests` in it."
        ) from error
    if is_alone:
        raise ConfigurationError(
            f"{listed.path} has ended before it answered, so that this was not done: {kind.value}. "
            f"{how_to_go_on(list_experiment(listed.path))}",
            option=kind.value,
        )
    if reply is None:
        return Answer(
            is_done=False,
            text=f"No answer within {SECONDS_TO_WAIT:.0f} s: it is done when the experiment takes requests again, as "
            f"after a long suggestion, and not at all if its process ends before. To see: python -m tunekit show "
            f"{shlex.quote(str(listed.path))}",
        )
    if reply.refusal:
        raise ConfigurationError(f"{listed.path} refused to {kind.value}: {reply.refusal}", option=kind.value)
    did, next_step = done(kind, prepared.details, is_held=reply.is_held), what_next(listed.path, is_held=reply.is_held)
    return Answer(is_done=True, text=f"{listed.name}: {did}.{next_step}")


def _check_takes_requests(listed: ListedExperiment) -> None:
    """See that an experiment can be asked something.

    Raises:
        ConfigurationError: If no process runs it, or it keeps no record, by which it would be asked.
    """
    if listed.status is not ExperimentStatus.RUNNING:
        raise ConfigurationError(f"{listed.path} does not run: it is {listed.status.value}. {how_to_go_on(listed)}")
    if not (listed.path / EVENTS).exists():
        raise ConfigurationError(
            f"{listed.path} takes no requests: it keeps no record of events, as simulated experiments, which end "
            "within seconds."
        )


def can_get_another_end(metadata: Mapping[str, Any]) -> bool:
    """Whether the ends of an experiment are options, as those of the command line are, and no arguments of a call."""
    config = metadata.get("config")
    ends = config.get("stopping") if isinstance(config, Mapping) else None  # a program in Python may write anything
    is_run = isinstance(ends, Mapping) and all(isinstance(options, Mapping) for options in ends.values())
    return is_run and is_of_command_line(metadata)


def _prepared(kind: Kind, listed: ListedExperiment, values: Sequence[str]) -> _Prepared:
    if kind is Kind.TRY:
        space = SearchSpace.from_json(listed.metadata["search_space"])
        configuration = space.complete(_typed_values(space, values))
        return _Prepared({"configuration": dict(configuration)}, searched_values(space.searched, configuration))
    if kind is Kind.EXTEND:
        if not can_get_another_end(listed.metadata):
            raise ConfigurationError(
                f"{listed.path} was made by a program in Python: stop it, and call that with another end and "
                "resume=True."
            )
        spec = recorded_run(listed.path, listed.metadata, {})
        extended = extension(listed.path, spec, values)
        return _Prepared(extension_request(spec, values), changed_ends(spec.results, extended.results))
    if values:
        raise ConfigurationError(f"To {kind.value} takes no values, and {' '.join(values)} was given: leave that out.")
    return _Prepared({})


def _typed_values(space: SearchSpace, words: Sequence[str]) -> dict[str, Any]:
    """The values of hyperparameters that are typed as ``name=value``; names may hold dots."""
    typed: dict[str, Any] = {}
    for word in words:
        name, _, text = word.partition("=")
        if name in typed:
            raise ConfigurationError(f"{name} is given twice: give it one value.", option=name)
        try:
            read: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
        except (OmegaConfBaseException, YAMLError) as error:
            raise ConfigurationError(f"{word} cannot be read: {error}", option=name, value=text) from error
        typed[name] = read["value"]
    if not typed:
        raise ConfigurationError(
            f"To try a configuration takes a value of at least one of: {', '.join(space.searched)}."
        )
    return typed
