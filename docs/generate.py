"""Writes the pages of docs/reference, and the index of what is in which distribution, from the code.

With ``--check``, fails if one of them is not up to date.

It lists what is installed: run it in the environment of requirements-dev.txt, without plugins of others.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from google_docstrings import as_markdown, docstring_of
from omegaconf import OmegaConf

import tunekit.conf
from hydra_plugins.tunekit_sweeper.sweeper import TunekitSweeperConf
from tunekit.config.options_files.offered import groups
from tunekit.config.schema import COMPONENTS, KEYS, RECIPES, SEVERAL, VALUES
from tunekit_core import (
    Backend,
    Benchmark,
    Blackbox,
    BoundsRegret,
    ChoosesTrials,
    Command,
    Executable,
    ExplainsDecisions,
    Launch,
    LaunchedJob,
    LaunchedRun,
    Launcher,
    Observer,
    RanksPausedTrials,
    Recommends,
    ResultComposer,
    Scheduler,
    Searcher,
    ShowsDevices,
    Simulatable,
    Standing,
    StoppingCriterion,
    WeighsBrackets,
)
from tunekit_core.plugins import hookspecs, known
from tunekit_core.plugins.component import Component
from tunekit_core.plugins.kinds import HOOKS
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.options import Option, type_text
from tunekit_core.plugins.registry import registry

ROOT = Path(__file__).parents[1]
REFERENCE = Path(__file__).parent / "reference"
GENERATED = "<!-- Written by docs/generate.py from the code. Change the code, then run `nox -s docs`. -->"
CONTRACTS = {
    "searcher": Searcher,
    "scheduler": Scheduler,
    "backend": Backend,
    "benchmark": Benchmark,
    "stopping": StoppingCriterion,
    "composer": ResultComposer,
    "observer": Observer,
    "launcher": Launcher,
}
ABILITIES = {
    "searcher": (WeighsBrackets, ChoosesTrials, Recommends, BoundsRegret),
    "scheduler": (RanksPausedTrials, ExplainsDecisions),
    "backend": (ShowsDevices,),
    "benchmark": (Simulatable, Blackbox, Executable),
}
"""Protocols that a component of a kind, or what it gives, may follow beside its contract."""
VALUES_OF = {"scheduler": (Standing,), "launcher": (Launch, LaunchedRun, LaunchedJob)}
"""Values that a component of a kind is given or gives, where no other page says what they are."""


def hooks() -> Iterator[str]:
    """Every hook, and the contract of what it registers."""
    yield "# Hooks and contracts\n"
    yield docstring_of(hookspecs).text + "\n"
    yield (
        f"A plugin is a distribution with an entry point in the group `{hookspecs.PROJECT}` that names a module; the "
        f"module implements hooks, each marked with `tunekit_core.hookimpl`, and states `API = {hookspecs.API}`, the "
        "version of these contracts. [Write a searcher](../tutorials/write-a-searcher.md) shows one from beginning to "
        "end, [Types of options](types-of-options.md) says what an option may be, and [What changes "
        "when](../explanation/what-changes-when.md) in which order methods are called.\n"
    )
    for kind, hook in HOOKS.items():
        contract = CONTRACTS[kind]
        yield from _hook(hook)
        yield f"### {contract.__name__}\n"
        yield f"`tunekit_core.{contract.__name__}({', '.join(inspect.signature(contract).parameters)})`\n"
        yield from _members(contract)
        for ability in ABILITIES.get(kind, ()):
            yield f"### {ability.__name__}\n"
            yield f"`tunekit_core.{ability.__name__}`, a protocol\n"
            yield from _members(ability)
        for value in VALUES_OF.get(kind, ()):
            yield f"### {value.__name__}\n"
            yield f"`tunekit_core.{value.__name__}`, a value\n"
            yield from _described(value)
    yield from _hook("tunekit_register_commands")
    yield "### Command\n"
    yield f"`tunekit_core.Command({', '.join(inspect.signature(Command).parameters)})`\n"
    yield from _members(Command)
    yield from _hook("tunekit_config_packages")


def components() -> Iterator[str]:
    """Every component with its options."""
    yield "# Components\n"
    yield (
        "What a configuration can name, kind by kind, with every option. `python -m tunekit plugins` lists what is "
        "installed on your machine, plugins of others included.\n"
    )
    for kind in HOOKS:
        yield f"## {kind}\n"
        for name in registry().names(kind):
            yield from _component(registry().find(kind, name))


def configuration() -> Iterator[str]:
    """The keys of the configuration, recipes and options files."""
    (folder,) = tunekit.conf.__path__
    defaults: Any = OmegaConf.to_container(OmegaConf.load(Path(folder) / "config.yaml"))
    chosen = {group: name for entry in defaults["defaults"] if isinstance(entry, dict) for group, name in entry.items()}
    yield "# Configuration\n"
    yield "## Keys at the top level\n"
    yield "Any other key is refused. A value of your own goes below `tags`.\n"
    rows = []
    for key, text in KEYS.items():
        default = chosen.get(key, defaults.get(key))
        rows.append([f"`{key}`", text, _kind_of_key(key), f"`{json.dumps(default)}`"])
    yield from _table(["key", "what it is", "takes", "default"], rows)
    yield "The environment variable `TUNEKIT_RESULTS` sets the default of `results_dir`.\n"
    yield "## Keys of a sweep\n"
    yield from _table(
        ["key", "what it is"],
        [
            [f"`hydra.sweeper.{name}`", text]
            for name, text in docstring_of(TunekitSweeperConf).items("Attributes").items()
        ],
    )
    yield (
        "`--plan` is `hydra.sweeper.plan=true`. `hydra/launcher=NAME` chooses what runs the runs elsewhere, for a "
        "single run too, and `hydra.launcher.OPTION=VALUE` sets its options; without it they are run on this machine.\n"
    )
    yield "## Options files\n"
    yield "What can stand after `method=`, `searcher=` and so on. Each is a file that sets options of a component.\n"
    for group, files in sorted(groups().items()):
        yield f"### {group}\n"
        yield from _table(["name", "what it is"], [[f"`{name}`", text] for name, text in files.items()])


def index() -> str:
    """The distribution of each component and options file, by group and name; without those that are always there."""
    homes: dict[str, dict[str, str]] = {}
    for (kind, name), component in registry().components.items():
        homes.setdefault(kind, {})[name] = component.distribution
    for package, distribution in registry().config_packages.items():
        (folder,) = import_module(package).__path__
        for file in Path(folder).glob("*/*.yaml"):
            homes.setdefault(file.parent.name, {})[file.stem] = distribution
    elsewhere = {
        group: {name: home for name, home in found.items() if home != BUILT_IN} for group, found in homes.items()
    }
    return json.dumps({group: found for group, found in elsewhere.items() if found}, indent=2, sort_keys=True) + "\n"


def _members(contract: type[Any]) -> Iterator[str]:
    """What a class says of itself, and its methods; of those that Python itself calls only the one that is a call."""
    yield from _described(contract)
    for name, method in vars(contract).items():
        if isinstance(method, property):
            yield f"**`{name}`**, a property\n"
            yield from _described(method)
        elif inspect.isfunction(method) and (name == "__call__" or not name.startswith("_")):
            yield f"**`{name}{_signature(method)}`**{_abstract(method)}\n"
            yield from _described(method)


def _hook(name: str) -> Iterator[str]:
    hook = getattr(hookspecs, name)
    yield f"## {name}\n"
    yield f"`def {name}{_signature(hook)}`\n"
    yield from _described(hook)


def _component(component: Component) -> Iterator[str]:
    documented = docstring_of(component.factory)
    yield f"### {component.name}\n"
    yield f"From `{component.distribution}`.\n"
    yield documented.text + "\n"
    if component.options:
        rows = [
            [f"`{name}`", option.takes, _default(option), as_markdown(option.help)]
            for name, option in component.options.items()
        ]
        yield from _table(["option", "takes", "default", "what it is"], rows)
    yield from _section(documented.line("References"), "References")


def _described(documented: Any) -> Iterator[str]:
    parts = docstring_of(documented)
    yield parts.text + "\n"
    for section in ("Attributes", "Args", "Raises"):
        items = [f"- `{name}`: {text}" for name, text in parts.items(section).items()]
        if items:
            yield f"{'Arguments' if section == 'Args' else section}:\n"
            yield "\n".join(items) + "\n"
    yield from _section(parts.line("Returns"), "Returns")


def _section(text: str, title: str) -> Iterator[str]:
    if text:
        yield f"{title}: {text}\n"


def _kind_of_key(key: str) -> str:
    if key in VALUES:
        return type_text(VALUES[key])
    if key in (*COMPONENTS, *RECIPES):
        return "name of an options file"
    return "mapping from component to its options" if key in SEVERAL else "mapping"


def _default(option: Option) -> str:
    return "required" if option.required else f"`{json.dumps(option.default)}`"


def _signature(function: Any) -> str:
    return str(inspect.signature(function)).replace("'", "")


def _abstract(method: Any) -> str:
    return " (to be implemented)" if getattr(method, "__isabstractmethod__", False) else ""


def _table(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def others() -> list[str]:
    """Distributions with plugins that are not of this clone: what is written would know of them."""
    files = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"), ROOT / "benchmarks" / "pyproject.toml"]
    ours = {name for file in files for name in re.findall(r'(?m)^name = "(.*)"$', file.read_text(encoding="utf-8"))}
    return sorted(registry().versions.keys() - ours)


def main(arguments: list[str]) -> int:
    """Write or check what is generated; the exit status."""
    if arguments not in (["--write"], ["--check"]):
        print("Type: python docs/generate.py --write (or --check)", file=sys.stderr)
        return 2
    if others():
        print(
            f"Plugins that are not of this clone are installed: {', '.join(others())}. The pages would name them. "
            f"Type: pip uninstall {' '.join(others())}, then nox -s docs",
            file=sys.stderr,
        )
        return 1
    index()  # asks every hook: some plugins break only there
    for plugin in registry().broken:
        print(f"The plugin {plugin.distribution} cannot be used: {plugin.reason}", file=sys.stderr)
    if registry().broken:
        return 1
    generated = {known.INDEX: index()}
    for page in (hooks, components, configuration):
        generated[REFERENCE / f"{page.__name__}.md"] = GENERATED + "\n\n" + "\n".join(page())
    stale = []
    for path, text in generated.items():
        if arguments == ["--write"]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        print(f"Not up to date: {', '.join(stale)}. Type: nox -s docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
