"""A comparison in values of JSON, for programs."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np

from tunekit.studies.comparison import Comparison
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.tables import FRACTIONS


def as_json(comparison: Comparison) -> dict[str, Any]:
    """All of it; what is not finite is ``None``."""
    return {
        "benchmarks": [_benchmark(each) for each in comparison.benchmarks],
        "ranks": {"n_benchmarks": comparison.n_ranked, "average": dict(comparison.ranks), **_groups(comparison)},
        "regrets": {"n_benchmarks": comparison.n_with_regrets, "mean": dict(comparison.regrets)},
        "warnings": list(comparison.warnings),
        "against": comparison.against,
        "error": comparison.error,
    }


def _benchmark(compared: PanelPairs) -> dict[str, Any]:
    panel = compared.panel
    return {
        "benchmark": panel.problem,
        "metric": panel.metric,
        "mode": panel.mode,
        "budget": _finite(panel.budget),
        "setups": [_setup(method, panel) for method in panel.methods],
        "pairs": [_pair(pair) for pair in compared.pairs],
        "pairs_without_a_common_seed": [list(pair) for pair in compared.without_seeds],
        "least_seeds": compared.least_seeds,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    fixed = pair.fixed
    rule = fixed and {
        "looks": list(fixed.looks),
        "looks_taken": len(fixed.taken),
        "error": fixed.error,
        "at": str(fixed.at),
        "told_apart": fixed.is_told_apart,
    }
    estimate = None if pair.is_without_values else _finite(pair.estimate)
    return {**attrs.asdict(attrs.evolve(pair, fixed=None)), "estimate": estimate, "fixed": rule}


def _setup(method: MethodCurves, panel: Panel) -> dict[str, Any]:
    spread = panel.spread(method, panel.budget * np.array(FRACTIONS))
    columns = zip(FRACTIONS, spread.centre.tolist(), spread.low.tolist(), spread.high.tolist(), strict=True)
    at = {
        f"{fraction:g}": {"median": _finite(centre), "low": _finite(low), "high": _finite(high)}
        for fraction, centre, low, high in columns
    }
    return {"setup": method.label, "seeds": list(method.seeds), "at": at}


def _groups(comparison: Comparison) -> dict[str, Any]:
    critical = comparison.critical_difference
    if critical is None:
        return {"friedman": None, "pairs": None, "not_told_apart": None}
    setups = list(comparison.ranks)
    pairs = [
        {"first": first, "second": setups[j], "adjusted": float(critical.pairs[i, j])}
        for i, first in enumerate(setups)
        for j in range(i + 1, len(setups))
    ]
    groups = [[setups[i] for i in clique] for clique in critical.cliques]
    return {"friedman": critical.p, "pairs": pairs, "not_told_apart": groups}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
