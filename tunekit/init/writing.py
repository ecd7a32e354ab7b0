"""Writes what was found as an options file of the benchmark ``script``, with comments for whoever goes on with it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import attrs
import yaml

from tunekit.init.arguments import Argument
from tunekit.init.command import CHECKPOINT, Plan, Planned, plan_command
from tunekit.init.loops import Often
from tunekit.init.places import is_checkpoint_to_resume, is_folder_of_trial
from tunekit.init.proposing import constant, propose
from tunekit.init.reading import ScriptFound, number_of_epochs
from tunekit.init.values import UNKNOWN

WIDTH = 100
MISSING = "???"
LONGEST_HELP = 60
OFTEN: dict[Often, str] = {
    "each epoch": "after each epoch",
    "some epochs": "in some epochs, under a condition",
    "more often": "several times in an epoch",
    "again": "in each epoch of several trainings, one after the other",
    "rounds": "in rounds of a loop",
    "once": "once, at its end",
}


@attrs.frozen(kw_only=True)
class Written:
    """An options file, and what is to be said about it.

    Attributes:
        text: The file.
        plan: The command and the space.
        max_resource: How far a trial goes, as it stands there; ``None`` if nothing is said.
        missing: What the user has to write, by the name of its line.
        notes: What could not be read, as sentences.
    """

    text: str
    plan: Plan
    max_resource: str | None
    missing: dict[str, str]
    notes: list[str]


def write_options(found: ScriptFound, head: Sequence[str]) -> Written:
    """The options file of a script.

    Args:
        found: What was found in it.
        head: Its first lines.
    """
    arguments, metrics = found.interface.arguments, found.metrics
    counts = metrics.often == "each epoch" or (metrics.resource is not None and metrics.often != "some epochs")
    epochs = number_of_epochs(arguments) if metrics.metric is not None and counts else None
    unbuffered = bool(metrics.patterns)
    proposals = [propose(argument) for argument in arguments]
    script = ["-m", found.module] if found.module else [found.path]
    plan = plan_command(found.interface, proposals, script, epochs, unbuffered=unbuffered)
    max_resource = None if plan.epochs is None or epochs is None else _last_epoch(epochs)
    missing = {each.name: each.proposal.argument.help for each in plan.searched if each.entry == MISSING}
    if not any(each.proposal.is_searched for each in plan.searched):
        missing["space"] = "what is to be searched"
    if metrics.metric is None:
        missing["metric"] = "what the script reports"
    if max_resource == MISSING:
        missing["max_resource"] = "how far a trial goes"
    notes = list(dict.fromkeys([*found.interface.notes, *metrics.notes, *_remarks(plan)]))
    lines = [*head, "name: script", f"command: {_text(plan.command)}", "", *_space(plan), ""]
    lines += [*_metrics(found, plan, max_resource)]
    if notes:
        lines += ["", *(line for note in notes for line in _comment(note))]
    return Written(text="\n".join(lines) + "\n", plan=plan, max_resource=max_resource, missing=missing, notes=notes)


def _space(plan: Plan) -> Iterator[str]:
    if plan.searched:
        yield "space:"
        for each in plan.searched:
            yield f"  {_entry(each)}{_remark(each)}"
    else:
        yield "space: {}  # nothing looks like a hyperparameter: write NAME: DOMAIN, one a line"
    noted = [each for each in plan.others if each.entry is not None and each.name]
    if noted:
        yield "  # Not searched. Without its # a line with a domain is; any other is what the script is always given:"
        for each in noted:
            yield f"  # {_entry(each)}{_remark(each)}{_needed(each, plan)}"
    rest = [each for each in plan.others if each not in noted]
    if rest:
        names = [
            f"{each.proposal.argument.name} ({each.proposal.reason})"
            if each.proposal.reason
            else each.proposal.argument.name
            for each in rest
        ]
        yield from (f"  {line}" for line in _comment(f"As the script has it: {', '.join(names)}."))


def _entry(each: Planned) -> str:
    assert each.entry is not None
    is_text = each.proposal.argument.kind == "text" or "(" in each.entry
    return f"{_key(each.name)}: {_text(each.entry) if is_text and each.entry != MISSING else each.entry}"


def _remark(each: Planned) -> str:
    argument, proposal = each.proposal.argument, each.proposal
    default = argument.default
    parts = []
    if each.entry == MISSING:
        parts.append("has to be given")
    elif default is UNKNOWN:
        parts.append("its default cannot be read")
    elif default is not None and each.entry != constant(default):
        parts.append(f"{constant(default) or default} by default")
    if proposal.reason and not proposal.is_searched:
        parts.append(proposal.reason)
    said = [", ".join(parts), textwrap.shorten(argument.help, LONGEST_HELP, placeholder=" …")]
    text = ": ".join(part for part in said if part)
    return f"  # {text}" if text else ""


def _needed(each: Planned, plan: Plan) -> str:
    """What has to be added to the command for an entry that is not in force."""
    words = " ".join(each.words) if each.words else f"{{{each.group}}}" if each.group not in ("", "file") else ""
    other = {"flags": "{no_flags}", "no_flags": "{flags}"}.get(each.group)
    if other is not None and other in plan.command:
        return f" (does not go with {other})"
    if not words or words in plan.command or (words == "{arguments}" and "{" not in plan.command):
        return ""
    return f" (add {words} to the command)"


def _metrics(found: ScriptFound, plan: Plan, max_resource: str | None) -> Iterator[str]:
    metrics = found.metrics
    if metrics.metric is None:
        yield from _comment(
            "No metric was found: the script neither calls tunekit's Reporter nor prints a loss or a score to its "
            "standard output in a form that can be read. Put into it, after each epoch,"
        )
        yield "#     from tunekit import Reporter"
        yield "#     report = Reporter()"
        yield "#     report(epoch=epoch, val_loss=val_loss)  # epochs from 1 on"
        yield from _comment("or say how to find it in what is printed, below metrics:, and name it here.")
        yield f"metric: {MISSING}"
        yield "mode: min  # or max"
        yield "# resource: epoch"
        yield "# metrics:"
        yield r"#   val_loss: 'val_loss: (\S+)'"
        return
    yield from _comment(f"From {metrics.where}: {OFTEN[metrics.often]}.")
    yield f"metric: {_text(metrics.metric)}"
    yield f"mode: {metrics.mode}" + (
        "" if metrics.is_mode_known else "  # its name does not say whether small or large is good"
    )
    if metrics.resource is not None:
        yield f"resource: {_text(metrics.resource)}"
    if max_resource is not None and plan.epochs is not None:
        yield (
            f"max_resource: {max_resource}  # the default of {plan.epochs.name}"
            if max_resource != MISSING
            else f"max_resource: {MISSING}"
        )
        yield f"max_resource_attr: {_text(plan.epochs.name)}"
    elif metrics.often == "once" and metrics.resource is None:
        yield "# One report a trial: methods that compare trials early, such as ASHA, have nothing to compare."
    else:
        yield "# max_resource: 27  # the last resource of a trial, for methods that compare trials early, such as ASHA"
    if metrics.patterns:
        yield "metrics:"
        for name, pattern in metrics.patterns.items():
            yield f"  {_key(name)}: {_quoted(pattern)}"


def _last_epoch(epochs: Argument) -> str:
    default = epochs.default
    known = (
        isinstance(default, int | float) and not isinstance(default, bool) and default >= 1 and default == int(default)
    )
    return str(int(default)) if known else MISSING


def _remarks(plan: Plan) -> Iterator[str]:
    for each in plan.others:
        argument = each.proposal.argument
        typed = argument.flag or f"--{argument.name}"
        if argument.name == "seed" and argument.form in ("option", "short", "override"):
            own = "seed={seed}" if argument.form == "override" else f"{typed} {{seed}}"
            yield f"{argument.name} has the same value in all trials. Add {own} to the command for one of its own each."
        if argument.form not in ("option", "short") or argument.name.replace("-", "_") == CHECKPOINT:
            continue
        if is_checkpoint_to_resume(argument):
            yield (
                f"{typed} is a checkpoint to go on from. {{checkpoint}}, the folder of the trial's own, could be its "
                "value: a trial that is paused goes on there, if the script finds what it saved before."
            )
        elif is_folder_of_trial(argument):
            suffix = PurePath(argument.default).suffix if isinstance(argument.default, str) else ""
            own = f"{{checkpoint}}/{PurePath(argument.default).name}" if suffix else "{checkpoint}"
            yield (
                f"{typed} is the same {'file' if suffix else 'folder'} for all trials, which run side by side. If the "
                f"script writes there, add {typed} {own} to the command: a {'file' if suffix else 'folder'} of its own "
                "for each."
            )


def _comment(text: str) -> list[str]:
    return [
        f"# {line}"
        for part in text.splitlines()
        for line in textwrap.wrap(part, WIDTH, break_on_hyphens=False, break_long_words=False)
    ]


def _key(name: str) -> str:
    try:
        return name if yaml.safe_load(f"{name}: 1") == {name: 1} else json.dumps(name, ensure_ascii=False)
    except yaml.YAMLError:
        return json.dumps(name, ensure_ascii=False)


def _text(text: str) -> str:
    """A text as it stands in YAML, in quotes only where it needs them."""
    try:
        is_plain = yaml.safe_load(f"a: {text}") == {"a": text} and "${" not in text
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    if any(not sign.isprintable() for sign in text):
        return json.dumps(text.replace("${", "\\${"))
    return "'" + text.replace("${", "\\${").replace("'", "''") + "'"
