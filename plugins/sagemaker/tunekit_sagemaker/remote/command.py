"""``python -m tunekit remote``: what was launched to SageMaker."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tunekit_core import format_fixed, format_number
from tunekit_sagemaker.remote.states import NOT_BEGUN, JobState, states_of
from tunekit_sagemaker.remote.studies import NamedStudy, Where, asking_for_a_study, studies
from tunekit_sagemaker.study.collecting import collect
from tunekit_sagemaker.study.text import counted

PROGRAM = "python -m tunekit remote"
COLUMNS = ("status", "runs", "best", "cost", "what", "job")  # in a narrow terminal the name alone is wrapped
UNKNOWN = "-"
LONGEST_REASON = 300  # characters; all of it is in the log of the job
RESULTS = "TUNEKIT_RESULTS"  # a variable: where results go unless that is said


def main(arguments: Sequence[str]) -> int:
    """What follows ``remote``; returns the exit status."""
    asked = _parser().parse_args(arguments)
    where = Where(results_dir=asked.results_dir, bucket=asked.bucket, prefix=asked.prefix, region=asked.region)
    act: Callable[[NamedStudy], None] = {"status": _status, "collect": _collect, "stop": _stop}[asked.what]
    for named in studies(asked.tag, where):
        with asking_for_a_study():
            act(named)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="What was launched to SageMaker by hydra/launcher=sagemaker.",
        allow_abbrev=False,
    )
    what = parser.add_subparsers(dest="what", required=True, metavar="{status,collect,stop}")
    results = os.environ.get(RESULTS, "results")
    helps = {
        "status": "how far jobs have come, what they found, and what they cost",
        "collect": "bring home what is complete, into the folders that a sweep here would write",
        "stop": "ask all jobs to end; what they have come to stays",
    }
    for name, text in helps.items():
        one = what.add_parser(name, help=text, description=text.capitalize() + ".", allow_abbrev=False)
        one.add_argument("tag", nargs="?", metavar="TAG", help="the experiment_tag; all that were launched from here")
        one.add_argument("--results-dir", type=Path, default=Path(results), help="where results go")
        one.add_argument("--bucket", help="where the study is, if it was launched from elsewhere")
        one.add_argument("--prefix", default="", help="the folder in that")
        one.add_argument("--region", help="in which its jobs run")
    return parser


def _status(named: NamedStudy) -> None:
    states = states_of(named.study)
    shown = [state for state in states if state.n_runs or not state.is_over]
    print(f"{named.tag}: {counted(len(states), 'job')}")
    for line in _table([COLUMNS, *map(_row, shown)]):
        print(line)
    if len(shown) < len(states):
        print(f"Not shown: {counted(len(states) - len(shown), 'job')} that ended, whose runs later ones have.")
    for line in _reasons(shown):
        print(line)
    print(_what_next(named, states))


def _reasons(states: Sequence[JobState]) -> list[str]:
    """Why jobs have failed, each reason once: its end, which names the error. A script may have written it."""
    names: dict[str, list[str]] = {}
    for state in states:
        text = "".join(character if character.isprintable() else " " for character in state.reason)
        if text:
            short = " ".join(text.split())
            short = short if len(short) <= LONGEST_REASON else f"…{short[-LONGEST_REASON:]}"
            names.setdefault(short, []).append(state.name)
    return [
        f"{each[0]}{f' and {len(each) - 1} more' if len(each) > 1 else ''}: {reason}" for reason, each in names.items()
    ]


def _collect(named: NamedStudy) -> None:
    brought = collect(named.study, named.results_dir)
    for folder in brought.completed:
        print(named.results_dir / folder)
    for folder in brought.failed:
        print(f"{named.results_dir / folder} (failed)")
    completed, failed = len(brought.completed), len(brought.failed)
    print(f"{named.tag}: {counted(completed, 'complete run')} and {counted(failed, 'failed run')} came here.")
    if named.command:
        print(f"To begin what is missing, or to compare, type: {named.command}")


def _stop(named: NamedStudy) -> None:
    asked = named.study.stop_all()
    for name in asked:
        print(name)
    print(f"{named.tag}: {counted(len(asked), 'job')} asked to end, which takes two minutes at most.")
    if asked:
        print(f"To see whether they have, type: {PROGRAM} status {named.tag}")


def _row(state: JobState) -> tuple[str, ...]:
    runs = f"{state.n_complete} of {state.n_runs}" + (f", {state.n_failed} failed" if state.n_failed else "")
    best = UNKNOWN if state.best is None else format_number(state.best)
    cost = UNKNOWN if state.dollars is None else _dollars(state.dollars)
    return state.status, runs, best, cost, state.title, state.name


def _dollars(value: float) -> str:
    return f"${format_fixed(value, 2)}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _what_next(named: NamedStudy, states: Sequence[JobState]) -> str:
    n_complete, n_runs = sum(state.n_complete for state in states), sum(state.n_runs for state in states)
    n_left = sum(not state.is_over for state in states)
    known = [state.dollars for state in states if state.dollars is not None]
    cost = f", {_dollars(sum(known))} so far" if known else ""
    said = f"{n_complete} of {counted(n_runs, 'run')} complete, {counted(n_left, 'job')} not over{cost}."
    again = named.command or "the command that launched them"
    collect_it = f"To bring home what is complete, type: {PROGRAM} collect {named.tag}"
    all_run = all(not state.is_over and state.status != NOT_BEGUN for state in states)
    begin = "" if all_run else f"\nTo begin what is missing, or to compare, type: {again}"
    return f"{said}\n{collect_it}{begin}"
