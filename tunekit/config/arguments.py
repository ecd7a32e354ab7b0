"""The command line, brought into the one form that every version of Hydra understands.

Hydra 1.3 refuses overrides on both sides of a flag, wants a ``+`` for some groups and none for others, and a ``+``
for every key that no options file mentions. It takes ``loguniform(1e-4,1e-1)`` for a call of a function of its own.
Here flags come first, and each override gets the prefix and the quotes that it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import attrs

from tunekit.config.free_names import check_typed, encoded_free_key
from tunekit.config.hydra_values import readable, readable_calls, readable_entry, readable_text
from tunekit.config.qualified_keys import encoded_key
from tunekit.config.schema import COMPONENTS, FREE, KEYS, OPEN, RECIPES, SEVERAL, VALUES
from tunekit.config.single_values import with_entries_alone, with_options_named
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.plugins.registry import registry

VERBS = ("plugins", "resume", "init", "ls", "report", "plot", "show", "explain", "watch", "steer", "export", "rm")
LAUNCHER = "hydra/launcher"  # a group of Hydra's: where runs are run
REPLACED = ("hydra.sweeper.repeats", "hydra.sweeper.until")  # mappings that are typed as a whole
WITH_CALLS = ("hydra.sweeper.also", "hydra.sweeper.exclude", *REPLACED)  # in whose values there may be calls
SWEEPER_GROUP, SWEEPER_NAME = "hydra/sweeper", "tunekit"
PLAN, PLAN_KEY = "--plan", "hydra.sweeper.plan"
OWN_FLAGS = ("--help", "-h", "--version", "--debug")
CONFIG_DIR = ("--config-dir", "-cd")
CFG, PACKAGE = ("--cfg", "-c"), ("--package", "-p")
CFG_CHOICES = ("job", "hydra", "all")
FLAGS_WITH_VALUE = (
    *(*CFG, *PACKAGE, "--config-path", "-cp", "--config-name", "-cn"),
    *(*CONFIG_DIR, "--experimental-rerun"),
)
PLAIN_FLAGS = ("--resolve", "--run", "-r", "--multirun", "-m", "--hydra-help", "--shell-completion", "-sc")
INFO_FLAGS = ("--info", "-i")
COMMAND_FLAGS = (*CFG, "--experimental-rerun", *INFO_FLAGS, *PLAIN_FLAGS)  # of which Hydra takes one
INFO_TOPICS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
SPACE = "benchmark.space."
COMMAND, PATTERNS = "benchmark.command", "benchmark.metrics."  # texts in which any sign may stand
OF_LAUNCHER = "hydra.launcher."
OVERRIDE = re.compile(r"(?P<prefix>\+\+|\+|~)?(?P<key>[^=@+~]+)(?P<rest>(@[^=]*)?(=.*)?)", re.DOTALL)


@attrs.frozen
class CommandLine:
    """What the user typed after the name of the program.

    Attributes:
        own: Flags that this application answers itself, long form.
        flags: Flags for Hydra, each with its value joined to it or after it.
        overrides: The rest, in order, each with the prefix and the quotes that Hydra wants.
        shown: With ``--cfg job`` the dotted name of the part to show, empty for all; else ``None``.
    """

    own: frozenset[str]
    flags: tuple[str, ...]
    overrides: tuple[str, ...]
    shown: str | None = None

    @property
    def for_hydra(self) -> list[str]:
        """Flags with their values, then overrides."""
        return [*self.flags, *self.overrides]

    @property
    def names_no_command(self) -> bool:
        """Whether Hydra would decide by itself between a run and a sweep."""
        return not any(flag.partition("=")[0] in COMMAND_FLAGS for flag in self.flags)

    @property
    def config_dir(self) -> str | None:
        """The user's own folder of options files."""
        for flag, following in zip_longest(self.flags, self.flags[1:]):
            name, equals, value = flag.partition("=")
            if name in CONFIG_DIR:
                return value if equals else following
        return None


def parse(arguments: Sequence[str]) -> CommandLine:
    """Sort arguments into flags and overrides.

    Raises:
        ConfigurationError: If a flag is unknown or lacks its value, or an argument is neither flag nor override.
    """
    own: set[str] = set()
    flags: list[str] = []
    overrides: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument in OWN_FLAGS:
            own.add("--help" if argument == "-h" else argument)
        elif argument == PLAN:
            overrides.append(f"{PLAN_KEY}=true")
        elif argument in PLAIN_FLAGS:
            flags.append(argument)
        elif argument.partition("=")[0] in FLAGS_WITH_VALUE:
            flags.append(argument)
            if "=" not in argument:
                flags.append(_value_of(argument, rest))
        elif argument in INFO_FLAGS:
            flags.append("--info=" + (rest.pop(0) if rest and rest[0] in INFO_TOPICS else "all"))
        elif argument.startswith("-"):
            raise ConfigurationError(_unknown_flag(argument), option=argument)
        else:
            overrides.append(argument)
    _check_overrides(overrides)
    shown = _take_shown(own, flags)
    return CommandLine(frozenset(own), tuple(flags), tuple(with_prefixes(with_entries_alone(overrides))), shown)


def _take_shown(own: set[str], flags: list[str]) -> str | None:
    """What ``--cfg job`` is to show; its flags are taken out, since Hydra does not know the options of components."""
    chosen, shown = None, ""
    others: list[str] = []
    rest = list(flags)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in FLAGS_WITH_VALUE and not equals:
            value = rest.pop(0)
        if name in CFG:
            chosen = value
        elif name in PACKAGE:
            shown = value
        elif name != "--resolve":
            others += [f"{name}={value}"] if equals else [name, value] if name in FLAGS_WITH_VALUE else [name]
    if chosen not in (None, *CFG_CHOICES):
        raise ConfigurationError(
            f"--cfg {chosen}: there is nothing to show by that name. {suggestion(chosen, CFG_CHOICES)}"
            f"Allowed: {', '.join(CFG_CHOICES)}. Type --cfg job for the configuration of a run.",
            option="--cfg",
            value=chosen,
        )
    if chosen != "job":
        return None
    if "--resolve" in flags:
        own.add("--resolve")
    flags[:] = others
    return shown


def with_prefixes(overrides: Iterable[str]) -> list[str]:
    """Give each override the prefix with which Hydra accepts it, whatever prefix it has, and domains quotes.

    Recipes (``method``, ``experiment``) get ``+`` since they are not in the defaults list of the primary config,
    groups and single values get none, and what lies inside a group or mapping gets ``++``: whether the key exists
    is checked by the class whose option it is, which knows better than the options file. What begins like a call and
    stands below ``benchmark.space`` is a domain, also ``choice(…)``: there, it is no sweep. Texts with signs that Hydra
    does not take bare get quotes too, such as paths that begin with a tilde, and names become keys.

    >>> with_prefixes(["method=RS", "+benchmark=fcnet", "stopping.max_cost=3", "~tags"])
    ['+method=RS', 'benchmark=fcnet', '++stopping.max_cost=3', '~tags']
    >>> with_prefixes(["benchmark.space.lr=uniform(0,1)"])
    ["++benchmark.space.lr='uniform(0,1)'"]
    """
    stated = with_options_named([override for override in overrides if not _leaves_open(override)])
    for override in stated:
        _check_is_no_list(override)
    prefixed = [_with_prefix(override) for override in stated]
    return [each for override in prefixed for each in (*_emptied(override), override)]


def _emptied(override: str) -> list[str]:
    """What has a mapping take the place of that in a file: Hydra would put its entries beside those that are there."""
    key, _, value = override.partition("=")
    return [f"{key}=null"] if key in REPLACED and value.startswith("{") else []


def _check_is_no_list(override: str) -> None:
    """Of a list Hydra would take the last in place of all others, without a word."""
    key, _, value = override.lstrip("+").partition("=")
    if key in (*COMPONENTS, *RECIPES) and value.startswith("[") and value.endswith("]"):
        names = value.strip("[]").replace("'", "").replace('"', "").replace(" ", "")
        raise ConfigurationError(
            f"{key}={value} is a list, and of a run there is one {key}. Type several with commas, in a file too, "
            f"such as --multirun {key}={names or 'A,B'}",
            option=key,
            value=value,
        )


def _leaves_open(override: str) -> bool:
    """Whether it says of a component what holds if nothing is said: Hydra takes no null where a name is expected."""
    key, _, value = override.lstrip("+").partition("=")
    return key in (*OPEN, LAUNCHER) and value == "null"


def _with_prefix(override: str) -> str:
    match = OVERRIDE.fullmatch(override)
    if match is None:
        return override
    key = key_for_hydra(match["key"])
    if match["prefix"] == "~":
        return "~" + key + match["rest"]
    group = key.partition(".")[0]
    if key in RECIPES:
        prefix = "+"
    elif key in COMPONENTS or key in VALUES or key == LAUNCHER:
        prefix = ""
    elif group in (*COMPONENTS, *RECIPES, *SEVERAL, *FREE) or key.startswith(OF_LAUNCHER):
        prefix = "++"
    elif key in WITH_CALLS:
        return f"{key}={readable_calls(match['rest'].removeprefix('='))}"
    else:
        return override
    before, equals, value = match["rest"].partition("=")
    return prefix + key + before + equals + _value(key, value)


def key_for_hydra(key: str) -> str:
    """A dotted key, in which names that Hydra does not take are written otherwise."""
    return encoded_free_key(encoded_key(key))


def _value(key: str, value: str) -> str:
    """What is typed for a key, as Hydra's grammar takes it."""
    if key.startswith(SPACE):
        return readable_entry(value)
    return readable_text(value) if key == COMMAND or key.startswith(PATTERNS) else readable(value)


def _value_of(flag: str, rest: list[str]) -> str:
    if not rest:
        raise ConfigurationError(f"The flag {flag} needs a value after it.", option=flag)
    return rest.pop(0)


def _unknown_flag(flag: str) -> str:
    flags = [*OWN_FLAGS, PLAN, *PLAIN_FLAGS, *FLAGS_WITH_VALUE, *INFO_FLAGS]
    long_flags = sorted(name for name in flags if name.startswith("--"))
    return (
        f"There is no flag '{flag}'. {suggestion(flag, long_flags)}Flags: {' '.join(long_flags)}. "
        "Options are written key=value, such as seed=3."
    )


def _check_overrides(overrides: Sequence[str]) -> None:
    for override in overrides:
        check_typed(override)
        key, equals, _ = override.lstrip("+").partition("=")
        if equals and key in ("", "hydra"):
            raise ConfigurationError(
                f"'{override}' sets nothing: options are written key=value, such as seed=3, and those of Hydra have a "
                "name after a dot, such as hydra.sweeper.n_jobs=4.",
                option=override,
            )
        if key == SWEEPER_GROUP and override.partition("=")[2] != SWEEPER_NAME:
            raise ConfigurationError(
                f"'{override}': sweeps are made by tunekit's own sweeper, over lists of values. What is searched "
                "belongs to the benchmark's search space, and how it is searched to method. Leave this out.",
                option=SWEEPER_GROUP,
            )
        if not equals and key.partition(".")[0] in KEYS and not override.startswith("~"):
            raise ConfigurationError(f"'{override}' lacks its value: type {override}=VALUE.", option=override)
        if "=" not in override and not override.startswith("~"):
            commands = [*VERBS, *registry().commands()]
            close = suggestion(override, [*commands, *KEYS])
            raise ConfigurationError(
                f"'{override}' is neither a command nor of the form key=value. {close}"
                f"Commands: {', '.join(commands)}. Options are written key=value, such as seed=3 or searcher=random.",
                option=override,
            )
