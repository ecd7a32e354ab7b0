"""Hydra's errors in our words: what was typed, what exists, what to type next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from glob import escape
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from tunekit.config.arguments import COMMAND, LAUNCHER
from tunekit.config.composition.grammar_errors import cannot_be_read
from tunekit.config.composition.launcher import find_launcher
from tunekit.config.composition.source import LIBRARIES_ADD
from tunekit.config.composition.sweep_options import EXAMPLES, SWEEPER
from tunekit.config.free_names import decoded_text
from tunekit.config.options_files.files import split_path, typed_files
from tunekit.config.options_files.offered import groups
from tunekit.config.other_names import meant_by
from tunekit.config.schema import COMPONENTS, KEYS, RECIPES, unknown_key
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.plugins.known import where_to_find
from tunekit_core.plugins.names import split_name

COULD_NOT_OVERRIDE = re.compile(r"Could not override '([^']*)'")
SEVERAL_VALUES = re.compile(r"Multiple values for ([^.]*)\.")
NEEDS_MULTIRUN = re.compile(r"Sweep parameters '([^']*)' requires --multirun|Ambiguous value for argument '([^']*)'")
SWEEPS_OVER_HYDRA = re.compile(r"Sweeping over Hydra's configuration is not supported : '([^']*)'")
NOT_A_NAME = "Config group override must be a string or a list"
NO_GROUP = re.compile(r"config group '([^']*)' does not")
NO_KEY = re.compile(r"Interpolation key '([^']*)' not found")
NOT_SET = re.compile(r"Environment variable '([^']*)' not found")
NOT_DELETED = re.compile(r"Could not delete (?:from config\. )?'([^']*)'")
NOT_OF_SWEEPER = re.compile(r"Key '([^']*)' not in 'TunekitSweeperConf'")
LIST_WITH_CALL = "Unexpected type annotation: Set"
NOT_MERGED = re.compile(r"Error merging override (.*)", re.DOTALL)
SWEEPER_OPTIONS = (
    *("zip", "also", "exclude", "repeats", "until"),  # which runs there are
    *("n_jobs", "skip_initial_experiments", "only", "shard", "plan"),  # which of them are run, and how
    "params",
)


def explain(error: Exception) -> str:
    """One clear message for what went wrong while Hydra composed."""
    return decoded_text(_explain(error, LIBRARIES_ADD.sub("", _text(error))))


def _explain(error: Exception, text: str) -> str:
    if isinstance(error, MissingConfigException):
        return _missing_file(error, text)
    if isinstance(error, OverrideParseException):
        return cannot_be_read(str(error.override))
    if match := NOT_SET.search(text):
        return _not_set(match[1], getattr(error, "full_key", None))
    if match := NO_KEY.search(text):
        return _no_key(match[1], getattr(error, "full_key", None))
    if match := NOT_DELETED.search(text):
        return f"'~{match[1]}' takes something out that is not there. Leave it out."
    if match := NOT_MERGED.fullmatch(str(error)):
        return _not_merged(match[1].lstrip("+"))
    if match := NOT_OF_SWEEPER.search(text):
        return _unknown_of_sweeper(match[1])
    if LIST_WITH_CALL in text:
        return (
            "A call such as range(3) cannot stand in a list with other values. Write out its values, or give the "
            "others in a block of their own, as in hydra.sweeper.also=[{seed: 7}]."
        )
    if match := COULD_NOT_OVERRIDE.search(text):
        return _unknown(match[1], text)
    if match := NO_GROUP.search(text):
        return _unknown(match[1], text)
    if match := NEEDS_MULTIRUN.search(text):
        argument = (match[1] or match[2]).lstrip("+")
        return f"'{argument}' gives several values: add --multirun to run them all, or write [a,b] for one list."
    if match := SWEEPS_OVER_HYDRA.search(text):
        return f"'{match[1]}' gives several values, and what is below hydra has one for the whole sweep. Type one."
    if match := SEVERAL_VALUES.search(text):
        return f"{match[1]} is chosen twice, on the command line or by a recipe as well. Leave one of them out."
    if NOT_A_NAME in text:
        names = ", ".join((*RECIPES, *COMPONENTS))
        return f"Each of {names} takes one name, such as searcher=random; it cannot be left empty."
    if isinstance(error, HydraException | OmegaConfBaseException):
        return f"The configuration cannot be composed: {text}"
    return f"{type(error).__name__} while the configuration was composed: {text} (type --debug to see where)"


def _text(error: BaseException) -> str:
    """The message of the error and of what caused it, on one line."""
    parts = [str(error)]
    cause = error.__cause__
    while cause is not None:
        parts.append(str(cause))
        cause = cause.__cause__
    return " ".join(" ".join(part.split()) for part in parts if part)


def _missing_file(error: MissingConfigException, text: str) -> str:
    path = error.missing_cfg_file or ""
    if path.startswith(f"{LAUNCHER}/"):
        try:
            find_launcher(path.removeprefix(f"{LAUNCHER}/"))
        except ConfigurationError as refusal:
            return str(refusal)
    group, name = split_path(path)
    if not group:
        return f"The configuration cannot be composed: {text}"
    return _not_installed(group, name, error.options or ())


def _not_installed(group: str, name: str, known: Iterable[str]) -> str:
    options = sorted({*groups().get(group, {}), *(set(known) - typed_files(group).keys())})  # with the user's own
    close = meant_by(group, name, options) or suggestion(name, options)
    message = f"There is no {group} '{name}'. {_of_own(group, name)}{close}Installed: {', '.join(options) or 'none'}."
    return message + where_to_find(group, split_name(name)[1])


def _of_own(group: str, name: str) -> str:
    """A sentence about an options file of that name in a folder here that was not named, with what to type."""
    found = sorted(Path().glob(f"*/{escape(group)}/{escape(name)}.yaml"))
    return f"There is {found[0]} here: add --config-dir {shlex.quote(found[0].parts[0])}. " if found else ""


def _not_set(variable: str, option: str | None) -> str:
    written = f"${{oc.env:{variable}}}"
    return (
        f"{option or 'An option'} is made of {written}, and there is no variable {variable} in the environment. Set it "
        f"before, export {variable}=…, or give what holds without it: '${{oc.env:{variable},…}}'."
    )


def _no_key(key: str, option: str | None) -> str:
    message = (
        f"{option or 'An option'} is made of ${{{key}}}, which stands for another option, and there is no '{key}'. "
    )
    if option == COMMAND:
        return (
            f"{message}A placeholder has no dollar: {{{key}}}. What is left to the program itself is written "
            f"\\${{{{{key}}}}}."
        )
    return f"{message}Write \\${{{key}}} for text that says so."


def _not_merged(typed: str) -> str:
    name = typed.partition("=")[0].removeprefix(SWEEPER)
    if typed.startswith(SWEEPER) and name in EXAMPLES:
        return f"{typed} does not fit. It is written as {EXAMPLES[name]}"
    return f"'{typed}' does not fit. Type `python -m tunekit --cfg hydra` for what there is."


def _unknown_of_sweeper(name: str) -> str:
    option, dot, _ = name.partition(".")
    if option == "params":
        return f"{SWEEPER}params is what the file of a study has. Type its keys by themselves, such as seed=3."
    if dot and option in EXAMPLES:
        return (
            f"There is no option '{SWEEPER}{name}': {SWEEPER}{option} is given as a whole, such as {EXAMPLES[option]}."
        )
    close = suggestion(name, SWEEPER_OPTIONS)
    return f"There is no option '{SWEEPER}{name}'. {close}Below {SWEEPER} there are: {', '.join(SWEEPER_OPTIONS)}."


def _unknown(key: str, text: str) -> str:
    first, _, _ = key.partition(".")
    if key.startswith(SWEEPER):
        return _unknown_of_sweeper(key.removeprefix(SWEEPER))
    if first not in (*KEYS, "hydra"):
        return unknown_key(first)
    return f"There is no option '{key}'. Type `python -m tunekit --cfg hydra` for those that begin with hydra."
