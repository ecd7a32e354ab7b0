"""``python -m tunekit --help``: what to type, and what there is to choose from. Does not wait for Hydra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from tunekit.cli.startup import print_startup_notes
from tunekit.config.options_files.offered import groups
from tunekit.config.schema import COMPONENTS, KEYS, OPEN, RECIPES
from tunekit.config.specs.defaults import what_to_install
from tunekit.console import print_stdout, stdout_console
from tunekit_core.plugins.registry import registry

EXAMPLES = (
    ("method=ASHA benchmark=fcnet", "one run, and the best configuration that it finds"),
    ("method=ASHA benchmark=fcnet --multirun 'seed=range(20)'", "20 seeds on all cores: a table and a figure"),
    ("--multirun method=RS,ASHA 'seed=range(20)'", "methods compared; run again, it runs what is missing"),
    ("experiment=demo_study", "a whole study"),
    ("method=ASHA --multirun 'seed=range(20)' --plan", "what would run, and what is complete"),
    ("method=ASHA --cfg job", "the configuration, without running it"),
    ("method=ASHA backend=local benchmark=checkpoint_example n_workers=2", "trials are processes of this machine"),
    ("init train.py", "read a script of your own, and write an options file with which it is tuned"),
    ("resume FOLDER", "an experiment whose trials are processes goes on; resume --help says more"),
    ("ls status=failed older=7d", "experiments that exist; show, export and rm take what it lists"),
    ("watch results", "experiments while another terminal or machine runs them"),
    ("report results", "which method is better, from when on, by how much, and how sure; report --help"),
    ("plot EXPERIMENT", "figures of one, or of a FOLDER of many, for a paper; plot --help says which there are"),
    ("show EXPERIMENT", "what one has come to: best configuration, failures, files, how to go on"),
    ("explain EXPERIMENT TRIAL", "why a trial was stopped, paused or promoted, and how close that was"),
    ("steer EXPERIMENT pause", "one that runs: pause, continue, stop, extend, or try a configuration"),
    ("export EXPERIMENT as=yaml", "its best configuration as YAML, points to begin with, JSON, a command or Python"),
    ("rm EXPERIMENT", "remove it, after asking; each of these verbs has its own --help"),
    ("plugins", "every component that is installed; plugins searcher random explains one"),
)
OVERRIDES = (
    ("scheduler=asha_promotion scheduler.reduction_factor=4", "an option of a component"),
    ("stopping.max_num_trials_started=256", "end there; the first criterion that holds ends the experiment"),
    ("stopping.max_wallclock_time=null", "switch a criterion off"),
    ("composers.rung_sizes=true", "switch a composer or observer on"),
    ("benchmark=fcnet fixed.hp_batch_size=32", "do not search this hyperparameter"),
    ("n_workers=8 seed=3", "several options, in any order"),
)
SWEEPS = (
    ("hydra.sweeper.n_jobs=2", "runs at the same time; unless given all cores, and one in real time"),
    ("'hydra.sweeper.zip=[[seed,n_workers]]'", "values that vary together"),
    ("'hydra.sweeper.also=[{method: RS, n_workers: [1,2]}]'", "the same again with these values"),
    ("'hydra.sweeper.exclude=[{method: RS, n_workers: 8}]'", "leave out what has all of these values"),
    ("'hydra.sweeper.repeats={method: {RS: 5}}'", "only the first 5 of the seeds for RS"),
    ("hydra.sweeper.skip_initial_experiments=3", "leave out the first ones"),
    ("hydra.sweeper.only=failed", "run only what has failed; or interrupted, missing, or a list of these"),
    ("hydra.sweeper.shard=2/8", "the second of eight parts, the same wherever it is typed"),
    ("'hydra.sweeper.until={compare: [A, B]}'", "add seeds until these two setups are told apart, 40 at the most"),
    ("hydra/launcher=NAME hydra.launcher.OPTION=VALUE", "run them elsewhere; `plugins launcher` lists what can"),
)
FLAGS = (
    ("--multirun, -m", "sweep over values: a,b,c  range(20)  choice(a,b)  glob(*)"),
    ("--config-dir FOLDER", "more options files of your own"),
    ("--plan", "list what would run, or with a launcher its jobs, hours and dollars, and end"),
    ("--cfg job", "print the configuration, with every option of every component, and end"),
    ("--debug", "tracebacks"),
    ("--hydra-help", "the flags of Hydra"),
)


def show_help() -> None:
    """Print the page."""
    print_startup_notes()
    print_stdout("Tunes hyperparameters: python -m tunekit [key=value …] [--multirun]\n")
    files = groups()
    missing = [kind for kind in OPEN if not files.get(kind)]
    if missing:
        print_stdout(f"{what_to_install(missing)}\n")
    examples = [(line, text) for line, text in EXAMPLES if _works(line, files) and not (missing and "FOLDER" in line)]
    of_plugins = [(name, command.help) for name, command in registry().commands().items()]
    _section("Commands", [(f"python -m tunekit {line}", text) for line, text in (*examples, *of_plugins)])
    _section("Recipes", [(f"{key}={name}", text) for key in RECIPES for name, text in files.get(key, {}).items()])
    _section("Components", [(f"{key}=", ", ".join(files.get(key, {})) or "none installed") for key in COMPONENTS])
    others = sorted(set(files) - {*RECIPES, *COMPONENTS})
    if others:
        _section("Groups of plugins", [(group, ", ".join(files[group])) for group in others])
    _section("Options", [(line, text) for line, text in OVERRIDES if _works(line, files)])
    _section("Sweeps", SWEEPS)
    _section("Flags", FLAGS)
    _section("Keys at the top level", list(KEYS.items()))


def _works(line: str, files: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether everything that a line names is installed."""
    for word in line.split():
        key, _, names = word.partition("=")
        if key in (*COMPONENTS, *RECIPES) and not set(names.split(",")) <= set(files.get(key, {})):
            return False
    return True


def _section(title: str, rows: Sequence[tuple[str, str]]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(no_wrap=True)
    for left, right in rows:
        table.add_row(left, right)
    stdout_console().print(title, style="bold")
    stdout_console().print(table)
    stdout_console().print()
