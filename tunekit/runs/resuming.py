"""``python -m tunekit resume FOLDER``: an experiment is resumed, as it was or with another end."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tunekit.config.schema import COMPONENTS, NORMAL, SEVERAL, check
from tunekit.config.specs.components import split_options
from tunekit.config.specs.inputs import recorded_inputs
from tunekit.config.specs.run_spec import RunSpec, name_without_recipe, resolve
from tunekit.console import plural, print_stderr
from tunekit.runs.checking import check_runs
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, ExperimentLocked, RecordError
from tunekit_core.plugins.registry import registry
from tunekit_core.records.damage import cut_off_at_damage
from tunekit_core.records.files import EVENTS, FolderLock, read_metadata, write_metadata
from tunekit_core.records.metadata_fields import FILES_FORMAT

CHANGEABLE = ("stopping", "n_workers", "wait_for_running", "observers", "backend", "verbosity")
DERIVED = ("data_hash", "format")
FUNCTION_BENCHMARK = "function"  # name of the benchmark of ``tune()``, which no config can name
UP_TO_DAMAGE = "--up-to-damage"
USAGE = "Type: python -m tunekit resume FOLDER [stopping.max_wallclock_time=SECONDS …]"


def experiment_to_resume(arguments: Sequence[str]) -> RunSpec:
    """The run of a folder, with the changes that the user typed, in the folder that belongs to it.

    An experiment that gets another end is another run: its folder is renamed, so that equal runs still find each other.

    Args:
        arguments: The folder, then overrides of :data:`CHANGEABLE`, and among them perhaps :data:`UP_TO_DAMAGE`, for
            a record that is damaged.

    Raises:
        TunekitError: If there is no such experiment, it cannot be resumed, or a change is none of those.
    """
    is_up_to_damage = UP_TO_DAMAGE in arguments
    arguments = [argument for argument in arguments if argument != UP_TO_DAMAGE]
    if not arguments or "=" in arguments[0]:
        raise ConfigurationError(f"`resume` needs the folder of an experiment. {USAGE}")
    folder = Path(arguments[0])
    metadata = read_metadata(folder)
    config = metadata.get("config")
    if is_up_to_damage and (not isinstance(config, Mapping) or metadata["benchmark"] == FUNCTION_BENCHMARK):
        _cut_off(folder)
    if not isinstance(config, Mapping):
        raise RecordError(
            f"{folder} was not made by the command line. It goes on when the program that made it is run again."
        )
    if metadata["benchmark"] == FUNCTION_BENCHMARK:
        raise RecordError(
            f"{folder} tunes a Python function, which the command line does not have. It goes on when tune() is called "
            "again with the same arguments."
        )
    if config["format"] != FILES_FORMAT:
        raise RecordError(
            f"{folder} cannot go on: it was made by another version of tunekit, with format {config['format']} where "
            f"this one writes {FILES_FORMAT}. Type the command that made it again: it begins anew beside this folder."
        )
    spec = _spec(folder, metadata, _changes(arguments[1:]))
    if not spec.can_restore:
        raise ConfigurationError(
            f"{folder} cannot go on: with backend={config['backend']['name']} runs are repeated from their beginning. "
            "Type the command that made it again, with what is to be different.",
            option="backend",
            value=config["backend"]["name"],
        )
    if not (folder / EVENTS).exists():
        raise RecordError(
            f"{folder} cannot go on: it has no {EVENTS}. To begin anew beside it, type the command that made it, with "
            f"experiment_tag={spec.experiment_tag}-anew"
        )
    if is_up_to_damage:
        _cut_off(folder)
    if spec.folder.resolve() != folder.resolve():
        check_runs([spec])
        _move(folder, spec.folder)
    return spec


def _cut_off(folder: Path) -> None:
    try:
        cut_off = cut_off_at_damage(folder)
    except ExperimentLocked as error:
        raise ConfigurationError(f"{error} Wait until it has ended, or interrupt it with Ctrl-C.") from error
    kept = " and ".join(map(str, cut_off.kept_as))
    print_stderr(
        f"{cut_off.damage} {plural(cut_off.n_lines, 'line')} from there on are set aside, kept as {kept}. The "
        f"experiment goes on from the {plural(cut_off.n_kept, 'event')} before."
    )


def _changes(overrides: Sequence[str]) -> Mapping[str, Any]:
    for override in overrides:
        key = override.partition("=")[0].partition(".")[0]
        if "=" not in override or key not in CHANGEABLE:
            raise ConfigurationError(
                f"{override}: an experiment that goes on keeps what it is. Only these can be changed: "
                f"{', '.join(CHANGEABLE)}. {USAGE}",
                option=key,
                value=override,
            )
    try:
        return cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.from_dotlist(list(overrides))))
    except OmegaConfBaseException as error:
        raise ConfigurationError(f"{' '.join(overrides)}: {error}. {USAGE}") from error


def _spec(folder: Path, metadata: Mapping[str, Any], changes: Mapping[str, Any]) -> RunSpec:
    recorded = _as_typed(metadata["config"])
    tag_folder = folder.absolute().parents[1]
    settings = {
        "scale_max_wallclock_time": False,
        "verbosity": NORMAL,
        **recorded,
        "experiment_tag": tag_folder.name,
        "results_dir": os.path.relpath(tag_folder.parent),
        "tags": metadata.get("tags", {}),
    }
    if metadata["method"] != name_without_recipe(metadata["config"]):
        settings["method"] = {"name": metadata["method"]}
    if metadata.get("experiment") is not None:
        settings["experiment"] = {"name": metadata["experiment"]}
    merged = _merged(settings, _with_clearest_names(changes))
    for key in COMPONENTS:
        if not isinstance(merged[key], Mapping):
            raise ConfigurationError(
                f"{key}={merged[key]}: an experiment that goes on keeps its {key}; its options can be changed, as in "
                f"{key}.OPTION=VALUE.",
                option=key,
                value=merged[key],
            )
        if registry().clearest(key, merged[key]["name"]) != recorded[key]["name"]:
            raise ConfigurationError(
                f"{key}={merged[key]['name']}: an experiment that goes on keeps its {key}, {recorded[key]['name']}.",
                option=key,
                value=merged[key]["name"],
            )
    spec = resolve(check(merged), merged["random_seed"])
    _check_inputs(folder, metadata["config"], spec)
    return spec


def _with_clearest_names(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes under the names that the settings of the run have."""
    clear = dict(changes)
    for key, kind in SEVERAL.items():
        if isinstance(changes.get(key), Mapping):
            clear[key] = {registry().clearest(kind, str(name)): value for name, value in changes[key].items()}
    return clear


def _as_typed(config: Mapping[str, Any]) -> dict[str, Any]:
    """What was recorded of a run, as it would be typed."""
    typed = {key: value for key, value in config.items() if key not in DERIVED}
    for key in COMPONENTS:
        name, options = split_options(config[key])
        typed[key] = {"name": registry().clearest(key, name), **options}
    for key, kind in SEVERAL.items():
        split = [split_options({**component, "name": name}) for name, component in config[key].items()]
        typed[key] = {registry().clearest(kind, name): options for name, options in split}
    return typed


def _check_inputs(folder: Path, config: Mapping[str, Any], spec: RunSpec) -> None:
    now = dict(recorded_inputs([spec.results, spec.observers]))
    for path, content in recorded_inputs(config):
        if now.get(path, content) != content:
            raise ConfigurationError(
                f"{folder} cannot go on: {path}, which it reads, has changed since it began. Put that back as it was, "
                "or type the command that made the experiment again: with what is there now it is another run.",
                value=path,
            )


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(old.get(key), Mapping)
        merged[key] = _merged(old[key], value) if both else value
    return merged


def _move(folder: Path, target: Path) -> None:
    if target.exists():
        raise ConfigurationError(
            f"With these changes the experiment is that of {target}, which exists already. To go on with that one, "
            f"type: {shlex.join(['python', '-m', 'tunekit', 'resume', str(target)])}"
        )
    try:
        with FolderLock(folder):
            metadata = read_metadata(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Before the folder moves: what is found in the new place is never complete for what it has been so far.
            write_metadata(folder, {**metadata, "status": ExperimentStatus.INTERRUPTED.value})
            shutil.move(folder, target)
    except ExperimentLocked as error:
        raise ConfigurationError(f"{error} Wait until it has ended, or interrupt it with Ctrl-C.") from error
    print_stderr(f"The experiment moves to {target}, the folder of what it is now.")
