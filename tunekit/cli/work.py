"""``python -m tunekit work FILE``: runs that were planned elsewhere are run on this machine, as they were planned."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from tunekit.cli.exit_status import SOME_FAILED, SUCCEEDED
from tunekit.cli.interruption import command, raise_when_interrupted, write_last_line
from tunekit.cli.startup import print_startup_notes, report_broken_plugins
from tunekit.config.specs.moved import MOVED
from tunekit.config.specs.run_spec import RunSpec
from tunekit.config.specs.travelling import read_runs
from tunekit.console import duration, plural, print_stderr, print_stdout
from tunekit.runs.as_planned import AsPlanned
from tunekit.runs.batch import available_cores, run_all
from tunekit.runs.checking import check_names, check_runs
from tunekit.runs.interruption import exit_status
from tunekit.runs.run import Outcome
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, suggestion
from tunekit_core.records.believed import find

RESULTS_DIR, OBSERVER, JOBS = "--results-dir", "--observer", "--jobs"
FLAGS = (RESULTS_DIR, OBSERVER, JOBS)
USAGE = f"Type: python -m tunekit work FILE {RESULTS_DIR} FOLDER [{OBSERVER} NAME …] [{JOBS} N]"
HELP = f"""Runs what a launcher has planned elsewhere, on the machine on which it is typed. Launchers type it.

{USAGE}

FILE has a run in each line, as a launcher was given it. What is complete in FOLDER is not run again, and what was
interrupted goes on. Simulated runs are run at the same time, as many as there are cores or as {JOBS} says, those in
real time one after another. {OBSERVER} has an observer watch them all, with its defaults; it may be typed again for
more of them.

Where files lie elsewhere than where the runs were planned, the variable {MOVED} says where: an object of JSON from
absolute paths there to absolute paths here."""


@attrs.frozen
class WorkArguments:
    """What is typed after ``work``.

    Attributes:
        file: The runs.
        results_dir: Where their results go.
        observers: Names of those that watch them here.
        n_jobs: Runs at the same time; ``None`` unless given.
    """

    file: Path
    results_dir: str
    observers: tuple[str, ...]
    n_jobs: int | None


def work(arguments: Sequence[str], given: Sequence[str]) -> int:
    """Run the runs of a file that are not complete.

    Args:
        arguments: What follows ``work``, without ``--debug``.
        given: All that was typed, to be typed again.

    Returns:
        The exit status.

    Raises:
        TunekitError: If the file or one of its runs cannot be used here; nothing has been run or written then.
    """
    if {"--help", "-h"} & set(arguments):
        print_stdout(HELP)
        return SUCCEEDED
    asked = parse_work(arguments)
    print_startup_notes()
    specs = read_runs(asked.file, asked.results_dir)
    check_names(specs)
    found = {spec.folder: find(spec.folder, spec.hash) for spec in specs}
    left = [spec for spec in specs if found[spec.folder].status is not ExperimentStatus.COMPLETED]
    as_planned = AsPlanned(asked.observers)
    for spec in {spec.setting: spec for spec in left}.values():
        as_planned.check(spec)
    check_runs(left)
    report_broken_plugins()
    raise_when_interrupted()
    print_stderr(f"{plural(len(specs), 'run')}: {len(specs) - len(left)} complete, {len(left)} to run.")
    for each in found.values():
        if each.damage:
            print_stderr(f"Not complete: {each.damage}.")
    outcomes = _run(left, as_planned, asked.n_jobs)
    if len(outcomes) < len(left) or ExperimentStatus.INTERRUPTED in outcomes.values():
        write_last_line(f"Interrupted. To go on, type: {command(given)}")
        return exit_status()
    return SUCCEEDED if set(outcomes.values()) <= {ExperimentStatus.COMPLETED} else SOME_FAILED


def parse_work(arguments: Sequence[str]) -> WorkArguments:
    """Sort what was typed.

    Raises:
        ConfigurationError: If something is missing, or none of these.
    """
    files: list[str] = []
    values: dict[str, list[str]] = {flag: [] for flag in FLAGS}
    rest = iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag in FLAGS:
            values[flag].append(value if equals else _value_of(flag, rest))
        elif flag.startswith("-"):
            close = suggestion(flag, FLAGS)
            raise ConfigurationError(
                f"`work` has no flag '{flag}'. {close}Flags: {' '.join(FLAGS)}. {USAGE}", option=flag
            )
        else:
            files.append(argument)
    if len(files) != 1:
        raise ConfigurationError(f"`work` takes one file of runs, but got: {' '.join(files) or 'none'}. {USAGE}")
    if len(values[RESULTS_DIR]) != 1 or not values[RESULTS_DIR][0]:
        raise ConfigurationError(f"`work` needs one {RESULTS_DIR} FOLDER. {USAGE}", option=RESULTS_DIR)
    return WorkArguments(
        Path(os.path.expanduser(files[0])),
        os.path.expanduser(values[RESULTS_DIR][0]),
        tuple(dict.fromkeys(values[OBSERVER])),
        _number(values[JOBS][-1]) if values[JOBS] else None,
    )


def _value_of(flag: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise ConfigurationError(f"The flag {flag} needs a value after it. {USAGE}", option=flag)
    return value


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise ConfigurationError(f"{JOBS} {text} must be a whole number from 1 on. {USAGE}", option=JOBS, value=text)
    return int(text)


def _run(specs: Sequence[RunSpec], as_planned: AsPlanned, n_jobs: int | None) -> dict[Path, ExperimentStatus]:
    """What became of each, by folder; after an interruption some are missing."""
    statuses: dict[Path, ExperimentStatus] = {}

    def note(spec: RunSpec, outcome: Outcome) -> None:
        statuses[spec.folder] = outcome.status
        what = f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}"
        print_stderr(f"{what}: {outcome.status.value} in {duration(outcome.seconds)}, {outcome.reason}")

    simulated = [spec for spec in specs if not spec.can_restore]
    run_all(simulated, n_jobs or available_cores(), note, print_stderr, as_planned=as_planned)
    if len(statuses) == len(simulated) and ExperimentStatus.INTERRUPTED not in statuses.values():
        in_real_time = [spec for spec in specs if spec.can_restore]  # each uses the whole machine already
        run_all(in_real_time, n_jobs or 1, note, print_stderr, as_planned=as_planned)
    return statuses
