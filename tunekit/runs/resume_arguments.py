"""What is typed after ``python -m tunekit resume``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import attrs
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tunekit.config.single_values import option_meant, with_entries_alone, with_options_named
from tunekit.runs.trust import YES
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.records.files import checked_path

CHANGEABLE = ("stopping", "n_workers", "wait_for_running", "observers", "backend", "verbosity")
FOLDER = "benchmark.folder"
ACCEPT_SOURCES = "--changed-sources=accept"
UP_TO_DAMAGE = "--up-to-damage"
FLAGS = (ACCEPT_SOURCES, YES, UP_TO_DAMAGE)
USAGE = "Type: python -m tunekit resume FOLDER [stopping.max_wallclock_time=SECONDS …]"


@attrs.frozen
class ResumeArguments:
    """What is to go on, and how.

    Attributes:
        words: What was typed beside flags: the folder and overrides.
        folder: That of the experiment, as it was typed but for the home folder.
        changes: What is to be different from now on, by key of :data:`CHANGEABLE`.
        flags: Those of :data:`FLAGS` that were typed.
    """

    words: tuple[str, ...]
    folder: Path
    changes: Mapping[str, Any]
    flags: frozenset[str]


def parse_resume(arguments: Sequence[str]) -> ResumeArguments:
    """Sort them.

    Args:
        arguments: The folder, then overrides; flags anywhere.

    Raises:
        ConfigurationError: If there is no folder, or something is none of these.
    """
    flags = [argument for argument in arguments if argument.startswith("-")]
    for flag in flags:
        if flag not in FLAGS:
            raise ConfigurationError(
                f"`resume` has no flag '{flag}'. {suggestion(flag, FLAGS)}Flags: {' '.join(FLAGS)}. {USAGE}",
                option=flag,
            )
    words = [argument for argument in arguments if argument not in FLAGS]
    if not words or "=" in words[0]:
        raise ConfigurationError(f"`resume` needs the folder of an experiment. {USAGE}")
    return ResumeArguments(tuple(words), checked_path(words[0], "folder"), changes_of(words[1:]), frozenset(flags))


def changes_of(overrides: Sequence[str], usage: str = USAGE) -> Mapping[str, Any]:
    """What overrides change, by key of :data:`CHANGEABLE`.

    Args:
        overrides: As they were typed.
        usage: What to type, as the end of the message about a value that cannot be read.

    Raises:
        ConfigurationError: If one is no override, of a key that cannot be changed, or given twice.
    """
    for override in overrides:
        path = override.partition("=")[0]
        key = path.partition(".")[0]
        if "=" not in override or (key not in CHANGEABLE and path != FOLDER):
            raise ConfigurationError(
                f"{override}: an experiment that goes on keeps what it is. {suggestion(key, CHANGEABLE)}"
                f"Only these can be changed: "
                f"{', '.join(CHANGEABLE)}; {FOLDER}, where its program lies, if that was moved. {USAGE}",
                option=key,
                value=override,
            )
    keys = [override.partition("=")[0] for override in overrides]
    paths = [option_meant(key) for key in keys]
    for key, path in zip(keys, paths, strict=True):
        if paths.count(path) > 1:
            raise ConfigurationError(f"{key} is given twice: give it one value.", option=key)
    try:
        dotted = with_options_named(with_entries_alone(overrides))
        return cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.from_dotlist(dotted)))
    except (OmegaConfBaseException, YAMLError) as error:
        raise ConfigurationError(f"{' '.join(overrides)}: {error}. {usage}") from error
