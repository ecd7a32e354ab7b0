"""``python -m tunekit plot``: figures of one experiment, or of a study."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunekit import figures as draw
from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.verbs.ls import FILTERS_HELP
from tunekit.cli.verbs.show import one_experiment
from tunekit.cli.verbs.study_words import COMPARED_BY, COMPARED_BY_HELP, read_study
from tunekit.cli.verbs.words import RESULTS_DIR, Words, asks_for_help, sort_words
from tunekit.console import print_stderr, print_stdout
from tunekit.figures.paper import write
from tunekit.results.trial_reports import NothingToShow
from tunekit_core.errors import ConfigurationError, RecordError, suggestion
from tunekit_core.records.files import METADATA, checked_path, why_not_writable
from tunekit_core.records.finding import find_experiments
from tunekit_core.records.load import load_experiment

if TYPE_CHECKING:
    from tunekit.figures.paper_figure import PaperFigure

FIGURES, FOLDER = "figures", "folder"
DEFAULT_FOLDER = "figures"
MOST_LETTERS, DIGITS_OF_DIGEST = 100, 8  # in the name of a file
Draws = Mapping[str, Callable[[], "PaperFigure"]]
OF_EXPERIMENT = {
    "learning_curves": "the metric of each trial over its resource; rungs, pauses, failures, the best trial",
    "rung_occupancy": "how many trials have come to each rung, over time",
    "parallel_coordinates": "a line for each trial across its hyperparameters, coloured by result",
    "importance": "which hyperparameters tell the best tenth of the trials from all (PED-ANOVA)",
    "pareto_front": "of two or three metrics: what no other report is better than",
    "hypervolume": "of two or three metrics: how much the front dominates, over time",
    "worker_timeline": "a row for each worker, a bar for each run of a trial",
    "cost_over_time": "what the trials have cost, where that is recorded",
}
OF_STUDY = {
    "best_over_time": "the best value over time, a panel for each benchmark, a line for each setup",
    "critical_difference": "average ranks over ten benchmarks or more, and which are not told apart",
}
USAGE = "Type: python -m tunekit plot --help"


def _listed(names: Mapping[str, str]) -> str:
    return "\n".join(f"  {name:21} {about}" for name, about in names.items())


HELP = f"""Draws figures that are fit for a paper, as PNG and as PDF: of one experiment, or of a study.

Type: python -m tunekit plot EXPERIMENT [{FIGURES}=NAME,NAME] [{FOLDER}=FOLDER] [{RESULTS_DIR}=FOLDER]
      python -m tunekit plot [FOLDER …] [filters] [options] [{FIGURES}=NAME,NAME] [{FOLDER}=FOLDER]

EXPERIMENT is its folder, its hash, its name, or the beginning of one of these as `ls` lists it. It is looked for in
`results`, or what TUNEKIT_RESULTS names, unless {RESULTS_DIR} says where. A FOLDER with experiments in it, or several,
is a study; where filters or options of a study stand alone, it is all that is in `results`. All figures that apply are
drawn unless {FIGURES}= says which; why the others do not is told. Files go to `{DEFAULT_FOLDER}` in this folder unless
{FOLDER}= says where. Equal data give equal files. Their names hold a hash, so that no other experiment or study has
files of the same name.

Of one experiment:
{_listed(OF_EXPERIMENT)}

Of a study:
{_listed(OF_STUDY)}

Options of a study:
{COMPARED_BY_HELP}

Filters, of which an experiment of a study has to pass all:
{FILTERS_HELP}

Examples:
  plot ce256858
  plot ce256858 {FIGURES}=learning_curves,importance {FOLDER}=paper
  plot results/demo_study
  plot results/demo_study method=ASHA,MOBSTER seed=0-9 setups=method,n_workers

In Python: from tunekit.figures import learning_curves; learning_curves(FOLDER).savefig("curves.svg")"""


def plot(arguments: Sequence[str]) -> int:
    """Draw the figures and print their files.

    Args:
        arguments: What follows ``plot``.

    Returns:
        The exit status.

    Raises:
        TunekitError: If there is no such experiment or figure, a figure that was named does not apply, none does, or
            the files cannot be written.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    options = (FIGURES, FOLDER, RESULTS_DIR, *COMPARED_BY)
    words = sort_words("plot", arguments, flags=(), options=options, takes_filters=True, usage=USAGE)
    is_study = _is_study(words)
    names = _names(words.options.get(FIGURES), is_study=is_study)
    folder = _folder(words.options.get(FOLDER, DEFAULT_FOLDER))
    if is_study:
        stem, draws = _study(words)
    else:
        path = one_experiment("plot", words.names, words.options, USAGE).path
        stem, draws = _stem(f"{path.resolve().parent.name}_{path.name}", [path]), _draws_of_experiment(path)
    drawn: dict[str, PaperFigure] = {}
    reasons: dict[str, str] = {}
    for name in names or draws:
        try:
            drawn[name] = draws[name]()
        except (NothingToShow, RecordError) as error:  # what one figure lacks, such as events, others do not need
            reasons[name] = str(error).rstrip(".")
    if reasons and (names or not drawn):
        is_one = len(set(reasons.values())) == 1
        what = "; ".join(set(reasons.values()) if is_one else (f"{name}: {why}" for name, why in reasons.items()))
        others = f" Leave {FIGURES}= out to draw all that apply." if names else ""
        raise ConfigurationError(f"Nothing is drawn: {what}.{others}", option=FIGURES)
    for name, why in reasons.items():
        print_stderr(f"Not drawn, {name}: {why}.")
    for name, figure in drawn.items():
        for file in _written(figure, folder, f"{stem}_{name}"):
            print_stdout(str(file))
    return SUCCEEDED


def _is_study(words: Words) -> bool:
    """Whether a study is meant: by its folders, or by what only a study has.

    A folder that holds one experiment alone is that experiment, as for ``show``.
    """
    if words.filters or set(COMPARED_BY) & set(words.options):
        return True
    if len(words.names) != 1:
        return len(words.names) > 1
    folder = checked_path(words.names[0], "folder")
    if not folder.is_dir() or (folder / METADATA).exists():
        return False
    return len(find_experiments(folder).experiments) != 1


def _names(typed: str | None, *, is_study: bool) -> list[str]:
    """The figures that were named; none for all."""
    if typed is None:
        return []
    known, others = (OF_STUDY, OF_EXPERIMENT) if is_study else (OF_EXPERIMENT, OF_STUDY)
    names = list(dict.fromkeys(name.strip() for name in typed.split(",")))
    for name in names:
        if name not in known:
            problem = f"there is no figure '{name}'. {suggestion(name, known)}"
            if name in others:
                what = "one experiment, and this is a study" if is_study else "a study, and this is one experiment"
                problem = f"{name} is of {what}. "
            raise ConfigurationError(
                f"{FIGURES}={typed}: {problem}Type {FIGURES}= and some of: {', '.join(known)}.",
                option=FIGURES,
                value=typed,
            )
    return names


def _folder(typed: str) -> Path:
    folder = checked_path(typed, FOLDER)
    if not typed or (folder.exists() and not folder.is_dir()):
        raise ConfigurationError(
            f"{FOLDER}={typed} is no folder. Type {FOLDER}=NAME: it is made.", option=FOLDER, value=typed
        )
    if why := why_not_writable(folder):
        raise ConfigurationError(f"{FOLDER}={typed}: {why}. Type {FOLDER}={DEFAULT_FOLDER}", option=FOLDER, value=typed)
    return folder


def _draws_of_experiment(path: Path) -> Draws:
    experiment = load_experiment(path)
    return {
        "learning_curves": lambda: draw.learning_curves(experiment),
        "rung_occupancy": lambda: draw.rung_occupancy(experiment),
        "parallel_coordinates": lambda: draw.parallel_coordinates(experiment),
        "importance": lambda: draw.hyperparameter_importance(experiment),
        "pareto_front": lambda: draw.pareto_front(experiment),
        "hypervolume": lambda: draw.hypervolume_over_time(experiment),
        "worker_timeline": lambda: draw.worker_timeline(experiment),
        "cost_over_time": lambda: draw.cost_over_time(experiment),
    }


def _study(words: Words) -> tuple[str, Draws]:
    """How the files of a study begin, and its figures.

    Raises:
        ConfigurationError: If what was typed is not of a study, or there is nothing to compare.
    """
    if RESULTS_DIR in words.options:
        raise ConfigurationError(
            f"{RESULTS_DIR}= says where one experiment is, and this is a study. Type its folder without "
            f"{RESULTS_DIR}=: plot {shlex.quote(words.options[RESULTS_DIR])}",
            option=RESULTS_DIR,
        )
    asked = read_study(words, USAGE)
    comparison = asked.compare(asked.load())
    for warning in comparison.warnings:
        print_stderr(f"Check: {warning}.", style="yellow")
    draws: Draws = {
        "best_over_time": lambda: draw.best_over_time(comparison),
        "critical_difference": lambda: draw.critical_difference_diagram(comparison),
    }
    first, *others = (Path(folder).resolve().name for folder in asked.folders)
    name = f"{first}-and-{len(others)}-more" if others else first
    return _stem(name, asked.folders, sorted(asked.selection.words), asked.setups, asked.benchmarks), draws


def _stem(name: str, folders: Sequence[Path | str], *typed: Sequence[str]) -> str:
    """How the files of an experiment or a study begin: by its name, and a hash of all that tells it from others.

    Other experiments in the folders do not change it, so that a figure replaces the one that was drawn before.
    """
    places = sorted(os.path.realpath(os.path.expanduser(folder)) for folder in folders)
    digest = hashlib.sha256(json.dumps([places, *map(list, typed)]).encode(errors="surrogateescape")).hexdigest()
    return f"{name[:MOST_LETTERS]}-{digest[:DIGITS_OF_DIGEST]}"


def _written(figure: PaperFigure, folder: Path, name: str) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write(figure, folder / name)
    except OSError as error:
        raise ConfigurationError(f"{FOLDER}={folder}: {error}.", option=FOLDER, value=str(folder)) from error
