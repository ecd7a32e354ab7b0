"""What the page of a study tells, as values of JSON: sentences, tables, curves, and what it takes to repeat it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tunekit.figures.line_styles import line_styles
from tunekit.figures.panel_drawing import (
    LATE_FROM,
    LATE_SHARE,
    MOST_ENLARGED,
    SETTLED_FROM,
    PanelLines,
    about_area,
    lines_of,
)
from tunekit.figures.scales import LARGEST_LINEAR_RATIO
from tunekit.pages.columns import cell, shown, text
from tunekit.pages.commands import sweeps_of
from tunekit.pages.curves import changes, encoded, most_steps
from tunekit.pages.report_title import title_of
from tunekit.pages.run_data import MOST_LEFT_OUT, columns_of_runs, left_out_rows
from tunekit.pages.settings import same_and_different
from tunekit.results.counts import counted
from tunekit.studies.benchmark_runs import BenchmarkRuns
from tunekit.studies.collection import Study
from tunekit.studies.comparison import Comparison
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.panels import Panel
from tunekit.studies.sentences import difference
from tunekit.studies.statistics.intervals import Statistic
from tunekit.studies.tables import FRACTIONS, STATISTICS, best_first, best_so_far, cells_of
from tunekit.studies.verdicts import (
    about_ranks,
    about_regrets,
    about_the_best,
    best_medians,
    how_it_was_tested,
    over_known_optima,
    verdicts_of,
)
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.number_text import format_seconds

STEPS_TOGETHER = 300_000  # of all runs: 2.4 MB
EVEN_SHARES, FINE_SHARES = 301, 100  # of the time: as a linear axis shows them, and a logarithmic one
FIRST_SHARE = 1e-4  # of the time: where a logarithmic axis begins at the latest
DIGITS_OF_P = 3
BY_RULE = ", by the rule that was fixed beforehand"

# The rule by which figures choose the ends of an axis, for the script: there it depends on which setups are shown.
AXIS = {
    "largest_linear_ratio": LARGEST_LINEAR_RATIO,
    "settled_from": SETTLED_FROM,
    "late_from": LATE_FROM,
    "late_share": LATE_SHARE,
    "most_enlarged": MOST_ENLARGED,
}
SHARES = np.unique(
    np.concatenate([np.linspace(0, 1, EVEN_SHARES), np.geomspace(FIRST_SHARE, 1, FINE_SHARES, endpoint=False)])
)


def data_of(comparison: Comparison, study: Study, command: str, statistic: Statistic) -> dict[str, Any]:
    """All that the page tells.

    Args:
        comparison: What follows from the experiments.
        study: The experiments.
        command: What to type for the page; empty where it was made in Python.
        statistic: What tables of values hold of several runs; curves are medians always.
    """
    labels = [method.label for panel in comparison.panels for method in panel.methods]
    styles = line_styles(labels)
    counts = [len(curve.times) for panel in comparison.panels for method in panel.methods for curve in method.curves]
    most = most_steps(counts, STEPS_TOGETHER)
    of_benchmarks = zip(comparison.benchmarks, comparison.runs, strict=True)
    benchmarks = [_benchmark(compared, runs, most, statistic) for compared, runs in of_benchmarks]
    return shown(
        {
            "title": title_of(study, list(styles)),
            "counted": counted(study.experiments),
            "newest": max(each.last_active for each in study.experiments).isoformat(timespec="seconds"),
            "styles": {
                label: {"colour": style.colour, "dashes": style.dashes, "marker": style.marker}
                for label, style in styles.items()
            },
            "overall": [*about_ranks(comparison), *about_regrets(comparison)],
            "how": [*how_it_was_tested(comparison), *_rules(comparison)],
            "verdicts": [_verdicts(compared) for compared in comparison.benchmarks],
            "checks": [f"{warning}." for warning in comparison.warnings],
            "setups": _setups(comparison),
            "left_out": _left_out(study, comparison),
            "command": command,
            "sweeps": sweeps_of(study.experiments),
            "repeat": same_and_different(comparison.runs),
        }
    ) | {"axis": AXIS, "benchmarks": benchmarks}


def _verdicts(compared: PanelPairs) -> dict[str, Any]:
    """The sentences of a benchmark, and one that sums them up."""
    told = verdicts_of(compared, all_pairs=False)
    panel = compared.panel
    summary = ""
    if compared.is_possible or len(compared.tested) < len(compared.pairs):
        summary = about_the_best(compared)
    elif told.sentences:
        summary = "no difference could be significant with so few seeds"
    return {
        "benchmark": panel.problem,
        "metric": panel.metric,
        "summary": summary,
        "sentences": [f"{line}." for line in told.sentences],
        "n_more": told.n_more,
    }


def _rules(comparison: Comparison) -> list[str]:
    """How pairs are tested whose comparison was fixed beforehand."""
    rules = [pair.fixed.rule for each in comparison.benchmarks for pair in each.pairs if pair.fixed is not None]
    return [f"Fixed beforehand, and tested by its own rule: {rule}." for rule in dict.fromkeys(rules)]


def _setups(comparison: Comparison) -> dict[str, Any]:
    """A table over all benchmarks: of each setup its rank, its regret, and how often it is the best."""
    ranks, regrets = comparison.ranks, comparison.regrets
    first = Counter(label for panel in comparison.panels for label in best_medians(panel))
    labels = line_styles([method.label for panel in comparison.panels for method in panel.methods])  # in their order
    better: Counter[str] = Counter()
    worse: Counter[str] = Counter()
    for compared in comparison.benchmarks:
        for pair in compared.pairs:
            better[pair.first] += pair.is_better
            worse[pair.second] += pair.is_better
    rows: list[list[Any]] = [
        [
            label,
            _two_decimals(ranks.get(label)),
            _two_decimals(regrets.get(label)),
            first[label],
            better[label],
            worse[label],
        ]
        for label in sorted(labels, key=lambda each: (ranks.get(each, 0.0), regrets.get(each, 0.0)))
    ]
    columns = ["setup", "average rank", "regret", "best median on", "better in pairs", "worse in pairs"]
    kept = [i for i in range(len(columns)) if any(row[i] != "" for row in rows)]  # there may be no ranks, or regrets
    return {
        "caption": _about_setups(comparison),
        "columns": [columns[i] for i in kept],
        "rows": [[row[i] for i in kept] for row in rows],
    }


def _about_setups(comparison: Comparison) -> str:
    """What the numbers of that table are."""
    parts = ["Ranks of the medians at the end: 1 is best."] if comparison.ranks else []
    if comparison.regrets:
        worst = f"{comparison.against} ends" if comparison.against else "the worst of each benchmark ends"
        over = over_known_optima(comparison)
        parts.append(f"Regret of the median, {over}: 0 is the optimum, 1 is where {worst}.")
    return " ".join(parts) or "How often each setup is the best, and better or worse than another"


def _two_decimals(value: float | None) -> Any:
    return "" if value is None else [f"{value:.2f}", cell(value)]


def _benchmark(compared: PanelPairs, runs: BenchmarkRuns, most: int, statistic: Statistic) -> dict[str, Any]:
    panel = compared.panel
    drawn = lines_of(panel, SHARES)
    ordered = [run for method in panel.methods for run in runs.setups[method.label]]
    curves = [curve for method in panel.methods for curve in method.curves]
    span = max(drawn.end, *(float(curve.times[-1]) for curve in curves if len(curve.times)), 0.0)
    told = {
        "benchmark": panel.problem,
        "metric": panel.metric,
        "mode": panel.mode,
        "end": cell(drawn.end),
        "table": _table(panel, statistic),
        "pairs": _pairs(compared),
        "about": about_area(drawn.lines) if drawn.lines else "",
        "without": list(drawn.without),
    }
    return shown(told) | {
        "lines": _lines(drawn, span),
        "span": span,
        "methods": [{"setup": text(method.label), "n": len(method.curves)} for method in panel.methods],
        "curves": encoded([(curve.times, curve.values) for curve in curves], span, most),
        "runs": columns_of_runs(ordered),
    }


def _lines(drawn: PanelLines, span: float) -> dict[str, Any]:
    """The median and the ends of the area of each setup that has a line."""
    kept = [
        changes(drawn.times, values)
        for line in drawn.lines
        for values in (line.drawn.centre, line.drawn.low, line.drawn.high)
    ]
    return {"setups": [text(line.method.label) for line in drawn.lines], **encoded(kept, span)}


def _table(panel: Panel, statistic: Statistic) -> dict[str, Any]:
    """What each setup has come to at fractions of the budget, the best at the end first."""
    rows = []
    for method in best_first(panel, statistic):
        spread = panel.spread(method, panel.budget * np.array(FRACTIONS), statistic)
        texts = cells_of(panel, method, statistic)
        values = [None if np.isnan(value) else cell(value) for value in spread.centre.tolist()]
        costs = [method.cost] if _has_costs(panel) else []
        rows.append([method.label, len(method.curves), *map(list, zip(texts, values, strict=True)), *costs])
    at = [f"at {format_seconds(fraction * panel.budget)} s" for fraction in FRACTIONS]
    about = STATISTICS[statistic]
    caption = f"B{best_so_far(panel)[1:]}: {about[0].lower()}{about[1:]}"
    return {
        "caption": caption,
        "columns": ["setup", "runs", *at, *(["cost"] if _has_costs(panel) else [])],
        "rows": rows,
    }


def _has_costs(panel: Panel) -> bool:
    return any(method.cost for method in panel.methods)


PAIR_COLUMNS = ["first", "second", "seeds", "median difference", "p", "after Holm's rule", "verdict", "from"]


def _pairs(compared: PanelPairs) -> dict[str, Any]:
    """The table of pairs, without the columns that are empty."""
    rows = [_pair(pair) for pair in compared.pairs]
    kept = [i for i in range(len(PAIR_COLUMNS)) if any(row[i] != "" for row in rows)]
    return {"columns": [PAIR_COLUMNS[i] for i in kept], "rows": [[row[i] for i in kept] for row in rows]}


def _pair(pair: Pair) -> list[Any]:
    p, adjusted = _p(pair.p), _p(pair.adjusted)
    if pair.fixed is not None:  # a text, sorted as what is missing
        p = [f"by the rule: look {len(pair.fixed.taken)} of {len(pair.fixed.looks)}", ""]
        adjusted = ["by the rule: no p-value", ""]
    return [
        pair.first,
        pair.second,
        pair.n_seeds,
        [difference(pair), cell(pair.estimate)],
        p,
        adjusted,
        _verdict(pair) + ("" if pair.fixed is None else BY_RULE),
        "" if pair.since is None else [f"{format_seconds(pair.since)} s", pair.since],
    ]


def _verdict(pair: Pair) -> str:
    if pair.is_equal:
        return "equal in all seeds"
    if pair.is_without_values:
        return "neither has found anything"
    return "first is better" if pair.is_better else "not told apart"


def _p(value: float | None) -> Any:
    return "" if value is None else cell(float(f"{value:.{DIGITS_OF_P}g}"))


def _left_out(study: Study, comparison: Comparison) -> dict[str, Any]:
    """What is in the folders and is not compared, a line for each, and how many more there are."""
    surplus = [run for runs in comparison.runs for run in runs.left_out]
    runs = [*(each for each in study.experiments if each.status is not ExperimentStatus.COMPLETED), *surplus]
    return {
        "columns": ["method", "benchmark", "seed", "status", "why", "folder"],
        "rows": left_out_rows(runs),
        "n_more": max(0, len(runs) - MOST_LEFT_OUT),
        "unreadable": [f"{path}: {why}" for path, why in list(study.unreadable.items())[:MOST_LEFT_OUT]],
    }
