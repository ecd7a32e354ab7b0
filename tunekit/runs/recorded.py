"""The run that a folder was made by, read from its metadata, with the changes that it gets when it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.schema import COMPONENTS, FOLDER_NAME, NORMAL, SEVERAL, UNTAGGED, check
from tunekit.config.specs.components import split_options
from tunekit.config.specs.fitting import CHOICE
from tunekit.config.specs.identity import revisions
from tunekit.config.specs.inputs import recorded_inputs
from tunekit.config.specs.run_spec import (
    CHOSEN_ON_KEY,
    EARLIER,
    QUALIFIED_NO_SUCCESS,
    QUALIFIED_TIME_LIMIT,
    RunSpec,
    name_without_recipe,
    resolve,
)
from tunekit_core.errors import ConfigurationError, RecordError
from tunekit_core.plugins.registry import registry

DERIVED = ("data_hash", "format", "sources", EARLIER)


def recorded_run(folder: Path, metadata: Mapping[str, Any], changes: Mapping[str, Any]) -> RunSpec:
    """The run of a folder, to go on with.

    Args:
        folder: Where it is.
        metadata: Its ``metadata.json``, with its secrets.
        changes: What is to be different from now on, by key of the config.

    Raises:
        ConfigurationError: If a change is not possible, or what the run reads or its components have changed.
        RecordError: If the folder lies where no run does.
    """
    tag_folder = _tag_folder(folder)
    place = {"experiment_tag": tag_folder.name, "results_dir": shown_path(tag_folder.parent)}
    return _recorded(folder, metadata, changes, place)


def recorded_run_to_read(folder: Path, metadata: Mapping[str, Any]) -> RunSpec:
    """The run of a folder, wherever that lies and whatever it is called: for what neither goes on nor writes there.

    Args:
        folder: Where it is.
        metadata: Its ``metadata.json``.

    Raises:
        ConfigurationError: If what the run reads or its components have changed.
    """
    place = {"experiment_tag": UNTAGGED, "results_dir": str(folder.resolve().parent)}
    return _recorded(folder, metadata, {}, place)


def _recorded(
    folder: Path, metadata: Mapping[str, Any], changes: Mapping[str, Any], place: Mapping[str, str]
) -> RunSpec:
    recorded = _as_typed(metadata["config"])
    settings = {
        "scale_max_wallclock_time": False,
        "verbosity": NORMAL,
        **recorded,
        **place,
        "tags": metadata.get("tags", {}),
    }
    if metadata["method"] != name_without_recipe(metadata["config"]):
        settings["method"] = {"name": metadata["method"]}
    if metadata.get("experiment") is not None:
        settings["experiment"] = {"name": metadata["experiment"]}
    _check_ends(recorded, changes)
    merged = _merged(settings, _with_clearest_names(changes))
    for key in COMPONENTS:
        if not isinstance(merged[key], Mapping):
            raise ConfigurationError(
                f"{key}={merged[key]}: an experiment that goes on keeps its {key}; its options can be changed, as in "
                f"{key}.OPTION=VALUE.",
                option=key,
                value=merged[key],
            )
        if registry().clearest(key, str(merged[key]["name"])) != recorded[key]["name"]:
            raise ConfigurationError(
                f"{key}={merged[key]['name']}: an experiment that goes on keeps its {key}, {recorded[key]['name']}.",
                option=key,
                value=merged[key]["name"],
            )
    told = {"choice": metadata.get(CHOICE), "chosen_on": metadata.get(CHOSEN_ON_KEY, ())}
    spec = attrs.evolve(resolve(check(merged), merged["random_seed"]), **told)
    _check_inputs(folder, metadata["config"], spec)
    _check_revisions(folder, metadata, spec)
    return spec


def _check_ends(recorded: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Refuse one value for all ends: null would set the time limit that a run has by default, rather than none."""
    given = changes.get("stopping", {})
    if not isinstance(given, Mapping):
        has = [f"stopping.{name}" for name, options in recorded["stopping"].items() if options is not None]
        one = next(iter(has), "stopping.max_wallclock_time")
        value = "null" if given is None else given
        raise ConfigurationError(
            f"stopping={value}: name the end that is meant. It has {', '.join(has) or 'none'}: type {one}=null to take "
            f"that one away, or {one}=VALUE for another.",
            option="stopping",
            value=given,
        )


def _tag_folder(folder: Path) -> Path:
    """Where the runs of the experiment tag of a run are written, in a path that goes back nowhere."""
    parents = folder.resolve().parents
    if len(parents) < 3 or not FOLDER_NAME.fullmatch(parents[1].name):
        raise RecordError(
            f"{folder} cannot go on where it is. Put it back to RESULTS/TAG/METHOD/{folder.name}: it is renamed there "
            "when it gets another end."
        )
    return parents[1]


def shown_path(folder: Path) -> str:
    """A path as short as it is clear here."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


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
    for name in (QUALIFIED_TIME_LIMIT, QUALIFIED_NO_SUCCESS):  # one that goes on gets no end that it did not have
        typed["stopping"].setdefault(registry().clearest("stopping", name), None)
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


def _check_revisions(folder: Path, metadata: Mapping[str, Any], spec: RunSpec) -> None:
    before, now = revisions(metadata["config"]), revisions(spec.results)
    for path in before:
        if now.get(path, before[path]) != before[path]:
            versions = " ".join(f"{name}=={version}" for name, version in metadata["versions"].items())
            raise ConfigurationError(
                f"{folder} cannot go on: {path} is of revision {now[path]} now, and its results others than those of "
                f"revision {before[path]}, with which it began. Type the command that made it again, for a new "
                f"experiment, or go on with the versions that made it: pip install {versions}",
                option=path,
                value=now[path],
            )


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(old.get(key), Mapping)
        merged[key] = _merged(old[key], value) if both else value
    return merged
