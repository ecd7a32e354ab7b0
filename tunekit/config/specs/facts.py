"""What is known of a problem before anything runs: benchmark, backend, and the program that trials run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.schema import Settings
from tunekit.config.specs.components import OptionValues, build_benchmark, complete_component
from tunekit.config.specs.defaults import default_backend, default_benchmark
from tunekit.config.specs.inputs import SECRET, secrets_in
from tunekit.config.specs.program import program_of
from tunekit.config.specs.secrets import ENVIRONMENT
from tunekit.secrets import AS_IT_IS, IN_RESULTS, refuse_secret
from tunekit.sources import Sources
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.registry import registry
from tunekit_core.secret_names import SHORTEST


@attrs.frozen
class Facts:
    """What is known of a problem before anything runs.

    Attributes:
        benchmark: What is tuned.
        tuned: Its name and all of its options, as they are recorded.
        backend: What runs trials, as it is recorded.
        program: The files of the program that trials run, found by reading; ``None`` where that is not known, or they
            run none.
        keeps_none: Whether what runs in trials is known to keep no checkpoint, where the caller has read it.
    """

    benchmark: Benchmark
    tuned: OptionValues
    backend: OptionValues
    program: Sources | None
    keeps_none: bool = False


def facts_of(
    settings: Settings, benchmark: Benchmark | None = None, *, reads_program: bool = True, keeps_none: bool = False
) -> Facts:
    """Open what was asked for.

    Args:
        settings: What was asked for.
        benchmark: The benchmark, where it is an object of the caller. What the settings say of it is complete then.
        reads_program: Whether the files of the program are looked for.
        keeps_none: As in :class:`Facts`.

    Raises:
        ConfigurationError, UnknownComponentError: If benchmark or backend, or an option of theirs, does not exist or
            fit, or is missing.
    """
    names, given_options = chosen_names(settings, benchmark), settings.components["benchmark"][1]
    backend = chosen("backend", names["backend"], settings.components["backend"][1])
    if benchmark is None:
        tuned = chosen("benchmark", names["benchmark"], given_options)
        benchmark = build_benchmark(tuned)
    else:
        refuse_secret("space", given_options.get("space"), IN_RESULTS)
        tuned = {"name": names["benchmark"], **given_options}
    _check_names(tuned, benchmark)
    program = None
    if reads_program:
        results_dir = Path(os.path.expanduser(settings.values["results_dir"]))
        program = program_of(benchmark, registry().find("backend", names["backend"]).factory, results_dir)
    return Facts(benchmark, tuned, backend, program, keeps_none)


def chosen_names(settings: Settings, benchmark: Benchmark | None = None) -> dict[str, str]:
    """What is typed for each component; what was left open takes its default.

    Args:
        settings: What was asked for.
        benchmark: The benchmark, where it is an object of the caller.

    Raises:
        ConfigurationError: If nothing that is installed can take an open place, or several could.
    """
    names = {key: name for key, (name, _) in settings.components.items() if name is not None}
    if "benchmark" not in names:
        names["benchmark"] = default_benchmark()
    if "backend" not in names:
        name = names["benchmark"]
        factory = registry().find("benchmark", name).factory if benchmark is None else type(benchmark)
        names["backend"] = default_backend(name, factory)
    return names


def chosen(kind: str, name: str, options: OptionValues) -> dict[str, Any]:
    """A component as it is recorded: its name, and what determines what it does.

    Args:
        kind: Its kind.
        name: What is typed for it.
        options: Those given.

    Raises:
        ConfigurationError, UnknownComponentError: If it, or an option, does not exist or fit, or is missing.
    """
    component = registry().find(kind, name)
    return {"name": component.name, **complete_component(component, options)}


def _check_names(component: OptionValues, benchmark: Benchmark) -> None:
    """See that what the benchmark says of itself, which results and folders are named after, is no secret option."""
    objective = benchmark.objective
    said = (benchmark.dataset, benchmark.max_resource_attr, *objective.metric, objective.resource)
    options = {name: value for name, value in component.items() if name != ENVIRONMENT}
    for path, secret in secrets_in(options, SECRET, "benchmark").items():
        if len(secret) >= SHORTEST and any(name is not None and secret in name for name in said):
            raise ConfigurationError(f"{path} is or holds a secret, and {AS_IT_IS}", option=path)
