"""``python -m tunekit resume FOLDER``: an experiment is resumed, as it was or with another end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.config.specs.components import build_benchmark
from tunekit.config.specs.identity import ends_of
from tunekit.config.specs.program import different
from tunekit.config.specs.run_spec import RunSpec
from tunekit.console import plural, print_stderr
from tunekit.results.going_on import is_of_command_line, is_of_tune
from tunekit.runs.building import build_problem
from tunekit.runs.checking import check_runs
from tunekit.runs.ends import passed_end
from tunekit.runs.folders import WAIT, become, move, now_at
from tunekit.runs.given_again import config_with_secrets, split_secrets
from tunekit.runs.recorded import recorded_run, shown_path
from tunekit.runs.resume_arguments import ACCEPT_SOURCES, UP_TO_DAMAGE, ResumeArguments, parse_resume
from tunekit.runs.trust import YES, check_trust
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, ExperimentLocked, OtherFormat, RecordError
from tunekit_core.records.damage import cut_off_at_damage
from tunekit_core.records.files import EVENTS, METADATA, read_metadata
from tunekit_core.records.metadata_fields import FILES_FORMAT


def experiment_to_resume(arguments: Sequence[str]) -> RunSpec:
    """The run of a folder, with the changes that the user typed, in the folder that belongs to it.

    An experiment that gets another end is another run: its folder is renamed, so that equal runs still find each other.

    Args:
        arguments: What is typed after ``resume``.

    Raises:
        TunekitError: If there is no such experiment, it cannot be resumed, or a change is not possible.
    """
    secrets, others = split_secrets(arguments)
    asked = parse_resume(others)
    folder, is_cut_off = asked.folder, UP_TO_DAMAGE in asked.flags
    _check_exists(folder, is_cut_off=is_cut_off)
    metadata = _metadata(folder, is_cut_off=is_cut_off)
    if not is_of_command_line(metadata):
        if is_cut_off:
            _cut_off(folder)  # whoever goes on with it has no such flag
        raise _is_not_ours(folder, metadata)
    config = metadata["config"]
    if config["format"] != FILES_FORMAT:
        raise RecordError(
            f"{folder} cannot go on: it was made by another version of tunekit, with format {config['format']} where "
            f"this one writes {FILES_FORMAT}. Type the command that made it again: it begins anew beside this folder."
        )
    check_trust(folder, metadata, is_accepted=YES in asked.flags)
    with_secrets = {**metadata, "config": config_with_secrets(folder, metadata, secrets)}
    spec = recorded_run(folder, with_secrets, asked.changes)
    _check_has_events(folder, config, spec)
    is_complete = metadata["status"] == ExperimentStatus.COMPLETED.value and not is_cut_off
    spec = _with_sources(asked, config, spec, is_complete=is_complete)
    if is_cut_off:
        _cut_off(folder)
    _check_end(folder, config, spec)
    if spec.folder.resolve() != folder.resolve():
        check_runs([spec])
        _rename(folder, metadata, spec)
    return spec


def _check_exists(folder: Path, *, is_cut_off: bool) -> None:
    if (folder / METADATA).exists():
        return
    if is_cut_off and (folder / EVENTS).exists():
        _cut_off(folder)
    now = now_at(folder)
    if now is not None:
        raise RecordError(f"{folder} is {shown_path(now)} now, since it got another end or its program was edited.")
    raise RecordError(
        f"{folder} holds no experiment: it has no {METADATA}. Give the folder of one, as the command that made it "
        f"printed it. An experiment that has lost its {METADATA} goes on when that command is typed again."
    )


def _metadata(folder: Path, *, is_cut_off: bool) -> dict[str, Any]:
    try:
        return read_metadata(folder)
    except OtherFormat:
        raise
    except RecordError as error:
        if is_cut_off:
            _cut_off(folder)  # whoever types the command again finds a record that can be gone on from
        raise RecordError(
            f"{str(error).removesuffix('.')}. The experiment goes on when the command that made it is typed again: "
            f"what is there now is kept, and {METADATA} is made anew."
        ) from error


def _is_not_ours(folder: Path, metadata: Mapping[str, Any]) -> RecordError:
    if not is_of_tune(metadata):
        return RecordError(
            f"{folder} was not made by the command line. It goes on when the program that made it is run again."
        )
    return RecordError(
        f"{folder} tunes a Python function, which the command line does not have. It goes on when tune() is called "
        "again with the same arguments."
    )


def _check_has_events(folder: Path, config: Mapping[str, Any], spec: RunSpec) -> None:
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


def _cut_off(folder: Path) -> None:
    try:
        cut_off = cut_off_at_damage(folder)
    except ExperimentLocked as error:
        raise type(error)(f"{error} {WAIT}") from error
    kept = " and ".join(map(str, cut_off.kept_as))
    print_stderr(
        f"{cut_off.damage} {plural(cut_off.n_lines, 'line')} from there on are set aside, kept as {kept}. The "
        f"experiment goes on from the {plural(cut_off.n_kept, 'event')} before."
    )


def _check_end(folder: Path, config: Mapping[str, Any], spec: RunSpec) -> None:
    problem = build_problem(build_benchmark(spec.results["benchmark"]), spec.results)
    passed = passed_end(folder, config, spec, problem)
    if passed is not None:
        path = f"stopping.{passed.name}"
        raise ConfigurationError(
            f"{path}: {folder} has gone further than that already: when {passed.reason}, it went on. Give it a later "
            "end, or type the command that made it with this one: that is another run, which begins anew beside it.",
            option=path,
        )


def _with_sources(asked: ResumeArguments, config: Mapping[str, Any], spec: RunSpec, *, is_complete: bool) -> RunSpec:
    """The run with the sources that it had before and those that it has now."""
    before, now = config["sources"] or {}, spec.sources or {}
    names = ", ".join(name if name in now else f"{name} (which is gone)" for name in different(before, now))
    if names and is_complete and ends_of(config) == ends_of(spec.results):
        raise ConfigurationError(
            f"{asked.folder} is complete, so that nothing would run with the other sources ({names}). Give it a later "
            "end as well, or type the command that made it, to begin anew with those of now."
        )
    if names and ACCEPT_SOURCES not in asked.flags:
        again = shlex.join(["python", "-m", "tunekit", "resume", *asked.words, ACCEPT_SOURCES])
        raise ConfigurationError(
            f"{asked.folder} began with other sources: {names}. To begin anew with those of now, type the command that "
            f"made it; to have results of both in one experiment, type: {again}",
            option=ACCEPT_SOURCES.partition("=")[0],
        )
    return spec.going_on_from(config)


def _rename(folder: Path, metadata: Mapping[str, Any], spec: RunSpec) -> None:
    if spec.folder.exists():
        raise ConfigurationError(
            f"With these changes the experiment is that of {spec.folder}, which exists already. To go on with that "
            f"one, type: {shlex.join(['python', '-m', 'tunekit', 'resume', str(spec.folder)])}"
        )
    # Before the folder gets its other name: what it holds from now on is never complete for what it has been so far.
    become(folder, metadata, spec)
    move(folder.resolve(), spec.folder)  # it may be named by a link
