"""What is printed at the end: best value and configuration of a run, a comparison of methods for a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from tunekit.config.specs.fitting import BEGIN_ANEW, CHOICE
from tunekit.config.specs.fixed_arguments import told_of_program
from tunekit.config.specs.recipe import told, told_of_pauses
from tunekit.config.specs.run_spec import RunSpec
from tunekit.config.specs.titles import recorded_title
from tunekit.console import first_and_last_line, plural, print_stderr, print_stdout, printable, stdout_console
from tunekit.results.best_so_far import metric_and_constraint
from tunekit.results.costs import line_of_costs
from tunekit.results.counts import none_to_its_end, trials_and_failures
from tunekit.results.recommended import line_of_recommendation
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.number_text import format_fixed, format_number
from tunekit_core.plugins.registry import registry
from tunekit_core.records.files import read_metadata
from tunekit_core.records.removal import size_of
from tunekit_core.records.trial_folders import PUBLISHED, WORKING

N_SEEDS = 5  # that are offered as a next step
MOST_SECONDS_OFFERED = 3600  # that they may take together
DROPPED = "Within a trial the resource has to grow: report once at each, with all metrics together."
SUFFIX = "of-other-versions"  # for the folder of a run that is to be run again


def print_run_summary(spec: RunSpec, metadata: Mapping[str, Any], seconds: float | None, command: str | None) -> None:
    """Print what came of a single run.

    Args:
        spec: The run.
        metadata: Its ``metadata.json``.
        seconds: Real time that it took, or ``None`` if it had been complete already.
        command: The command line, for the next step; ``None`` if there is none to tell.
    """
    has_best = "incumbent" in metadata
    why = "" if has_best else f": {why_there_is_no_best(metadata)}."
    print_stdout(f"{spec.method_name} on {spec.problem_name}, seed {spec.seed}{why}")
    real = "found complete" if seconds is None else f"{seconds:.1f} s in real time"
    clock = f" on the clock of the {spec.results['backend']['name']} backend ({real}). It ended because"
    _print_what_came(spec.folder, metadata, f"{_counts_and_time(metadata)}{clock} {metadata['reason']}.")
    if command is not None and not has_best:
        print_stdout("Next: mend it, and type the same again.")
    elif command is not None and _may_be_repeated(spec, metadata, seconds):
        print_stdout(f"Next, several seeds: {command} --multirun 'seed=range({N_SEEDS})'")


def print_experiment(folder: Path, metadata: Mapping[str, Any]) -> None:
    """Print what an experiment has come to, wherever it stands: at its end, or so far.

    Args:
        folder: Its folder.
        metadata: What there is to say of it, as :func:`~tunekit_core.load_experiment` gives it.
    """
    print_stdout(f"{recorded_title(folder.name, metadata)}: {metadata['status']}")
    if program := told_of_program(metadata):
        print_stdout(program)
    has_counts = "n_reports" in metadata
    if has_counts and "incumbent" not in metadata:
        print_stdout(f"There is no best: {why_there_is_no_best(metadata)}.")
    counts = [f"{_counts_and_time(metadata)}."] if has_counts else []
    reason = [f"It ended because {metadata['reason']}."] if "reason" in metadata else []
    so_far = "" if metadata["status"] == ExperimentStatus.COMPLETED.value else " so far"
    _print_what_came(folder, metadata, *counts, *reason, so_far=so_far)


def _print_what_came(folder: Path, metadata: Mapping[str, Any], *how: str, so_far: str = "") -> None:
    """Print what the method took, the best, what did not go as it should, how it went, its cost, and where it is."""
    if CHOICE in metadata:
        print_stdout(told(metadata.get("method", "The method"), metadata[CHOICE]))
    if BEGIN_ANEW in metadata:
        print_stdout(told_of_pauses(metadata.get("method", "The method"), metadata[BEGIN_ANEW]))
    if "incumbent" in metadata:
        print_stdout(f"Best {metric_and_constraint(metadata)}{so_far}: {value_and_place(metadata)}")
        stdout_console().print(_configuration(metadata["incumbent"]["configuration"]))
    if recommendation := line_of_recommendation(metadata):
        print_stdout(recommendation)
    _print_best_of_failed(metadata)
    print_failed_trials({folder: metadata})
    print_anomalies([metadata])
    print_dropped_reports([metadata])
    cost = line_of_costs(metadata)
    for line in filter(None, (none_to_its_end(metadata), *how, cost)):
        print_stdout(line)
    print_stdout(f"Results: {folder}{disk_use(folder)}")


def _counts_and_time(metadata: Mapping[str, Any]) -> str:
    reports = plural(metadata["n_reports"], "report")
    return f"{trials_and_failures(metadata)}, {reports} in {format_fixed(metadata['time'], 0)} s"


def value_and_place(metadata: Mapping[str, Any]) -> str:
    """The best value of a run that has one, and where it was reported.

    Args:
        metadata: The ``metadata.json`` of the run, with its incumbent.
    """
    incumbent, resource = metadata["incumbent"], metadata["resource"] or "report"
    value = next(iter(incumbent["metrics"].values()))
    return f"{format_number(value)} at {resource} {incumbent['resource']} of trial {incumbent['trial_id']}"


def print_anomalies(runs: Sequence[Mapping[str, Any]]) -> None:
    """Print how many messages of backends made no sense, if any did.

    Args:
        runs: The ``metadata.json`` of each run.
    """
    n, where, first = _total(runs, "n_anomalies", "first_anomaly")
    if n:
        sentences = f"made no sense{where} and {'was' if n == 1 else 'were'} ignored. {'It' if n == 1 else 'The first'}"
        print_stdout(f"{plural(n, 'message')} of the backend {sentences}: {first}.")


def print_dropped_reports(runs: Sequence[Mapping[str, Any]]) -> None:
    """Print how many reports were dropped, if any were, and what to change.

    Args:
        runs: The ``metadata.json`` of each run.
    """
    n, where, first = _total(runs, "n_dropped", "first_dropped")
    if n:
        print_stdout(f"{plural(n, 'report')} {'was' if n == 1 else 'were'} dropped{where}: {first}. {DROPPED}")


def _total(runs: Sequence[Mapping[str, Any]], count: str, first: str) -> tuple[int, str, str]:
    """The sum of a count over runs, in how many of several runs it is not 0, and what the first of these says of it."""
    concerned = [metadata for metadata in runs if metadata.get(count)]
    if not concerned:
        return 0, "", ""
    where = f" in {len(concerned)} of {len(runs)} runs" if len(runs) > 1 else ""
    return sum(metadata[count] for metadata in concerned), where, concerned[0].get(first, "")


def _may_be_repeated(spec: RunSpec, metadata: Mapping[str, Any], seconds: float | None) -> bool:
    """Whether to offer more seeds: not after failures, and not where they take long or cost money."""
    if metadata["n_failed"] or metadata.get("cost"):
        return False
    took = metadata["time"] if spec.can_restore else seconds or 0.0
    return bool(N_SEEDS * took <= MOST_SECONDS_OFFERED)


def _print_best_of_failed(metadata: Mapping[str, Any]) -> None:
    """Print what a trial that has failed had reported, if that was better than the best of the others."""
    failed = metadata.get("best_of_failed")
    if failed is not None:
        value, has_best = next(iter(failed["metrics"].values())), "incumbent" in metadata
        print_stdout(
            f"Trial {failed['trial_id']} had reported {format_number(value)}{', which is better,' if has_best else ''} "
            "and has failed: it does not count."
        )


def why_there_is_no_best(metadata: Mapping[str, Any]) -> str:
    """The reason why a run has no best value, as a part of a sentence."""
    metric = metric_and_constraint(metadata)
    if "best_of_failed" in metadata:
        return f"all trials that reported a finite {metric} have failed, so there is no best"
    return f"no trial has reported a finite {metric}"


def print_failed_trials(runs: Mapping[Path, Mapping[str, Any]]) -> None:
    """Print how many trials failed, if any did, and why the first did.

    Args:
        runs: By folder the ``metadata.json`` of each run.
    """
    concerned = [folder for folder, metadata in runs.items() if metadata.get("failures")]
    if concerned:
        n_failed, n_started = (sum(metadata[name] for metadata in runs.values()) for name in ("n_failed", "n_started"))
        first = runs[concerned[0]]["failures"][0]
        failed, trial = f"{n_failed:,} of {plural(n_started, 'trial')} failed", f"Trial {first['trial_id']}"
        if len(runs) > 1:
            failed, trial = f"{failed}, in {len(concerned)} of {len(runs)} runs", f"{trial} in {concerned[0]}"
        print_stdout(f"{failed}. {trial}: {' … '.join(first_and_last_line(first['reason']))}")


def print_file_paths(figures: Sequence[Path], indices: Sequence[Path]) -> None:
    """Print where the files of a sweep are."""
    for what, paths in (("Figure", figures), ("Index", indices)):
        for path in paths:
            print_stdout(f"{what}: {path}")


def print_other_versions(folders: Sequence[Path], anew: str) -> None:
    """Print to standard error which complete runs other versions of the plugins made, and how to run them again.

    Args:
        folders: Of the complete runs.
        anew: What to type for that, as the end of a sentence.
    """
    installed = registry().versions
    made_with: dict[str, set[Path]] = {}
    for folder in folders:
        for distribution, version in read_metadata(folder).get("versions", {}).items():
            if installed.get(distribution, version) != version:
                text = f"{distribution} {version} (installed is {installed[distribution]})"
                made_with.setdefault(text, set()).add(folder)
    if made_with:
        old = sorted(set().union(*made_with.values()))
        print_stderr(
            f"{plural(len(old), 'complete run')} {'was' if len(old) == 1 else 'were'} made with "
            f"{', '.join(sorted(made_with))}. What is complete counts. To run it again beside that, {anew}"
        )


def disk_use(folder: Path) -> str:
    """What trials of real scripts take, in brackets; nothing where there are none."""
    trials = [trial for trial in folder.iterdir() if not trial.is_symlink()]
    checkpoints = [trial / name for trial in trials for name in (WORKING, PUBLISHED)]
    checkpoints = [checkpoint for checkpoint in checkpoints if checkpoint.is_dir() and not checkpoint.is_symlink()]
    if not checkpoints:
        return ""
    return f" ({format_bytes(size_of([folder]))}, {format_bytes(size_of(checkpoints))} of it checkpoints)"


def format_bytes(n_bytes: int) -> str:
    """A size on a disk for people."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"


def _configuration(configuration: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in configuration.items():
        table.add_row(printable(name), printable(str(value)))
    return table
