"""``python -m tunekit init``: an options file for a script of the user's own, proposed from what the script says."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.verbs.words import asks_for_help, sort_words
from tunekit.config.options_files.offered import groups
from tunekit.config.specs.fitting import never_names_checkpoints
from tunekit.console import plural, print_stderr, print_stdout
from tunekit.init import ScriptFound, Written, read_script, write_options
from tunekit.init.reading import READ
from tunekit.sources import sources_of
from tunekit_core.contracts.benchmarks import Script
from tunekit_core.errors import ConfigurationError
from tunekit_core.portable.script_command import literal_word
from tunekit_core.records.files import checked_path

NAME = "name"
USAGE = f"Type: python -m tunekit init SCRIPT [{NAME}=NAME]"
HELP = f"""Reads a script, and writes an options file with which it is tuned. The script is neither run nor imported.

{USAGE}

It writes conf/benchmark/NAME.yaml, NAME being that of the script unless given: the command, a space with a domain
around the default of each argument that looks like a hyperparameter, all others as comments, and the metric, as the
script reports or prints it. Look through it, it is yours to change. What could not be found is said, and stands there
as ???, which no run accepts. A file that exists is never overwritten.

Arguments of {READ}
are read, those in modules beside the script as well.

  init train.py
  init src/train.py {NAME}=mine"""
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
PROGRAMS = {".sh": "bash", ".bash": "bash", ".r": "Rscript", ".jl": "julia"}
FOLDER, OTHER_FOLDER = "conf", "tunekit_conf"


def write_file_of_script(arguments: Sequence[str]) -> int:
    """Write the options file.

    Args:
        arguments: What follows ``init``.

    Returns:
        The exit status: 0, also if something was not found.

    Raises:
        TunekitError: If the script cannot be read, takes nothing that can be found, or the file exists.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("init", arguments, flags=(), options=(NAME,), takes_filters=False, usage=USAGE)
    if len(words.names) != 1:
        got = f"got {len(words.names)}: {' '.join(words.names)}" if words.names else "got none"
        raise ConfigurationError(f"`init` takes one script, and {got}. {USAGE}")
    script = words.names[0]
    _check_script(script)
    name = _name(script, words.options.get(NAME))
    folder = OTHER_FOLDER if any(Path(FOLDER).glob("*.y*ml")) else FOLDER  # a Hydra application has its own there
    file = Path(folder, "benchmark", f"{name}.yaml")
    if os.path.lexists(file):
        raise ConfigurationError(
            f"{file} exists, and is not overwritten. Type `rm {shlex.quote(str(file))}` before, or another name: "
            f"python -m tunekit init {shlex.quote(script)} {NAME}={name}_2",
            value=str(file),
        )
    found = read_script(script)
    again = f"python -m tunekit --config-dir {folder} backend=local benchmark={name}"
    first = f"{again} stopping.max_num_trials_started=2"
    n_arguments = plural(len(found.interface.arguments), "argument")
    head = (
        f"# How to tune {script}, proposed by `python -m tunekit init` ({found.interface.reader}, {n_arguments}).",
        "# It is yours to change. Two trials, to see that it works:",
        f"#     {first}",
    )
    written = write_options(found, head)
    _write(file, written.text)
    _say(found, written, file, first, again)
    return SUCCEEDED


def _check_script(script: str) -> None:
    checked_path(script, "script")
    path = Path(script)
    if path.is_dir():
        inside = sorted(path.glob("*.py"))[:3]
        there = f" In it are: {', '.join(map(str, inside))}." if inside else ""
        raise ConfigurationError(f"{script} is a folder: name the script in it that trains.{there}", value=script)
    if not path.is_file():
        near = f" Did you mean {script}.py?" if Path(f"{script}.py").is_file() else ""
        here = ", ".join(sorted(str(each) for each in Path(".").glob("*.py"))[:5])
        raise ConfigurationError(
            f"There is no file {script}.{near} {f'Here are: {here}. ' if here and not near else ''}{USAGE}",
            value=script,
        )
    if path.suffix == ".ipynb":
        raise ConfigurationError(
            f"{script} is a notebook. Tune a function of it with tunekit.tune, or save it as a script: "
            f"jupyter nbconvert --to script {shlex.quote(script)}",
            value=script,
        )
    if path.suffix and path.suffix not in (".py", ".pyw"):
        program = PROGRAMS.get(path.suffix.lower(), "PROGRAM")
        command = f"{program} {literal_word(script)} {{lr}}"
        raise ConfigurationError(
            f"{script} is not called like a program in Python, and no other is read. Say yourself what it takes: "
            f"python -m tunekit benchmark=script benchmark.command={shlex.quote(command)} "
            "benchmark.space.lr='loguniform(1e-4,1e-1)' benchmark.metric=loss backend=local",
            value=script,
        )


def _name(script: str, given: str | None) -> str:
    """The name of the benchmark."""
    taken = groups().get("benchmark", {})
    if given is not None:
        if not given or NOT_IN_NAMES.search(given):
            raise ConfigurationError(
                f"{NAME}={given}: a name has letters, digits, _ and - alone. {USAGE}", option=NAME, value=given
            )
        if given in taken:
            raise ConfigurationError(
                f"{NAME}={given}: a benchmark of that name is installed. Type another.", option=NAME, value=given
            )
        return given
    stem = NOT_IN_NAMES.sub("_", Path(script).stem).strip("_") or "mine"
    return f"my_{stem}" if stem in taken else stem


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.", value=str(file)) from error


def _say(found: ScriptFound, written: Written, file: Path, first: str, again: str) -> None:
    plan, metrics = written.plan, found.metrics
    print_stdout(f"Read {found.path}: {found.interface.reader}, {plural(len(found.interface.arguments), 'argument')}.")
    for level in found.interface.levels:
        if level.other_commands:
            print_stdout(
                f"It has several commands. Taken is {level.words[0]}, rather than {', '.join(level.other_commands)}."
            )
    print_stdout(f"Command: {plan.command}")
    searched = [each for each in plan.searched if each.proposal.is_searched]
    width = max((len(each.name) for each in searched), default=0)
    for each in searched:
        print_stdout(f"  {each.name:<{width}}  {each.entry}")
    others = [each.proposal.argument.name for each in plan.others]
    if others:
        print_stdout(f"Not searched: {', '.join(others)}")
    if metrics.metric is not None:
        told = f", up to {plan.epochs.name}={written.max_resource}" if plan.epochs is not None else ""
        by = f" by {metrics.resource}" if metrics.resource is not None else ""
        print_stdout(f"Metric: {metrics.metric} ({metrics.mode}){by}{told}, from {metrics.where}")
    print_stdout(f"Written: {file}")
    if written.missing:
        print_stderr(f"Not found, write it there in place of ???: {', '.join(written.missing)}", style="yellow")
    for note in written.notes:
        print_stderr(f"Note: {note}")
    if not written.missing:
        print_stdout(f"Next, two trials to see that it works: {first}")
        print_stdout(f"Then: {again} {_method(written)}n_workers=2")
        return
    print_stdout(f"Next: edit {file}, then type: {first}")


def _method(written: Written) -> str:
    wanted: tuple[str, ...] = ("BO", "RS")
    if written.max_resource is not None:
        command = tuple(shlex.split(written.plan.command))
        keeps_none = never_names_checkpoints(command, sources_of(Script(command)))
        wanted = ("AUTO" if keeps_none else "ASHA", *wanted)  # ASHA pauses trials, which would begin anew
    name = next((name for name in wanted if name in groups().get("method", {})), None)
    return "" if name is None else f"method={name} "
