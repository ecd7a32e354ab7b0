"""From the command line to the runs that it asks for, each complete and checked to the last option."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from tunekit.config.arguments import CommandLine
from tunekit.config.composition.compose import Composition, compose
from tunekit.config.composition.until import OPTION as UNTIL, Until
from tunekit.config.options_files.offered import groups
from tunekit.config.schema import NUMBER_OF_SEEDS, QUIET, check
from tunekit.config.shard import OPTION as SHARD, Shard, parse_shard
from tunekit.config.specs.recipe import told, told_of_pauses
from tunekit.config.specs.run_spec import RunSpec, resolve
from tunekit.console import plural, print_stderr
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError

if TYPE_CHECKING:  # it is imported where one is chosen
    from tunekit_core.contracts.launchers import Launcher

TYPED_INSTEAD = {"method": "method=AUTO", "scheduler": "scheduler=asha_stopping"}


@attrs.frozen
class Plan:
    """What a command asks for.

    Attributes:
        specs: Distinct runs, in order; none if Hydra was only asked to show something.
        is_sweep: Whether their comparison is asked for, of however many runs.
        n_jobs: Runs at the same time; ``None`` takes as many as there are cores, and one where trials are processes.
        is_only_listed: Whether nothing is to be run.
        only: Statuses of those that are run; all that are not complete where it is empty.
        launcher: What runs the runs elsewhere; ``None`` where they are run here.
        shard: Which part of the runs this process is to run; ``None`` for all.
        until: What is to be told apart: of the runs as many are run as that takes, seed by seed.
    """

    specs: Sequence[RunSpec]
    is_sweep: bool = False
    n_jobs: int | None = None
    is_only_listed: bool = False
    only: Sequence[str] = ()
    launcher: Launcher | None = None
    shard: Shard | None = None
    until: Until | None = None


def plan_command(line: CommandLine) -> Plan:
    """The runs of a command line. Nothing is run or written.

    Raises:
        TunekitError: If it cannot be composed, or a key, component or option does not exist or fit.
    """
    composition = compose(line)
    chosen = composition.launcher
    launcher = None if chosen is None else chosen.component.create(options=chosen.options)
    if launcher is not None and any(config.get("random_seed", 0) is None for config in composition.configs):
        raise ConfigurationError(
            "random_seed=null draws another number whenever the command is typed, and with a launcher that is "
            f"more than once. Type a number, such as random_seed={_drawn()}.",
            option="random_seed",
        )
    options = composition.options
    if options is None:
        return Plan([])
    if launcher is not None and options.n_jobs is not None:
        raise ConfigurationError(
            f"hydra.sweeper.n_jobs={options.n_jobs} says how many runs there are at the same time on this machine, "
            f"and with hydra/launcher={launcher.name} there are none. Leave it out.",
            option="hydra.sweeper.n_jobs",
            value=options.n_jobs,
        )
    shard = None if options.shard is None else _shard(options.shard, composition)
    if options.until is not None:
        _check_until(composition, launcher)
    specs = plan_runs(composition.configs)
    tell_of_methods(specs)
    if options.skip >= len(specs):
        raise ConfigurationError(
            f"hydra.sweeper.skip_initial_experiments={options.skip} leaves nothing to run: the sweep has "
            f"{plural(len(specs), 'run')}.",
            option="hydra.sweeper.skip_initial_experiments",
            value=options.skip,
        )
    return Plan(
        specs[options.skip :],
        composition.is_sweep,
        options.n_jobs,
        options.plan,
        tuple(options.only),
        launcher,
        shard,
        options.until,
    )


def _shard(typed: str, composition: Composition) -> Shard:
    shard = parse_shard(typed)
    why = ""
    if composition.launcher is not None:
        why = "divides a sweep among those who type it, and a launcher divides it into jobs itself. Leave it out"
    elif not composition.is_sweep:
        why = "divides a sweep, and this is a single run. Leave it out, or add --multirun"
    elif any(config.get("random_seed", 0) is None for config in composition.configs):
        why = (
            "divides the same runs wherever it is typed, and random_seed=null draws another number each time. Type a "
            f"number, such as random_seed={_drawn()}"
        )
    if why:
        raise ConfigurationError(f"{SHARD}={shard} {why}.", option=SHARD, value=str(shard))
    return shard


def _check_until(composition: Composition, launcher: Launcher | None) -> None:
    """See that seeds can be added by what has come of others."""
    if not composition.is_sweep:
        raise ConfigurationError(f"{UNTIL} is of sweeps: add --multirun, or leave it out.", option=UNTIL)
    if launcher is not None:
        raise ConfigurationError(
            f"{UNTIL} adds seeds by what the runs before have come to, and hydra/launcher={launcher.name} begins "
            "all of them at once. Leave one of the two out; with the launcher, type the seeds, as in 'seed=range(20)'.",
            option=UNTIL,
        )
    if any(config.get("random_seed", 0) is None for config in composition.configs):
        raise ConfigurationError(
            f"random_seed=null draws another number whenever the command is typed, and {UNTIL} goes on with the same "
            f"seeds. Type a number, such as random_seed={_drawn()}.",
            option="random_seed",
        )


def plan_runs(
    configs: Sequence[Mapping[str, Any]],
    benchmark: Benchmark | None = None,
    sources: Mapping[str, str] | None = None,
    *,
    keeps_none: bool = False,
) -> list[RunSpec]:
    """The distinct runs of composed configurations, in order.

    Args:
        configs: In plain dicts.
        benchmark: The benchmark of all of them, where it is an object of the caller.
        sources: As for :func:`~tunekit.config.specs.run_spec.resolve`.
        keeps_none: Likewise.

    Raises:
        TunekitError: If a key, component or option does not exist or fit.
    """
    specs: dict[Path, RunSpec] = {}
    drawn: int | None = None  # one for all of them
    for config in configs:
        settings = check(config)
        random_seed = settings.values["random_seed"]
        if random_seed is None:
            drawn = random_seed = _draw_random_seed() if drawn is None else drawn
        spec = resolve(settings, random_seed, benchmark, sources, keeps_none=keeps_none)
        same = specs.setdefault(spec.folder, spec)
        if same is not spec:
            _check_secrets(same, spec)
    return list(specs.values())


def tell_of_methods(specs: Sequence[RunSpec], *, instead: Mapping[str, str] = TYPED_INSTEAD) -> None:
    """Say on standard error what the methods of runs do here that is not to be expected of them.

    Args:
        specs: Runs that are about to be run, or were asked about.
        instead: How the method AUTO, and the scheduler asha_stopping, are asked for.
    """
    _print_choices(specs)
    _warn_of_pauses(specs, instead)


def _print_choices(specs: Sequence[RunSpec]) -> None:
    """Print once what methods took that they usually do not take; of several problems, for which."""
    has_several = len({spec.problem_name for spec in specs}) > 1
    told_of = [spec for spec in specs if spec.choice is not None and spec.verbosity != QUIET]
    names = [f"{spec.method_name} on {spec.problem_name}" if has_several else spec.method_name for spec in told_of]
    for line in dict.fromkeys(told(name, str(spec.choice)) for name, spec in zip(names, told_of, strict=True)):
        print_stderr(line)


def _warn_of_pauses(specs: Sequence[RunSpec], instead: Mapping[str, str]) -> None:
    """Print once for each method that it pauses trials which keep nothing, and what to type instead."""
    told_of = [spec for spec in specs if spec.begin_anew is not None and spec.verbosity != QUIET]
    lines = [told_of_pauses(spec.method_name, str(spec.begin_anew)) for spec in told_of]
    others = {"method": ("AUTO", "which takes what fits"), "scheduler": ("asha_stopping", "which stops instead")}
    typed = [f"{instead[group]}, {why}" for group, (name, why) in others.items() if name in groups().get(group, {})]
    what_to_type = f" Type {', or '.join(typed)}." if typed else ""
    for line in dict.fromkeys(lines):
        print_stderr(f"Warning: {line}{what_to_type}", style="yellow")


def _check_secrets(first: RunSpec, second: RunSpec) -> None:
    """See that two runs that are one, since secrets do not count, have the same ones."""
    one, other = first.secrets, second.secrets
    path = next((path for path in one if one[path] != other.get(path)), None)
    if path is not None:
        raise ConfigurationError(
            f"{path} has several values in this sweep, and a secret is no part of what a run is: these would be one "
            f"run. Give it one value, or each run its own: hydra.sweeper.zip=[[seed,{path}]]",
            option=path,
        )


def _drawn() -> int:
    return secrets.randbelow(NUMBER_OF_SEEDS)


def _draw_random_seed() -> int:
    drawn = _drawn()
    print_stderr(f"random_seed={drawn} was drawn: type it to find these results again.")
    return drawn
