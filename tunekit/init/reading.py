"""Reads a script: its arguments, by whatever takes them, and its metrics."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import attrs

from tunekit.init.absl_flags import read_absl
from tunekit.init.argparse_calls import read_argparse
from tunekit.init.arguments import Argument, Interface
from tunekit.init.config_file import with_config_file
from tunekit.init.dataclasses_read import read_dataclasses
from tunekit.init.decorated import read_decorated
from tunekit.init.hydra_config import read_hydra
from tunekit.init.metrics import Metrics, find_metrics
from tunekit.init.modules import Program
from tunekit.init.names import EPOCHS
from tunekit.init.proposing import is_number_of_epochs
from tunekit.init.values import Values
from tunekit_core.errors import ConfigurationError

READERS: tuple[Callable[[Program, Values], Interface | None], ...] = (
    read_hydra,
    read_dataclasses,
    read_decorated,
    read_absl,
    read_argparse,
)
READ = "argparse, click, typer, absl, fire, tyro, simple_parsing, HfArgumentParser of transformers, Hydra"
NOT_READ = (
    "docopt",
    "gin",
    "jsonargparse",
    "lightning.pytorch.cli",
    "ml_collections",
    "plac",
    "pyrallis",
    "sacred",
    "sys",
)


@attrs.frozen(kw_only=True)
class ScriptFound:
    """What was found in a script.

    Attributes:
        path: Its path, as it was typed.
        module: What ``python -m`` calls it, if it has to be run so; otherwise nothing.
        interface: What it takes.
        metrics: What it reports.
    """

    path: str
    module: str
    interface: Interface
    metrics: Metrics


def read_script(path: str) -> ScriptFound:
    """Read a script; it is neither run nor imported.

    Raises:
        ConfigurationError: If it cannot be read, is no Python, or takes no arguments that can be found.
    """
    program = Program(Path(path))
    values = Values(program)
    try:
        interface = next(filter(None, (read(program, values) for read in READERS)), None)
        if interface is None or not interface.arguments:
            raise _nothing_found(path, program, interface)
        interface = with_config_file(interface, program)
        metrics = find_metrics(program.imported_modules(), prints_log=interface.prints_log)
    except RecursionError as error:
        raise ConfigurationError(f"{path} cannot be read: what is in it is nested too deeply.", value=path) from error
    return ScriptFound(path=path, module=program.name_of_module(), interface=interface, metrics=metrics)


def _nothing_found(path: str, program: Program, interface: Interface | None) -> ConfigurationError:
    imported = set(program.script.imported.values())
    others = [name for name in NOT_READ if any(each == name or each.startswith(f"{name}.") for each in imported)]
    uses = " It uses sys.argv, perhaps." if others == ["sys"] else ""
    others = [name for name in others if name != "sys"]
    uses = f" It imports {', '.join(others)}, whose arguments are not read." if others else uses
    notes = "".join(f" {note}" for note in (interface.notes if interface is not None else ()))
    command = f"python {shlex.quote(path)} {{lr}}"
    return ConfigurationError(
        f"{path} has no arguments that can be found. Read are {READ}.{notes}{uses} Say yourself what it takes: "
        f"python -m tunekit benchmark=script benchmark.command={shlex.quote(command)} "
        "benchmark.space.lr='loguniform(1e-4,1e-1)' benchmark.metric=loss backend=local. A script whose values stand "
        "in its text needs arguments first, such as parser.add_argument('--lr', type=float, default=0.1).",
        value=path,
    )


def number_of_epochs(arguments: list[Argument]) -> Argument | None:
    """The argument that says how far training goes, if there is one."""
    found = [argument for argument in arguments if is_number_of_epochs(argument)]
    names = [argument.name.rpartition(".")[2].replace("-", "_").lower() for argument in found]
    return min(zip(map(EPOCHS.index, names), range(len(found)), found, strict=True), default=(0, 0, None))[2]
