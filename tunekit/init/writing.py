"""Writes what was found as an options file of the benchmark ``script``, with comments for whoever goes on with it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

import attrs
import yaml

from tunekit.init.arguments import Argument
from tunekit.init.command import CHECKPOINT, Plan, Planned, is_folder_of_trial, plan_command
from tunekit.init.proposing import constant, propose
from tunekit.init.reading import ScriptFound, number_of_epochs
from tunekit.init.values import UNKNOWN

WIDTH = 100
MISSING = "???"
LONGEST_HELP = 60


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
    counts = metrics.resource is not None or metrics.often == "each epoch"
    epochs = number_of_epochs(arguments) if metrics.metric is not None and counts else None
    unbuffered = bool(metrics.patterns)
    proposals = [propose(argument) for argument in arguments]
    plan = plan_command(found.interface, proposals, found.path, epochs, unbuffered=unbuffered)
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
    words = " ".join(each.words) if each.words else f"{{{each.group}}}" if each.group else ""
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
    often = {"each epoch": "after each epoch", "more often": "several times in an epoch", "once": "once, at its end"}
    yield from _comment(f"From {metrics.where}: {often[metrics.often]}.")
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
        if argument.name == "seed":
            yield "--seed has the same value in all trials. Add --seed {seed} to the command for one of its own each."
        if is_folder_of_trial(argument) and argument.form == "option" and argument.name.replace("-", "_") != CHECKPOINT:
            yield (
                f"--{argument.name} is the same folder for all trials, which run side by side. If the script "
                f"writes there, add --{argument.name} {{checkpoint}} to the command: a folder of its own for each."
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
