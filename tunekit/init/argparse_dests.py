"""What the arguments of a parser come to, where several of them set one thing."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tunekit.init.argparse_arguments import Declared
from tunekit.init.arguments import Argument
from tunekit.init.values import UNKNOWN


def arguments_of(declared: Sequence[Declared]) -> list[Argument]:
    """The arguments, each name once, with what can be said of flags: a value that no word passes is not searched.

    Args:
        declared: In the order of the calls.
    """
    by_name = {each.argument.name: each for each in declared}  # the last of a name, as with conflict_handler="resolve"
    by_dest: dict[str, list[Declared]] = {}
    for each in by_name.values():
        by_dest.setdefault(each.dest, []).append(each)
    return [argument for group in by_dest.values() for argument in _of_group(group)]


def _of_group(group: Sequence[Declared]) -> list[Argument]:
    """The arguments of one dest."""
    first = group[0]
    if len(group) == 1:
        return [_switch(first) if first.is_switch else first.argument]
    if len(group) == 2 and all(each.is_switch for each in group):
        by_value = {each.sets: each for each in group if isinstance(each.sets, bool)}
        if len(by_value) == 2:
            return [_pair(by_value[True].argument, by_value[False].argument, first)]
    others = "which sets the same"
    return [
        *(() if first.is_switch else (first.argument,)),
        *(
            attrs.evolve(each.argument, obstacle=f"goes with --{_other(each, group)}, {others}", is_required=False)
            for each in group
            if each is not first or first.is_switch
        ),
    ]


def _other(each: Declared, group: Sequence[Declared]) -> str:
    return next(other.argument.name for other in group if other is not each)


def _pair(on: Argument, off: Argument, first: Declared) -> Argument:
    """Two flags for true and false; without them holds the default of the first, unless ``set_defaults`` says one."""
    default = first.argument.default
    if "short" in (on.form, off.form):
        return attrs.evolve(on, default=default, obstacle="is a short flag")
    sayable = off.name == f"no-{on.name}"
    return attrs.evolve(
        on,
        form="no_flag" if sayable else on.form,
        default=default,
        help=on.help or off.help,
        obstacle="" if sayable else f"is switched off by --{off.name}",
    )


def _switch(declared: Declared) -> Argument:
    """A flag by itself: it is passed or not, and only one value can be reached beside the default."""
    argument, default, sets = declared.argument, declared.default, declared.sets
    obstacle = argument.obstacle
    if default is UNKNOWN:
        obstacle = obstacle or "its default cannot be read"
    elif sets is not UNKNOWN and (sets == default or (isinstance(sets, bool) and bool(default) is sets)):
        obstacle = f"is {sets} with the flag and without it"
    elif sets is False and argument.name.replace("-", "_") == declared.dest:
        obstacle = obstacle or "is False with the flag, which has the same name"
    subject = "" if sets is True else declared.dest
    explained = f"true passes it: {declared.dest} is {sets} then" if subject and sets is not UNKNOWN else ""
    return attrs.evolve(
        argument,
        default=default if obstacle else False,  # of the flag: it is not passed
        subject=subject,
        obstacle=obstacle,
        help=". ".join(text for text in (explained, argument.help) if text),
    )
