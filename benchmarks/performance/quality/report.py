"""Tables of a split: what methods are worth by family, and whether one is worse than the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np

from quality.bootstrap import LEVEL, TOLERANCE, Estimate, estimate, verdicts
from quality.regret import END, HALF, QUARTER, TaskRuns
from quality.split import family_of, group_of
from runs.run import FRACTIONS

POINTS = (QUARTER, HALF, END)


@attrs.frozen
class Compared:
    """One comparison of a look.

    Attributes:
        family: Of the tasks.
        other: What the subject is compared with.
        point: Which of the 40 steps.
        n_tasks: How many tasks both have.
        estimate: The mean difference, subject less other, in shares of the gap.
        verdict: What it says of the subject, see :func:`quality.bootstrap.verdicts`.
    """

    family: str
    other: str
    point: int
    n_tasks: int
    estimate: Estimate
    verdict: str

    def __str__(self) -> str:
        return (
            f"{self.family}, {self.other}, {FRACTIONS[self.point]:.0%}: {self.verdict}, {self.estimate.mean:+.3f} "
            f"{interval_text(self.estimate, 3)}, {self.n_tasks} tasks, {self.estimate.n_seeds} seeds"
        )


def interval_text(of: Estimate, digits: int) -> str:
    """The interval, such as ``[-0.12, +0.05]``; a dash where there is none: a single seed, or ties alone."""
    lower, upper = of.interval()
    return "-" if np.isnan(lower) else f"[{lower:+.{digits}f}, {upper:+.{digits}f}]"


def report(tasks: Sequence[TaskRuns], subject: str) -> tuple[str, list[Compared]]:
    """All tables in Markdown, and the comparisons that are in them.

    Args:
        tasks: Runs on each task.
        subject: The method that is compared with each other one.
    """
    families: dict[str, list[TaskRuns]] = {}
    for task in tasks:
        families.setdefault(family_of(task.task), []).append(task)
    compared = comparisons(families, subject)
    sections = []
    for family, of_family in families.items():
        ties = [task.task for task in of_family if task.is_tie]
        heading = f"### {family}: {len(of_family)} tasks"
        if ties:
            heading += f", of which ties: {', '.join(ties)}"
        sections += [heading, values_table(of_family)]
        table = verdicts_table([each for each in compared if each.family == family])
        if table:
            sections += [
                f"{subject} less each other method, in shares of the gap (below 0: {subject} is better):",
                table,
            ]
    return "\n\n".join(sections), compared


def comparisons(families: Mapping[str, Sequence[TaskRuns]], subject: str) -> list[Compared]:
    """The subject against each other method at each point in each family, on the tasks and seeds that both have."""
    found: list[tuple[str, str, int, int, Estimate]] = []
    for family, tasks in families.items():
        for other in sorted({method for task in tasks for method in task.curves} - {subject}):
            common, seeds = in_common(tasks, subject, other)
            if seeds:
                for point in POINTS:
                    differences = by_group(common, subject, other, seeds, point)
                    found.append((family, other, point, len(common), _estimate(common, differences)))
    words = verdicts([each[-1] for each in found])
    return [Compared(*each, verdict=word) for each, word in zip(found, words, strict=True)]


def _estimate(tasks: Sequence[TaskRuns], differences: np.ndarray) -> Estimate:
    """The estimate, which says nothing where all tasks are ties."""
    found = estimate(differences)
    return attrs.evolve(found, error=np.nan) if all(task.is_tie for task in tasks) else found


def in_common(tasks: Iterable[TaskRuns], first: str, second: str) -> tuple[list[TaskRuns], list[int]]:
    """The tasks that both methods have runs of for equal seeds, and the seeds that all of these have."""
    shared: dict[str, set[int]] = {}
    common = []
    for task in tasks:
        seeds = set(task.curves.get(first, ())) & set(task.curves.get(second, ()))
        if seeds:
            common.append(task)
            shared[task.task] = seeds
    return common, sorted(set.intersection(*shared.values())) if shared else []


def by_group(tasks: Sequence[TaskRuns], first: str, second: str, seeds: Sequence[int], point: int) -> np.ndarray:
    """The differences as a groups x seeds array: the mean over the instances of each synthetic family is one row."""
    groups: dict[str, list[np.ndarray]] = {}
    for task in tasks:
        groups.setdefault(group_of(task.task), []).append(task.differences(first, second, seeds, point))
    return np.array([np.mean(rows, axis=0) for rows in groups.values()])


def values_table(tasks: Sequence[TaskRuns]) -> str:
    """Means over tasks and seeds, and the worst at the end of the budget; the smallest area comes first."""
    rows = []
    for method in sorted({method for task in tasks for method in task.curves}):
        having = [task for task in tasks if method in task.curves]
        areas = np.mean([np.mean(list(task.areas(method).values())) for task in having])
        regrets = {task.task: task.regrets(method) for task in having}
        of_tasks = {task: np.mean(list(by_seed.values()), axis=0) for task, by_seed in regrets.items()}
        means = np.mean(list(of_tasks.values()), axis=0)
        worst_task = max(of_tasks, key=lambda task: of_tasks[task][END])
        task, seed = max(
            ((task, seed) for task, by_seed in regrets.items() for seed in by_seed),
            key=lambda run: regrets[run[0]][run[1]][END],
        )
        counts = sorted({len(by_seed) for by_seed in regrets.values()})
        seconds = np.mean([np.mean([run.processor_seconds for run in t.curves[method].values()]) for t in having])
        cells = [
            *(method, str(len(having)), "–".join(map(str, dict.fromkeys((counts[0], counts[-1]))))),
            *(f"{value:.3f}" for value in (areas, *(means[point] for point in POINTS))),
            f"{of_tasks[worst_task][END]:.2f} {worst_task}",
            f"{regrets[task][seed][END]:.2f} {task}, seed {seed}",
            f"{seconds:.1f}",
        ]
        rows.append((float(areas), cells))
    shares = (f"{FRACTIONS[point]:.0%}" for point in POINTS)
    header = ["method", "tasks", "seeds", "area", *shares, "worst task", "worst run", "s a run"]
    return markdown(header, [cells for _, cells in sorted(rows)])


def verdicts_table(compared: Sequence[Compared]) -> str:
    """A row for each other method; nothing where there is none."""
    rows: dict[str, list[str]] = {}
    for each in compared:
        cells = rows.setdefault(each.other, [each.other, str(each.n_tasks), str(each.estimate.n_seeds)])
        cells.append(f"{each.estimate.mean:+.2f} {interval_text(each.estimate, 2)} {each.verdict}")
    header = ["against", "tasks", "seeds", *(f"{FRACTIONS[point]:.0%}" for point in POINTS)]
    return markdown(header, list(rows.values())) if rows else ""


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown whose columns are aligned, so that it can be read as it is."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([f"| {padded[0]} |", f"|{rule}|", *(f"| {line} |" for line in padded[1:])])


NOTES = f"""\
Loss less the best known, in shares of the gap between that and what random search ends with on average; means over
tasks and seeds. Area: under the curve of the loss less the best known, in shares of random search's at a tenth of the
budget, from 0 to 1. Intervals: 95 %, tasks and seeds resampled; a dash where a single task or seed, or ties alone, give
none. Words: by Holm's rule over all comparisons, an error of {LEVEL:.4f} for each word; not worse is less than
{TOLERANCE} of the gap."""
