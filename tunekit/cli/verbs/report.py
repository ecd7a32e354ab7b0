"""``python -m tunekit report``: from the experiments of a study to verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import attrs

from tunekit.cli.exit_status import SUCCEEDED
from tunekit.cli.interruption import command
from tunekit.cli.verbs.ls import FILTERS_HELP
from tunekit.cli.verbs.study_words import COMPARED_BY, COMPARED_BY_HELP, read_study
from tunekit.cli.verbs.words import asks_for_help, one_of, sort_words
from tunekit.console import print_stderr, print_stdout
from tunekit.pages.report_file import HTML, check_report_file
from tunekit.studies.cache.kept import kept_or_made
from tunekit.studies.comparison_json import as_json
from tunekit.studies.pairs import ERROR
from tunekit.studies.statistics.intervals import DEFAULT_STATISTIC
from tunekit.studies.tables import STATISTICS, print_panels, print_verdicts
from tunekit_core.errors import ConfigurationError

PAIRS, JSON = "--pairs", "--json"
FLAGS = (PAIRS, JSON)
AGAINST, ALLOWED_ERROR, STATISTIC = "against", "error", "statistic"
FOLLOWS_FROM = (AGAINST, *COMPARED_BY, ALLOWED_ERROR)  # what a comparison follows from beside the experiments
OPTIONS = (*FOLLOWS_FROM, STATISTIC, HTML)
USAGE = "Type: python -m tunekit report --help"
HELP = f"""Compares the experiments of a study: which setup is better, from when on, by how much, and how sure.

Type: python -m tunekit report [FOLDER …] [filters] [options] [--pairs] [--json]

Experiments are looked for in each FOLDER and below it: in `results`, or what TUNEKIT_RESULTS names, unless given. A
setup is a method with the options that differ between its runs; setups are compared over the seeds that they share.
Before the verdicts you are told what is missing, and what would make a verdict false.

Options:
  against=ASHA        compare each setup with this one alone: fewer pairs need fewer seeds
{COMPARED_BY_HELP}
  statistic=iqm       tables of the mean of the middle half of the runs, or their mean; median unless given
  error=0.05          the chance, for each benchmark, that a setup is called better that is not
  html=report.html    write a page too, one file to be opened in a browser and sent around: verdicts, curves of setups
                      and of single runs, what it takes to repeat them
  --pairs             a sentence for every pair, also where there are many
  --json              all of it as JSON

Filters, of which an experiment has to pass all:
{FILTERS_HELP}

  report                               all that is in `results`
  report results/demo_study against=ASHA
  report results/demo_study html=report.html
  report run1 run2 benchmark=fcnet setups=method,n_workers"""


def report_study(arguments: Sequence[str]) -> int:
    """Print the report.

    Args:
        arguments: What follows ``report``.

    Returns:
        The exit status.

    Raises:
        ConfigurationError: If a folder does not exist, holds nothing that can be compared, or an option does not fit.
    """
    if asks_for_help(arguments, HELP):
        return SUCCEEDED
    words = sort_words("report", arguments, flags=FLAGS, options=OPTIONS, takes_filters=True, usage=USAGE)
    asked = read_study(words, USAGE)
    error = _error(words.options.get(ALLOWED_ERROR, str(ERROR)))
    statistic = one_of(STATISTIC, words.options.get(STATISTIC, DEFAULT_STATISTIC), STATISTICS)
    if JSON in words.flags and STATISTIC in words.options:
        raise ConfigurationError(f"{STATISTIC}= is of tables: {JSON} has medians. {USAGE}", option=STATISTIC)
    if HTML in words.options:
        check_report_file(words.options[HTML])

    load = cache(asked.load)
    typed = {name: words.options[name] for name in FOLLOWS_FROM if name in words.options}
    comparison, n_experiments = kept_or_made(
        asked.folders,
        asked.selection,
        typed,
        lambda: (load(), asked.compare(load(), against=words.options.get(AGAINST), error=error)),
    )
    if HTML in words.options:
        from tunekit.pages.report_page import write_report

        whole = comparison if comparison.runs else attrs.evolve(comparison, runs=asked.runs(load()))
        typed_again = command(["report", *arguments])
        page = write_report(whole, load(), words.options[HTML], command=typed_again, statistic=statistic)
    if JSON in words.flags:
        print_stdout(json.dumps(as_json(comparison), indent=1))
        return SUCCEEDED
    print_stderr(n_experiments)
    for warning in comparison.warnings:
        print_stderr(f"Check: {warning}.", style="yellow")
    print_panels(comparison.panels, statistic)
    print_verdicts(comparison, all_pairs=PAIRS in words.flags)
    if HTML in words.options:
        print_stdout(f"Page: {page}")
    return SUCCEEDED


def _error(value: str) -> float:
    try:
        error = float(value)
    except ValueError:
        error = 0.0
    if 0 < error < 1:
        return error
    raise ConfigurationError(
        f"{ALLOWED_ERROR}={value} must be a number between 0 and 1, such as {ALLOWED_ERROR}={ERROR:g}",
        option=ALLOWED_ERROR,
        value=value,
    )
