"""A comparison as bytes and back: numbers exactly, no pickle; what is damaged or of another form is refused."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tunekit.results.best_so_far import BestSoFar
from tunekit.studies.comparison import Comparison
from tunekit.studies.pairs import Pair, PanelPairs
from tunekit.studies.panels import MethodCurves, Panel
from tunekit.studies.statistics.intervals import Interval
from tunekit.studies.statistics.ranks import CriticalDifference

FORMAT = 2  # raised when equal comparisons should have other bytes
TOLD = "told"


class DamagedError(ValueError):
    """What was kept cannot be read."""


def as_bytes(comparison: Comparison, counted: str, digest: str) -> bytes:
    """A comparison without its runs.

    Args:
        comparison: What is kept.
        counted: How many experiments there are, as a sentence.
        digest: What it follows from, to be found in it again.
    """
    curves = [curve for panel in comparison.panels for method in panel.methods for curve in method.curves]
    told = {
        "format": FORMAT,
        "digest": digest,
        "counted": counted,
        "benchmarks": [_benchmark(each) for each in comparison.benchmarks],
        "critical": _critical(comparison.critical_difference),
        **{name: getattr(comparison, name) for name in _PLAIN},
    }
    arrays: dict[str, Any] = {
        TOLD: np.frombuffer(json.dumps(told).encode(), np.uint8),
        "steps": np.array([len(curve.times) for curve in curves], np.int64),
        "times": np.concatenate([np.empty(0), *(curve.times for curve in curves)]),
        "values": np.concatenate([np.empty(0), *(curve.values for curve in curves)]),
        "ends": np.array([curve.end for curve in curves], np.float64),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def from_bytes(content: bytes, digest: str) -> tuple[Comparison, str]:
    """The comparison, and how many experiments there are.

    Args:
        content: What :func:`as_bytes` made.
        digest: What it has to follow from.

    Raises:
        DamagedError: If it is anything else.
    """
    try:
        with np.load(io.BytesIO(content)) as found:  # arrays of objects are refused
            told = json.loads(found[TOLD].tobytes())
            if told["format"] != FORMAT or told["digest"] != digest:
                raise DamagedError("It is of another format, or follows from something else.")
            curves = _curves(*(found[name] for name in ("steps", "times", "values", "ends")))
        benchmarks = [_benchmark_of(each, curves) for each in told["benchmarks"]]
        if next(curves, None) is not None:
            raise DamagedError("It has more curves than runs.")
        critical = None if told["critical"] is None else _critical_of(told["critical"])
        plain = {name: told[name] for name in _PLAIN}
        return Comparison(benchmarks=benchmarks, critical_difference=critical, runs=(), **plain), told["counted"]
    except (ValueError, TypeError, LookupError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedError(f"What was kept cannot be read: {error}") from error


_PLAIN = ("ranks", "n_ranked", "regrets", "n_with_regrets", "warnings", "against", "error")


def _benchmark(compared: PanelPairs) -> dict[str, Any]:
    panel = compared.panel
    return {
        **{name: getattr(panel, name) for name in ("problem", "metric", "mode", "budget")},
        "methods": [[method.label, len(method.curves), list(method.seeds), method.cost] for method in panel.methods],
        "pairs": [attrs.asdict(pair) for pair in compared.pairs],
        "without_seeds": compared.without_seeds,
        "least_seeds": compared.least_seeds,
        "error": compared.error,
    }


def _benchmark_of(told: Mapping[str, Any], curves: Iterator[BestSoFar]) -> PanelPairs:
    methods = [
        MethodCurves(label, [next(curves) for _ in range(n)], seeds, cost) for label, n, seeds, cost in told["methods"]
    ]
    panel = Panel(told["problem"], told["metric"], told["mode"], told["budget"], methods)
    without = [(first, second) for first, second in told["without_seeds"]]
    return PanelPairs(panel, [_pair_of(**pair) for pair in told["pairs"]], without, told["least_seeds"], told["error"])


def _pair_of(*, difference: Mapping[str, float] | None, more_seeds: Sequence[int] | None, **told: Any) -> Pair:
    interval = None if difference is None else Interval(**difference)
    low_high = None if more_seeds is None else (more_seeds[0], more_seeds[1])
    return Pair(difference=interval, more_seeds=low_high, **told)


def _critical(found: CriticalDifference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"ranks": found.ranks.tolist(), "p": found.p, "pairs": found.pairs.tolist(), "cliques": found.cliques}


def _critical_of(told: Mapping[str, Any]) -> CriticalDifference:
    cliques = tuple(tuple(clique) for clique in told["cliques"])
    return CriticalDifference(np.array(told["ranks"]), told["p"], np.array(told["pairs"]), cliques)


def _curves(
    steps: NDArray[np.int64], times: NDArray[np.float64], values: NDArray[np.float64], ends: NDArray[np.float64]
) -> Iterator[BestSoFar]:
    if len(steps) != len(ends) or not len(times) == len(values) == steps.sum():
        raise DamagedError("Its curves do not fit each other.")
    places = np.concatenate([[0], np.cumsum(steps)])
    for first, last, end in zip(places[:-1].tolist(), places[1:].tolist(), ends.tolist(), strict=True):
        yield BestSoFar(times[first:last], values[first:last], end)
