"""Studies whose pages are looked at."""

import attrs
import numpy as np

from tests.app.studies.made import best, experiment, study
from tunekit.config.composition.until import END
from tunekit.studies.fixed_comparisons import FixedComparison
from tunekit.studies.looking import with_looks

HOSTILE = "</script><script>window.ran=1</script><img src=x onerror=window.ran=1>"
NAMES = (
    HOSTILE,
    "\"'><svg onload=window.ran=1>",
    "--> <!-- ]]> &lt;b&gt; {{script}} \u2028\u2029",
    "\u202eright to left\u202c \u200f\u061c",
    "long" * 700,
    "javascript:window.ran=1",
)
SEEDS = range(12)


def told(name="lr", value=0.1, **more):
    return {
        "time": 100.0,
        "reason": "100 s are over",
        "n_started": 7,
        "n_failed": 1,
        "n_reports": 1234,
        "resource": "epoch",
        "hash": "0123456789ab",
        "incumbent": {"trial_id": 3, "resource": 9, "metrics": {"loss": 0.25}, "configuration": {name: value}},
        **more,
    }


def plain_study():
    """On the first benchmark the loss of a method falls by decades; on the second it is negative."""
    experiments = []
    for dataset in ("first", "second"):
        for place, method in enumerate(("RS", "ASHA", "MOBSTER")):
            for seed in SEEDS:
                times = np.arange(1, 40) * (2.4 - 0.01 * seed)
                falls = np.exp(-(place + 1) * np.arange(39) / 12) * (1 + seed / 100)
                values = falls if dataset == "first" else falls - 2
                curve = best(times, values)
                experiments.append(experiment(method, dataset, seed, curve=curve, told=told()))
    failed = experiment("RS", "first", 99, told=told(status="failed", reason="all trials failed"), age=1)
    return study(*experiments[:-1], failed)


def study_of_axes():
    """Benchmarks whose values differ in how an axis shows them, each with a method that ends in the first moments."""
    late = np.array([0.9, 0.88, 0.7, 0.3, *[0.27] * 36])
    falls = {"early": late, "decades": 10.0 ** -np.linspace(0, 0.9, 40), "even": 0.6 - np.linspace(0, 0.1, 40)}
    experiments = []
    for dataset, values in falls.items():
        for mode, sign in (("min", 1.0), ("max", -1.0 if dataset != "decades" else 1.0)):
            more = {"told": told(mode=[mode]), "benchmark": {"name": f"{dataset}-{mode}"}}
            for place, method in enumerate(("RS", "ASHA")):
                ordered = values[::-1] if mode == "max" and sign > 0 else values
                curve = best(np.arange(40) * 2.5, sign * (ordered + 0.01 * place))
                experiments.append(experiment(method, f"{dataset}-{mode}", curve=curve, **more))
            curve = best([0.0, 1.0], sign * np.array([values[0], values[0] + 0.05]), end=3.0)
            experiments.append(experiment("SHORT", f"{dataset}-{mode}", curve=curve, **more))
    return study(*experiments)


def hostile_study():
    experiments = []
    for name in NAMES:
        for seed in range(6):
            more = {"metric": [HOSTILE], "reason": name, "hash": name, "versions": {name: name}, "resource": name}
            experiments.append(experiment(name, name, seed, value=0.1 * seed + 0.1, told=told(name, name, **more)))
    broken = experiment(HOSTILE, HOSTILE, 99, told=told(status="failed", reason=HOSTILE), age=1)
    return study(*experiments, broken)


def fixed_study():
    """Two methods that a rule has told apart at its first look, and that rule."""
    looks, seeds = (6, 8), range(8)
    runs = {
        method: [
            experiment(method, seed=seed, value=loss + seed / 100, told={"hash": f"{method}{seed}"}) for seed in seeds
        ]
        for method, loss in (("A", 0.1), ("B", 0.2))
    }
    hashes = tuple(tuple(f"{method}{seed}" for seed in seeds) for method in runs)
    rule = FixedComparison("nowhere-robot_arm", ("A", "B"), hashes, tuple(seeds), looks, END, 0.05, 1)
    rule = with_looks(rule, [found[:6] for found in runs.values()])
    made = study(*(run for found in runs.values() for run in found[:6]))
    return attrs.evolve(made, fixed=(rule,)), rule
