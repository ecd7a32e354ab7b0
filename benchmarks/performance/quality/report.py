"""Tables of stored runs: the best value of each method over time, and methods in pairs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from quality.paired import Interval, interval, share_of_gap, verdict
from runs.run import FRACTIONS, Run
from runs.tasks import best_of_table, open_task

BASELINE = "RS"
PAIRS = (
    ("BO", "OptunaGP"),
    ("BO", "StockBoTorch"),
    ("MOBSTER", "ASHA"),
    ("HYPERTUNE", "MOBSTER"),
    ("AUTO", "BO"),
    ("AUTO", "MOBSTER"),
)
END = len(FRACTIONS) - 1
SHOWN = (3, 9, 19, END)


@attrs.frozen
class TaskRuns:
    """What is known of a task.

    Attributes:
        task: Such as ``lcbench:3945``.
        methods: For each method, its runs by seed.
        best_known: The smallest loss of any stored run, or of the whole table.
    """

    task: str
    methods: Mapping[str, Mapping[int, Run]]
    best_known: float

    @property
    def gap(self) -> float:
        """The mean loss that random search ends with, less the best known; NaN without random search."""
        runs = self.methods.get(BASELINE, {})
        return float(np.mean([_loss(run, END) for run in runs.values()])) - self.best_known if runs else math.nan

    def differences(self, first: str, second: str) -> dict[int, float]:
        """By seed that both have: the loss that the first method ends with, less that of the second."""
        a, b = self.methods.get(first, {}), self.methods.get(second, {})
        return {seed: _loss(a[seed], END) - _loss(b[seed], END) for seed in sorted(a.keys() & b.keys())}


def print_report(
    runs: Sequence[Run], console: Console, *, tasks: Sequence[str] | None, label: str, seconds: float | None
) -> None:
    """Print the tables.

    Args:
        runs: What is stored.
        console: Where to print.
        tasks: Those to be shown; ``None`` for all.
        label: Version of the code: a method with runs of it on a task is shown by these alone.
        seconds: The budget of the runs to be shown; ``None`` for that of each task.
    """
    by_task: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_task[run.task].append(run)
    shown = []
    for task in tasks or by_task:
        budget = seconds or open_task(task).max_wallclock_time
        methods = runs_by_method((run for run in by_task[task] if run.seconds == budget), label)
        if methods:
            shown.append(TaskRuns(task, methods, best_known(by_task[task], best_of_table(task))))
    for known in shown:
        console.print(_values(known))
    for first, second in PAIRS:
        compared = [task for task in shown if task.differences(first, second)]
        if compared:
            console.print(_comparison(compared, first, second))


def runs_by_method(runs: Iterable[Run], label: str) -> dict[str, dict[int, Run]]:
    """For each method its runs of a label, or those without a label where it has none of that; by seed."""
    labels: dict[str, dict[str, dict[int, Run]]] = defaultdict(lambda: defaultdict(dict))
    for run in runs:
        labels[run.method][run.label][run.seed] = run
    chosen = {method: of.get(label, of.get("", {})) for method, of in labels.items()}
    return {method: by_seed for method, by_seed in chosen.items() if by_seed}


def best_known(runs: Iterable[Run], of_table: float | None) -> float:
    """The smallest loss of the table where there is one, or else of any run."""
    return min(_loss(run, END) for run in runs) if of_table is None else of_table


def _loss(run: Run, point: int) -> float:
    loss = run.losses[point]
    return math.inf if loss is None else loss


def _values(task: TaskRuns) -> Table:
    """Mean of the best value at each point, in the unit of the metric, best at the end first."""
    objective = open_task(task.task).objective
    sign = -1.0 if objective.mode[0] == "max" else 1.0
    title = f"{task.task}: {objective.metric[0]} ({objective.mode[0]}), best known {sign * task.best_known:.5g}"
    table = Table(
        "method", "seeds", *(f"{FRACTIONS[point]:.0%}" for point in SHOWN), "s a run", title=title, box=box.SIMPLE
    )
    losses = {
        method: [interval([_loss(run, point) for run in runs.values()]) for point in SHOWN]
        for method, runs in task.methods.items()
    }
    for method in sorted(losses, key=lambda method: losses[method][-1].mean):
        runs = task.methods[method]
        seconds = np.mean([run.processor_seconds for run in runs.values()])
        cells = [_shown(i, sign) for i in losses[method]]
        table.add_row(method, str(len(runs)), *cells, f"{seconds:.1f}")
    return table


def _comparison(tasks: Sequence[TaskRuns], first: str, second: str) -> Table:
    """Paired differences of losses at the end; below 0 the first method is better."""
    title = f"{first} less {second}: loss at the end, paired by seed (below 0: {first} is better)"
    table = Table("task", "seeds", "difference", "upper end / gap", "verdict", title=title, box=box.SIMPLE)
    verdicts = []
    for task in tasks:
        difference = interval(list(task.differences(first, second).values()))
        verdicts.append(verdict(difference, task.gap))
        share = share_of_gap(difference.upper, task.gap)
        table.add_row(task.task, str(difference.n), _shown(difference), f"{share:+.2f}", verdicts[-1])
    overall = mean_share(tasks, first, second)
    if len(tasks) > 1 and overall is not None:
        good = sum(v in ("better", "not worse") for v in verdicts)
        table.add_section()
        cells = (f"{overall.mean:+.2f} ± {overall.half_width:.2f} gaps", f"{overall.upper:+.2f}")
        table.add_row("mean of shares", str(overall.n), *cells, f"not worse on {good} of {len(tasks)}")
    return table


def mean_share(tasks: Sequence[TaskRuns], first: str, second: str) -> Interval | None:
    """Over seeds that all tasks have: the mean over tasks of the difference as a share of the gap."""
    differences = [task.differences(first, second) for task in tasks]
    seeds = sorted(set.intersection(*(set(of_task) for of_task in differences)))
    if not seeds:
        return None
    gaps = [task.gap for task in tasks]
    return interval(
        [
            float(np.mean([share_of_gap(of_task[seed], gap) for of_task, gap in zip(differences, gaps, strict=True)]))
            for seed in seeds
        ]
    )


def _shown(value: Interval, sign: float = 1.0) -> str:
    if not math.isfinite(value.mean):
        return "–"
    return f"{sign * value.mean:.5g} ± {value.half_width:.2g}"
