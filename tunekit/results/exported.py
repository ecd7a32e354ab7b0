"""The best configuration of an experiment, in a form in which something else can use it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from tunekit.config.shown import as_yaml
from tunekit.config.specs.components import build_benchmark
from tunekit.config.specs.program import different
from tunekit.console import print_stderr, printable
from tunekit.results.going_on import FUNCTION_BENCHMARK
from tunekit.results.summary import value_and_place
from tunekit.sources import sources_of
from tunekit_core.contracts.benchmarks import Executable, Script
from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.json_text import as_json
from tunekit_core.portable.script_command import render_command
from tunekit_core.randomness import effective_seed, trial_seed
from tunekit_core.records.load import Experiment
from tunekit_core.secret_names import MASK

OWN_FOLDER = "best-configuration"  # below that of the program: for the files that it reads, and its checkpoints


def exported(experiment: Experiment, form: str) -> str:
    """The best configuration as text.

    Args:
        experiment: What found it.
        form: One of :data:`FORMS`.

    Raises:
        RecordError: If there is none.
        ConfigurationError: If a command is asked for, and trials run none.
    """
    return FORMS[form](experiment, experiment.best_configuration())


def _yaml(experiment: Experiment, configuration: Mapping[str, Any]) -> str:
    return f"{_where_from(experiment)}\n{as_yaml(dict(configuration), '').rstrip()}"


def _points(experiment: Experiment, configuration: Mapping[str, Any]) -> str:
    """An options file: a run with it begins with this configuration."""
    points = {"points_to_evaluate": [dict(configuration)]}
    return f"# @package _global_\n{_where_from(experiment)}\n{as_yaml(points, '').rstrip()}"


def _where_from(experiment: Experiment) -> str:
    metric, place = experiment.metadata["metric"][0], value_and_place(experiment.metadata)
    return printable(f"# Best {metric}: {place}, of {experiment.path}")


def _json(experiment: Experiment, configuration: Mapping[str, Any]) -> str:
    return json.dumps(configuration)


def _python(experiment: Experiment, configuration: Mapping[str, Any]) -> str:
    entries = "".join(f"    {name!r}: {value!r},\n" for name, value in configuration.items())
    return f"{{\n{entries}}}"


def _command(experiment: Experiment, configuration: Mapping[str, Any]) -> str:
    config = experiment.metadata.get("config")
    if not isinstance(config, Mapping) or "name" not in config.get("benchmark", {}):
        raise RecordError(f"{experiment.path} was not made by the command line, so its trials have no command.")
    name = config["benchmark"]["name"]
    benchmark = None if name == FUNCTION_BENCHMARK else build_benchmark(config["benchmark"])
    if not isinstance(benchmark, Executable):
        raise ConfigurationError(
            f"as=command: trials of benchmark={name} run no script. Type as=yaml, as=json or as=python.",
            option="as",
            value="command",
        )
    script = benchmark.script()
    _warn_of_edits(experiment, script)
    entries = dict(configuration)
    if benchmark.max_resource_attr is not None:
        entries[benchmark.max_resource_attr] = experiment.metadata["max_resource"]
    seed = trial_seed(
        effective_seed(experiment.metadata["random_seed"], experiment.metadata["seed"]),
        experiment.metadata["incumbent"]["trial_id"],
    )
    own = OWN_FOLDER if script.folder is None else str(script.folder / OWN_FOLDER)  # the program may go elsewhere
    checkpoint, all_of_it = os.path.join(own, "checkpoint"), os.path.join(own, "configuration.json")
    rendered = render_command(
        script.command,
        json.loads(as_json(entries)),
        templates=script.templates,
        folder=own,
        checkpoint=checkpoint,
        seed=seed,
    )
    variables = {
        **{name: value for name, value in script.environment.items() if MASK not in value},  # secrets are not kept
        "TUNEKIT_CHECKPOINT_DIR": checkpoint,
        "TUNEKIT_CONFIGURATION": all_of_it,
        "TUNEKIT_REPORTS": "/dev/stdout",  # some programs need a file to append to
        "TUNEKIT_SEED": str(seed),
    }
    steps = [] if script.folder is None else [f"cd {shlex.quote(str(script.folder))}"]
    steps.append(f"mkdir -p {shlex.quote(checkpoint)}")
    files = {**rendered.files, all_of_it: as_json(entries)}
    steps += [f"printf %s {shlex.quote(text)} > {shlex.quote(path)}" for path, text in files.items()]
    steps.append(shlex.join(["env", *(f"{name}={value}" for name, value in variables.items()), *rendered.words]))
    return " && ".join(steps)


def _warn_of_edits(experiment: Experiment, script: Script) -> None:
    """Say which files of the program, such as a template, are no longer what the trial had."""
    before = experiment.metadata["config"].get("sources")
    if before is None:
        return
    now = sources_of(script, results_dir=experiment.path.resolve().parent.parent.parent).digests
    names = ", ".join(different(before, now))
    if names:
        print_stderr(f"Edited since the trial ran: {names}. The command runs what is there now.", style="yellow")


FORMS: Mapping[str, Callable[[Experiment, Mapping[str, Any]], str]] = {
    "yaml": _yaml,
    "points": _points,
    "json": _json,
    "command": _command,
    "python": _python,
}
