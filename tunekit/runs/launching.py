"""What a launcher is given: runs in a form in which they travel. What cannot travel is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial
from pathlib import Path, PurePosixPath

import attrs

from tunekit.config.schema import COMPONENTS
from tunekit.config.specs.components import DISTRIBUTION, build_benchmark, split_options
from tunekit.config.specs.inputs import recorded_inputs
from tunekit.config.specs.run_spec import TIME_LIMIT, RunSpec
from tunekit.config.specs.travelling import as_travelling
from tunekit.runs.durations import usual_seconds
from tunekit_core.contracts.benchmarks import Executable, Script
from tunekit_core.contracts.launchers import Launch, LaunchedRun
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.names import BUILT_IN
from tunekit_core.plugins.registry import registry
from tunekit_core.space import Domain


def launch_of(specs: Sequence[RunSpec], *, launcher: str, command: str, with_durations: bool = False) -> Launch:
    """The launch of some runs, at least one.

    Args:
        specs: The runs.
        launcher: Name of what launches them, for messages.
        command: What was typed, to be typed again.
        with_durations: Whether it is looked up what such runs have taken here.

    Raises:
        ConfigurationError: If one of them cannot be sent to another machine, or they have several experiment tags.
    """
    tags = list(dict.fromkeys(spec.experiment_tag for spec in specs))
    if len(tags) > 1:
        raise ConfigurationError(
            f"experiment_tag has several values, {', '.join(tags)}, and what is launched has one. Launch one after the "
            "other, with experiment_tag=TAG.",
            option="experiment_tag",
            value=tags,
        )
    for spec in specs:
        _check_secrets(spec, launcher)
    tuned = {_space_key(spec): spec for spec in specs}
    names = {key: _hyperparameters(spec) for key, spec in tuned.items()}
    runs = [_launched(spec, names[_space_key(spec)]) for spec in specs]
    if with_durations:
        usual = cache(partial(usual_seconds, Path(specs[0].results_dir)))
        runs = [attrs.evolve(run, usual_seconds=usual(run.method, run.problem)) for run in runs]
    return Launch(
        runs=tuple(runs),
        experiment_tag=specs[0].experiment_tag,
        results_dir=Path(specs[0].results_dir).absolute(),
        distributions=_distributions(specs),
        scripts=_scripts(specs, launcher),
        inputs=tuple(
            dict.fromkeys(Path(path) for spec in specs for path, _ in recorded_inputs([spec.results, spec.observers]))
        ),
        command=command,
    )


def _launched(spec: RunSpec, hyperparameters: tuple[str, ...]) -> LaunchedRun:
    limit = spec.built_in_criteria.get(TIME_LIMIT)
    backend, _ = split_options(spec.results["backend"])
    searcher, _ = split_options(spec.results["searcher"])
    return LaunchedRun(
        hash=spec.hash,
        folder=PurePosixPath(spec.folder.relative_to(spec.results_dir).as_posix()),
        method=spec.method_name,
        problem=spec.problem_name,
        dataset=spec.dataset,
        seed=spec.seed,
        n_workers=spec.results["n_workers"],
        seconds=limit["seconds"] if spec.can_restore and limit is not None else None,
        is_expensive=spec.can_restore or registry().find("searcher", searcher).factory.is_expensive,
        backend=registry().find("backend", backend).name,
        hyperparameters=hyperparameters,
        spec=as_travelling(spec),
    )


def _space_key(spec: RunSpec) -> str:
    """The same for runs with the same search space: there are hundreds of runs, and few spaces."""
    return repr((spec.results["benchmark"], spec.results["fixed"]))


def _hyperparameters(spec: RunSpec) -> tuple[str, ...]:
    space = build_benchmark(spec.results["benchmark"]).space.fix(spec.results["fixed"])
    return tuple(name for name, entry in space.items() if isinstance(entry, Domain))


def _check_secrets(spec: RunSpec, launcher: str) -> None:
    path = next(iter(spec.secrets), None)
    if path is not None:
        raise ConfigurationError(
            f"{path} is or holds a secret, and secrets are not sent to other machines. Leave it out and have the "
            f"program read it where it runs, or run it on this machine: without hydra/launcher={launcher}.",
            option=path,
        )


def _distributions(specs: Iterable[RunSpec]) -> tuple[str, ...]:
    found = {BUILT_IN: None}
    for spec in specs:
        several = [spec.results["stopping"], spec.results["composers"], spec.observers]
        components = [spec.results[key] for key in COMPONENTS] + [each for one in several for each in one.values()]
        found |= dict.fromkeys(component[DISTRIBUTION] for component in components)
    return tuple(found)


def _scripts(specs: Iterable[RunSpec], launcher: str) -> tuple[Script, ...]:
    """The programs that lie in folders of their own. Others are files of the distributions of their benchmarks."""
    found: dict[Path, Script] = {}
    for spec in {repr(spec.results["benchmark"]): spec for spec in specs if spec.sources is not None}.values():
        benchmark = build_benchmark(spec.results["benchmark"])
        script = benchmark.script() if isinstance(benchmark, Executable) else None
        if script is None:
            continue
        if not script.is_portable:
            raise ConfigurationError(
                f"benchmark={spec.benchmark}: its program cannot be run on another machine. Run it on this one, "
                f"without hydra/launcher={launcher}.",
                option="benchmark",
                value=spec.benchmark,
            )
        if script.folder is not None:
            folder = script.folder.absolute()
            # Files that placeholders name are read where the runs are run.
            sources = None if script.sources is None else (*script.sources, *map(Path, script.templates))
            there = attrs.evolve(script, folder=folder, sources=sources)
            found[folder] = _with_sources_of(there, found.get(folder))
    return tuple(found.values())


def _with_sources_of(script: Script, other: Script | None) -> Script:
    """A program with the files of another one in the same folder: each is all of that folder unless it says more."""
    if other is None:
        return script
    if script.sources is None or other.sources is None:
        return attrs.evolve(other, sources=None)
    return attrs.evolve(other, sources=tuple(dict.fromkeys([*other.sources, *script.sources])))
