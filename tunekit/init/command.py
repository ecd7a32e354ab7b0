"""Puts the command together: what is typed to train once, with placeholders where values go."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence

import attrs

from tunekit.init.arguments import Argument, Form, Interface, Level
from tunekit.init.places import is_checkpoint_to_resume, is_folder_of_trial
from tunekit.init.proposing import Proposal, choice
from tunekit_core.portable.script_command import OWN, literal_word

CHECKPOINT = "st_checkpoint_dir"


@attrs.frozen(kw_only=True)
class Planned:
    """An argument as the command passes it.

    Attributes:
        proposal: What is proposed for it.
        name: What its entry in the space is called.
        entry: What stands there.
        words: What the command has for it; nothing if a placeholder for many passes it.
        group: The placeholder for many that passes it: ``"arguments"``, ``"flags"``, ``"no_flags"``, ``"overrides"``
            or ``"file"``, the copy of one.
    """

    proposal: Proposal
    name: str
    entry: str | None
    words: tuple[str, ...] = ()
    group: str = ""


@attrs.frozen(kw_only=True)
class Plan:
    """The command, and what stands in the space.

    Attributes:
        command: As a shell splits it.
        searched: Entries that are in force, those that the user has to write among them.
        others: The rest.
        epochs: The argument that says how far to go, if it is told so; it is no entry.
    """

    command: str
    searched: list[Planned]
    others: list[Planned]
    epochs: Planned | None


def plan_command(
    interface: Interface,
    proposals: Sequence[Proposal],
    script: Sequence[str],
    epochs: Argument | None,
    *,
    unbuffered: bool,
) -> Plan:
    """Put the command together.

    Args:
        interface: What the script takes.
        proposals: For each of its arguments, in the same order.
        script: What Python runs: the path of the script, or ``-m`` and its name.
        epochs: The argument that says how far to go.
        unbuffered: Whether what the script prints has to come through at once.
    """
    by_argument = {id(proposal.argument): proposal for proposal in proposals}
    words = [_python(), *(["-u"] if unbuffered else []), *(shlex.quote(literal_word(word)) for word in script)]
    searched: list[Planned] = []
    others: list[Planned] = []
    told: Planned | None = None
    # The copy of a file gets whatever no other placeholder takes: all else has one of its own.
    has_file = any(each.file for each in interface.arguments)
    depth = len(interface.levels)
    for number, level in enumerate(interface.levels, 1):
        words += [shlex.quote(literal_word(word)) for word in level.words]
        of_level = [by_argument[id(argument)] for argument in level.arguments]
        bools = {each.argument.form for each in of_level if each.is_searched and each.argument.kind == "bool"}
        planned = [_planned(each, is_last=number == depth and not has_file, bools=bools) for each in of_level]
        here: list[Planned] = []
        for each in planned:
            is_told = each.proposal.argument is epochs
            if is_told:
                told = each
            elif not each.name:
                pass  # the command says what it is
            elif each.entry is not None and (each.proposal.is_searched or each.proposal.is_to_be_given):
                searched.append(each)
            else:
                others.append(each)
                continue
            here.append(each)
        positionals = [each for each in here if each.proposal.argument.form == "positional"]
        words += [word for each in positionals for word in each.words]
        words += [word for each in here if each not in positionals for word in each.words]
        groups = {each.group for each in here}
        words += [f"{{{group}}}" for group in ("arguments", "overrides", "flags", "no_flags") if group in groups]
        words += _checkpoint(level)
    if len(words) and not any("{" in word for word in words[2:]) and not searched:
        words.append("{none}")
    return Plan(command=" ".join([*words, *interface.words]), searched=searched, others=others, epochs=told)


def _planned(proposal: Proposal, *, is_last: bool, bools: set[Form]) -> Planned:
    argument = proposal.argument
    name = f"{argument.name}_" if argument.name in OWN else argument.name
    placeholder = f"{{{name}}}"
    if argument.is_required and is_folder_of_trial(argument) and not is_checkpoint_to_resume(argument):
        words = ("{checkpoint}",) if argument.form == "positional" else (f"--{argument.name}", "{checkpoint}")
        return Planned(proposal=proposal, name="", entry="", words=words)
    if argument.file:
        copy = f"{{{'json' if argument.file.endswith('.json') else 'yaml'}:{argument.file}}}"
        typed = {"positional": (), "short": (argument.flag,)}.get(argument.form, (f"--{argument.name}",))
        return Planned(proposal=proposal, name="", entry="", words=(*typed, shlex.quote(copy) if " " in copy else copy))
    if argument.form == "in_file":
        return Planned(proposal=proposal, name=argument.name, entry=proposal.entry, group="file")
    if argument.form == "positional":
        return Planned(proposal=proposal, name=name, entry=proposal.entry, words=(placeholder,))
    if argument.form == "short":
        return Planned(proposal=proposal, name=name, entry=proposal.entry, words=(argument.flag, placeholder))
    if argument.form == "equals":
        return Planned(proposal=proposal, name=name, entry=proposal.entry, words=(f"--{argument.name}={placeholder}",))
    if argument.form in ("flag", "no_flag"):
        return _flag(proposal, name, is_last=is_last, bools=bools)
    if argument.form == "override":
        return Planned(proposal=proposal, name=argument.name, entry=proposal.entry, group="overrides")
    entry = proposal.entry
    if argument.kind == "bool" and bools & {"flag", "no_flag"} and proposal.is_searched:
        entry = choice([str(argument.default is True), str(argument.default is not True)])  # text, which is no flag
    if is_last:
        return Planned(proposal=proposal, name=argument.name, entry=entry, group="arguments")
    return Planned(proposal=proposal, name=name, entry=entry, words=(f"--{argument.name}", placeholder))


def _flag(proposal: Proposal, name: str, *, is_last: bool, bools: set[Form]) -> Planned:
    argument = proposal.argument
    mixed = {"flag", "no_flag"} <= bools
    if argument.form == "no_flag" and (mixed or not is_last):
        values = [f"--{argument.name}", f"--no-{argument.name}"]
        entry = choice(values if argument.default is True else values[::-1])
        return Planned(proposal=proposal, name=name, entry=entry, words=(f"{{{name}}}",))
    if not is_last:  # nothing in the place of one word
        return Planned(
            proposal=attrs.evolve(proposal, is_searched=False, reason="a flag, which no placeholder passes here"),
            name=name,
            entry=None,
        )
    group = "flags" if argument.form == "flag" else "no_flags"
    return Planned(proposal=proposal, name=argument.name, entry=proposal.entry, group=group)


def _checkpoint(level: Level) -> list[str]:
    names = [argument.name for argument in level.arguments]
    dashed = CHECKPOINT.replace("_", "-")
    name = next((name for name in (CHECKPOINT, dashed) if name in names), None)
    return [] if name is None else [f"--{name}", "{checkpoint}"]


def _python() -> str:
    return "python" if shutil.which("python") or not shutil.which("python3") else "python3"
