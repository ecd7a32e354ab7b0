"""What a script takes: its arguments, in the order in which they are declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from tunekit.init.values import UNKNOWN

Kind = Literal["float", "int", "bool", "text"]
Form = Literal["option", "short", "flag", "no_flag", "equals", "positional", "override", "in_file"]
"""How it is typed, in this order: ``--a 1``, ``-a 1``, ``--a``, ``--a`` or ``--no-a``, ``--a=True``, ``1``, ``a=1``; or
that it stands in a file."""


@attrs.frozen(kw_only=True)
class Argument:
    """One argument.

    Attributes:
        name: What it is called in the space: as it is typed, without dashes before it.
        form: How it is typed.
        flag: What stands before its value, such as ``-l``; two dashes and its name unless given.
        line: Where it is declared.
        kind: What its value is.
        default: ``None`` for none, ``UNKNOWN`` for one that cannot be read.
        choices: Its values, if they are a few.
        bounds: The least and the largest number, ``None`` where there is none.
        is_required: Whether it has to be given.
        is_list: Whether several values stand behind it.
        help: What the script says about it.
        obstacle: Why it cannot be searched; empty if it can.
        file: The file of settings that it names, whose entries are arguments as well.
        subject: What it is about, where its name says something else: ``--no-bn`` is about ``bn``.
    """

    name: str
    form: Form
    line: int
    flag: str = ""
    kind: Kind = "text"
    default: Any = None
    choices: tuple[Any, ...] | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    is_required: bool = False
    is_list: bool = False
    help: str = ""
    obstacle: str = ""
    file: str = ""
    subject: str = ""


@attrs.frozen(kw_only=True)
class Level:
    """The script itself, or one of its commands.

    Attributes:
        words: What is typed before its arguments: the name of the command, or nothing.
        arguments: Those that it takes itself.
        other_commands: Those that could be typed in place of this one.
    """

    words: tuple[str, ...] = ()
    arguments: Sequence[Argument] = ()
    other_commands: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Interface:
    """What a script takes, read by one reader.

    Attributes:
        reader: What reads its arguments when it runs, such as ``"argparse"``.
        levels: The script, then the command of it that trains, if it has several.
        notes: What could not be read, as sentences.
        words: What is typed behind all arguments.
        prints_log: Whether what it logs is on standard output.
    """

    reader: str
    levels: Sequence[Level]
    notes: Sequence[str] = ()
    words: tuple[str, ...] = ()
    prints_log: bool = False

    @property
    def arguments(self) -> list[Argument]:
        """Those of all levels."""
        return [argument for level in self.levels for argument in level.arguments]


TRAINS = ("train", "fit", "pretrain", "finetune", "learn", "main", "run", "tune")


def command_that_trains(commands: dict[str, int]) -> str:
    """The one of several commands that looks like training: by its name, or else by what it takes.

    Args:
        commands: By name the number of its arguments.
    """
    for word in TRAINS:
        for name in commands:
            if word in name.lower().replace("-", "_").split("_"):
                return name
    return max(commands, key=lambda name: commands[name])


def kind_of_value(value: Any) -> Kind:
    """What a default says about the values that are like it."""
    if isinstance(value, list | tuple) and value:
        return kind_of_value(value[0])
    return (
        "bool"
        if isinstance(value, bool)
        else "int"
        if isinstance(value, int)
        else "float"
        if isinstance(value, float)
        else "text"
    )


def as_choices(values: Any) -> tuple[Any, ...] | None:
    """Values to choose from, if they are known and a space can hold them."""
    if isinstance(values, dict):
        values = list(values)
    if values is UNKNOWN or not isinstance(values, list | tuple) or not values:
        return None
    known = all(value is None or isinstance(value, str | int | float) for value in values)
    return tuple(dict.fromkeys(values)) if known else None


def one_line(text: Any) -> str:
    """A text for people, in one line."""
    return " ".join(text.split()) if isinstance(text, str) else ""
