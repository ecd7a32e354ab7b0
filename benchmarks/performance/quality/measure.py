"""How good what methods find is: runs of methods on tasks over seeds, kept in a file, and tables of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from quality.archive import SUFFIX, read_archive, write_archive
from quality.looks import Looks
from quality.planning import has_label, hours, missing, planned, those_here
from quality.pool import Failure, carry_out_all
from quality.regret import TaskRuns, runs_on
from quality.report import NOTES, report
from quality.split import BASELINE, FAMILIES, SEEDS, SPLITS, family_of, is_confirming, tasks_of
from quality.store import Store
from runs.run import Job, Run, key_of
from terminal import count, names

STORE = Path(__file__).parents[2] / "work" / "quality.jsonl"
METHODS = ("RS", "ASHA", "BO", "MOBSTER", "HYPERTUNE", "AUTO", "OptunaGP", "StockBoTorch")
SUBJECT = "AUTO"
LOG = Looks()
EXAMPLES = """
examples:
  python benchmarks/performance quality --split choosing --jobs 2
  python benchmarks/performance quality --split choosing --report
  python benchmarks/performance quality --methods BO,OptunaGP --tasks lcbench:3945,fcnet:diabetes
  python benchmarks/performance quality --split confirming --look "AUTO begins with Sobol points" --methods AUTO
  python benchmarks/performance quality --split confirming --look "AUTO begins with Sobol points" --report

A run that is in the store is not run again, so the same command goes on where it was stopped. After a change of the
code, --label CHANGE runs the methods anew beside the old ones; with it, --report prefers the runs of that label.

Confirming tasks may be looked at three times, each time for one change that is final: --look says which. Runs of peers
and of random search on them need none.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("--split", choices=tuple(SPLITS), default="choosing", help="its tasks (default: choosing)")
    parser.add_argument("--families", type=names, help=f"only these of {', '.join(FAMILIES)}")
    parser.add_argument("--tasks", type=names, help="these instead, such as lcbench:3945")
    parser.add_argument("--methods", type=names, help=f"separated by commas (default: {','.join(METHODS)})")
    parser.add_argument(
        "--seeds",
        type=count,
        help="number of seeds, from 0 (default: {choosing}; {confirming} of confirming tasks)".format(**SEEDS),
    )
    parser.add_argument("--jobs", type=count, default=2, help="processes of one thread each (default: 2)")
    parser.add_argument("--label", default="", help="version of the code; peers and RS never have one")
    parser.add_argument(
        "--look", metavar="TEXT", help="what was changed, to run or report confirming tasks; an export needs none"
    )
    parser.add_argument("--store", type=Path, default=STORE, help=f"finished runs (default: {STORE}), or an export")
    parser.add_argument("--report", action="store_true", help="run nothing, print the tables in Markdown")
    parser.add_argument("--subject", help=f"compared with each other method (default: {SUBJECT})")
    parser.add_argument("--export", type=Path, metavar="FILE", help=f"run nothing, write the runs to a {SUFFIX}")


def main(arguments: argparse.Namespace) -> None:
    """Run what is missing, or report."""
    try:
        if arguments.report or arguments.export:
            _show(arguments)
        else:
            _run(arguments)
    except ValueError as error:
        raise SystemExit(str(error)) from error


def _run(arguments: argparse.Namespace) -> None:
    tasks, methods = _tasks(arguments), arguments.methods or METHODS
    n_seeds = arguments.seeds or SEEDS[arguments.split]
    planned(methods, [], 0, "")  # refuses a method that does not exist before a look is opened
    tasks = tasks if arguments.tasks else those_here(tasks)
    label = _label_of_runs(arguments, tasks, methods, n_seeds)
    store = Store(arguments.store)
    there = store.runs()
    jobs = missing(planned(methods, tasks, n_seeds, label), there)
    print(hours(there, jobs), file=sys.stderr)
    began, n_failed = time.monotonic(), 0
    for done, outcome in enumerate(carry_out_all(jobs, arguments.jobs), 1):
        if isinstance(outcome, Run):
            store.add(outcome)
        else:
            n_failed += 1
            print(f"\n{outcome.job.method} on {outcome.job.task} failed:\n{outcome.reason}", file=sys.stderr)
        _print_progress(done, len(jobs), time.monotonic() - began, outcome)
    print(f"\n{len(jobs) - n_failed} runs added to {arguments.store}; for the tables add --report.", file=sys.stderr)
    if n_failed:
        raise SystemExit(f"{n_failed} runs failed, see above; the same command runs them again.")


def _show(arguments: argparse.Namespace) -> None:
    """Print tables, export, or both."""
    number, subject = None, arguments.subject or SUBJECT
    if arguments.store.name.endswith(SUFFIX):
        if arguments.label or arguments.look is not None:
            raise ValueError(f"--label and --look: runs in a {SUFFIX} have neither. Leave them out.")
        archived = {task.task: task for task in read_archive(arguments.store)}
        shown = [archived[task] for task in _tasks(arguments) if task in archived]
        if arguments.seeds:
            shown = [task.first(arguments.seeds) for task in shown]
    elif any(map(is_confirming, _tasks(arguments))):
        number, shown = _looked_at(arguments)
    else:
        _refuse_look(arguments)
        n_seeds = arguments.seeds or SEEDS[arguments.split]
        runs = Store(arguments.store).runs()
        _refuse_absent("--label", [arguments.label], {run.label for run in runs} | {""}, arguments.store)
        shown = runs_on(_tasks(arguments), runs, labels=[arguments.label], n_seeds=n_seeds)
    if shown:
        _refuse_all_absent(arguments, shown)
    if arguments.methods:
        shown = [task.only(arguments.methods) for task in shown]
    if not shown:
        raise ValueError(
            f"{arguments.store} has no such runs, or none of random search, by which all is measured. Type the command "
            "without --report to run them; those of choosing tasks are in --store "
            "benchmarks/performance/quality/choosing.csv.gz."
        )
    if arguments.export:
        write_archive(arguments.export, shown)
    if arguments.report:
        text, compared = report(shown, subject)
        print(f"{text}\n\n{NOTES}")
        if number is not None:
            LOG.report(number, arguments.look, [f"{subject}: {each}" for each in compared])


def _refuse_all_absent(arguments: argparse.Namespace, shown: Sequence[TaskRuns]) -> None:
    """Refuse what was asked for by name and has no runs: without it the tables would say less than was asked."""
    store, methods = arguments.store, {method for task in shown for method in task.curves}
    _refuse_absent("--families", arguments.families or (), {family_of(task.task) for task in shown}, store)
    _refuse_absent("--tasks", arguments.tasks or (), {task.task for task in shown}, store)
    _refuse_absent("--methods", arguments.methods or (), methods, store)
    if arguments.subject is not None:
        compared = methods & {*arguments.methods, BASELINE} if arguments.methods else methods
        _refuse_absent("--subject", [arguments.subject], compared, store)


def _refuse_absent(option: str, asked: Collection[str], there: Collection[str], store: Path) -> None:
    absent = [name for name in asked if name not in there]
    if absent:
        known = ", ".join(sorted(filter(None, there))) or "none"
        raise ValueError(f"{option} {','.join(absent)}: {store} has no runs of this that can be shown. Of: {known}.")


def _tasks(arguments: argparse.Namespace) -> list[str]:
    if arguments.tasks and arguments.families:
        raise ValueError("--tasks and --families: give one of them.")
    return list(arguments.tasks or tasks_of(arguments.split, arguments.families))


def _label_of_runs(arguments: argparse.Namespace, tasks: Sequence[str], methods: Sequence[str], n_seeds: int) -> str:
    """The label of runs: that of the look where confirming tasks are run, which it opens."""
    if not any(map(is_confirming, tasks)):
        _refuse_look(arguments)
        return str(arguments.label)
    guarded = [method for method in methods if has_label(method)]
    if arguments.label:
        raise ValueError("--label: runs on confirming tasks have the label of their look.")
    if not guarded:
        return ""
    if arguments.look is None:
        raise ValueError(_needs_look(f"{', '.join(guarded)} on confirming tasks"))
    return _label(LOG.open(arguments.look, guarded, sorted(set(map(family_of, tasks))), n_seeds))


def _looked_at(arguments: argparse.Namespace) -> tuple[int, list[TaskRuns]]:
    """The number of a look, and all its runs.

    Raises:
        ValueError: If there is no such look, only a part of it is asked for, or some of its runs are missing.
    """
    if arguments.look is None:
        raise ValueError(_needs_look("A report or an export of confirming tasks"))
    if arguments.tasks or arguments.families or arguments.methods or arguments.seeds or arguments.label:
        raise ValueError(
            "A look is shown whole, since all its comparisons share one error: leave out --tasks, --families, "
            "--methods, --seeds and --label."
        )
    number = LOG.number_of(arguments.look)
    if number is None:
        known = "\n".join(dict.fromkeys(f"  {line['text']}" for line in LOG.lines())) or "  none"
        raise ValueError(f"There is no look with the text {arguments.look!r}. Known are:\n{known}")
    runs = Store(arguments.store).runs()
    lines = LOG.runs_of(number)
    lacking = missing(_jobs_of(number), runs)
    if lacking:
        raise ValueError(
            f"{len(lacking)} runs of this look are missing, such as {lacking[0].method} on {lacking[0].task} with seed "
            f"{lacking[0].seed}. A look at a part would allow to stop when the result is welcome: run them first, "
            "without --report."
        )
    families = dict.fromkeys(family for line in lines for family in line["families"])
    n_seeds = max(line["seeds"] for line in lines)
    whole = [number, *(each for each in range(number - 1, 0, -1) if not missing(_jobs_of(each), runs))]
    labels = [_label(each) for each in whole]
    return number, runs_on(tasks_of("confirming", families), runs, labels=labels, n_seeds=n_seeds)


def _jobs_of(look: int) -> list[Job]:
    """All runs of a look, each once: a look that went on at another commit has lines that say the same."""
    jobs = (
        job
        for line in LOG.runs_of(look)
        for job in planned(line["methods"], tasks_of("confirming", line["families"]), line["seeds"], _label(look))
    )
    return list({key_of(job): job for job in jobs}.values())


def _refuse_look(arguments: argparse.Namespace) -> None:
    if arguments.look is not None:
        raise ValueError("--look is for confirming tasks: add --split confirming.")


def _needs_look(what: str) -> str:
    return f'{what}: that takes one of a few looks. Once the change is final, add --look "what was changed".'


def _label(number: int) -> str:
    return f"look {number}"


def _print_progress(done: int, total: int, seconds: float, outcome: Run | Failure) -> None:
    left = seconds / done * (total - done) / 60
    line = f"{done} of {total} runs, {left:.0f} min left"
    if isinstance(outcome, Run):
        last = f"{outcome.method} {outcome.task} seed {outcome.seed}"
        line += f"; {last}: {outcome.trials} trials, {outcome.processor_seconds:.1f} s"
    end = "\r" if sys.stderr.isatty() else "\n"
    print(line.ljust(110) if end == "\r" else line, end=end, file=sys.stderr, flush=True)
