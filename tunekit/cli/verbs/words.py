"""What is typed after a verb: flags, options of it, filters, and names of folders or experiments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import attrs

from tunekit.console import print_stdout
from tunekit.results.selection import FILTERS, USER_TAGS, is_filter, is_key_of_filter
from tunekit_core.errors import ConfigurationError, suggestion

HELP_FLAGS = ("--help", "-h")
DEBUG = "--debug"
RESULTS_DIR = "results_dir"

Word = TypeVar("Word", bound=str)


@attrs.frozen
class Words:
    """What was typed after a verb.

    Attributes:
        flags: Words that begin with a dash.
        options: By name the value of ``name=value``, for the names that the verb has itself.
        filters: Other words with an equals sign.
        names: All others.
    """

    flags: frozenset[str]
    options: dict[str, str]
    filters: tuple[str, ...]
    names: tuple[str, ...]


def sort_words(
    verb: str,
    arguments: Sequence[str],
    *,
    flags: Sequence[str],
    options: Sequence[str],
    takes_filters: bool,
    usage: str,
) -> Words:
    """Sort what was typed.

    Args:
        verb: The verb.
        arguments: What follows it.
        flags: Those that it has.
        options: Those that it has, beside filters.
        takes_filters: Whether it has filters.
        usage: What to type, as a sentence.

    Raises:
        ConfigurationError: If there is no such flag or option, an option is given twice, or a word is empty.
    """
    words = [word for word in arguments if word != DEBUG]
    if "" in words:
        raise ConfigurationError(
            f"`{verb}` was given a word that is empty, as a variable of the shell that is not set. {usage}"
        )
    typed = [word for word in words if word.startswith("-")]
    for flag in typed:
        if flag not in flags:
            there_are = f"Flags: {' '.join(flags)}. " if flags else ""
            raise ConfigurationError(
                f"`{verb}` has no flag '{flag}'. {suggestion(flag, flags)}{there_are}{usage}", option=flag
            )
    values: dict[str, str] = {}
    filters, names = [], []
    for word in words:
        key, _, value = word.partition("=")
        if word.startswith("-"):
            continue
        if not is_filter(word):
            names.append(word)
        elif key not in options and takes_filters and is_key_of_filter(key):
            filters.append(word)
        elif key not in options:
            raise _no_such_option(verb, word, options, takes_filters=takes_filters, usage=usage)
        elif key in values:
            raise ConfigurationError(f"{key} is given twice. {usage}", option=key)
        else:
            values[key] = value
    return Words(frozenset(typed), values, tuple(filters), tuple(names))


def _no_such_option(
    verb: str, word: str, options: Sequence[str], *, takes_filters: bool, usage: str
) -> ConfigurationError:
    key, _, value = word.partition("=")
    what, filters = ("option or filter", FILTERS) if takes_filters else ("option", ())
    there_are = [f"Options: {', '.join(options)}."] if options else []
    there_are += [f"Filters: {', '.join(filters)}, {USER_TAGS}NAME for a tag of yours."] if filters else []
    return ConfigurationError(
        f"{word}: `{verb}` has no {what} '{key}'. {suggestion(key, (*options, *filters))}{' '.join(there_are)} {usage}",
        option=key,
        value=value,
    )


def one_of(key: str, value: str, allowed: Iterable[Word]) -> Word:
    """A value that is one of a few.

    Raises:
        ConfigurationError: If it is none of them.
    """
    for word in allowed:
        if value == word:
            return word
    raise ConfigurationError(
        f"{key}={value}: there is no '{value}'. {suggestion(value, allowed)}Type {key}= and one of: "
        f"{', '.join(allowed)}.",
        option=key,
        value=value,
    )


def asks_for_help(arguments: Sequence[str], text: str) -> bool:
    """Whether help was asked for; it is printed then."""
    if not set(HELP_FLAGS) & set(arguments):
        return False
    print_stdout(text)
    return True
