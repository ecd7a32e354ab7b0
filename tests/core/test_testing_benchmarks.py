"""The contract of benchmarks catches what breaks it, by the test that is meant for it."""

import functools
import itertools
import sys
from pathlib import Path

import attrs
import numpy as np
import pytest

from tests.core.caught import call, check_caught
from tunekit_core import Benchmark, ConfigurationTable, Script, SearchSpace, choice, randint, uniform
from tunekit_core.testing import BenchmarkContract, ToyBenchmark

SAYS = "test_it_says_what_is_tuned"
RUNS = "test_it_can_be_run"
ANEW = "test_made_anew_it_is_the_same"
HASH = "test_its_data_have_a_hash"
SPACE = "test_the_space_holds_what_it_names"
METRICS = "test_it_names_the_metrics_of_its_objective"
RISE = "test_curves_rise_in_resource_and_time"
NAMED = "test_curves_have_the_metrics_that_it_names"
SAME = "test_the_same_run_is_the_same_every_time"
COMMAND = "test_its_script_has_a_command_that_exists"
calls = itertools.count()


def toy(**changes):
    """The toy benchmark with other attributes."""

    def make():
        benchmark = ToyBenchmark(finite=True)
        for name, value in changes.items():
            setattr(benchmark, name, value() if callable(value) else value)
        return benchmark

    return make


def curves(change, **changes):
    """The toy benchmark with other curves, and other attributes."""

    class Changed(ToyBenchmark):
        def __init__(self):
            super().__init__()
            for name, value in changes.items():
                setattr(self, name, value)

        def curve(self, configuration, seed):
            return change(super().curve(configuration, seed))

    return Changed


def with_script(**fields):
    """A benchmark that runs a program."""

    class Runs(ToyBenchmark):
        def script(self):
            return Script(**{"command": (sys.executable, "train.py"), **fields})

    return Runs


class CannotBeRun(Benchmark):
    """It has neither recorded runs nor a program."""

    name = "cannot"


def evolve(**changes):
    return lambda curve: attrs.evolve(curve, **{name: change(curve) for name, change in changes.items()})


OTHER = ConfigurationTable.of(
    SearchSpace({"units": randint(1, 9), "act": choice(["relu", "tanh", "gelu"])}), [{"units": 9, "act": "relu"}]
)
BROKEN = {
    "space without a hyperparameter": (toy(space={}), SAYS, "A benchmark has a space"),
    "max_resource 0": (toy(max_resource=0), SAYS, "max_resource is a whole number from 1 on"),
    "no time": (toy(max_wallclock_time=0.0), SAYS, "max_wallclock_time is a number of seconds above 0"),
    "no workers": (toy(n_workers=0), SAYS, "n_workers is a whole number from 1 on"),
    "no way to run": (CannotBeRun, RUNS, "A benchmark has the method blackbox()"),
    "another space every time": (
        toy(space=lambda: SearchSpace({"x": uniform(0.0, 1.0 + next(calls))})),
        ANEW,
        "Made anew, a benchmark has the same space",
    ),
    "another hash every time": (toy(data_hash=lambda: str(next(calls))), ANEW, "data_hash identifies the data"),
    "no hash": (toy(data_hash=None), HASH, "has a data_hash, which is text"),
    "empty hash": (toy(data_hash=""), HASH, "has a data_hash, which is not empty"),
    "rows of another space": (toy(rows=OTHER), SPACE, "Every row is a configuration of the space"),
    "a resource that is no constant": (
        toy(max_resource_attr="units"),
        SPACE,
        "max_resource_attr=units is a constant, not a hyperparameter",
    ),
    "a resource that is not there": (toy(max_resource_attr="epochs"), SPACE, "is the constant of the space that says"),
    "objective not among the metrics": (toy(metrics=frozenset({"loss"})), METRICS, "it lacks ['score']"),
    "falling resources": (
        curves(evolve(resources=lambda c: [*c.resources][::-1])),
        RISE,
        "The resources of a curve increase",
    ),
    "resources from 0": (curves(evolve(resources=lambda c: range(9))), RISE, "Resources are whole numbers from 1 on"),
    "resources that are no whole numbers": (
        curves(evolve(resources=lambda c: [float(r) for r in c.resources])),
        RISE,
        "Resources are whole numbers",
    ),
    "too short": (toy(max_resource=12), RISE, "A complete run ends at max_resource=12"),
    "a failure beyond the end": (
        curves(lambda c: attrs.evolve(c, fails=True), max_resource=8),
        RISE,
        "No run goes beyond max_resource=8, and this one to 9",
    ),
    "falling times": (curves(evolve(elapsed=lambda c: c.elapsed[::-1])), RISE, "elapsed increases"),
    "too few times": (curves(evolve(elapsed=lambda c: c.elapsed[1:])), RISE, "one time for each of its resources"),
    "times that are not finite": (
        curves(evolve(elapsed=lambda c: [*c.elapsed[:-1], float("nan")])),
        RISE,
        "The times of a curve are finite",
    ),
    "a metric that is not named": (
        curves(evolve(metrics=lambda c: {**c.metrics, "loss": c.elapsed})),
        NAMED,
        "metrics names what reports carry",
    ),
    "a metric that is named and missing": (
        curves(evolve(metrics=lambda c: {"score": c.metrics["score"]})),
        NAMED,
        "metrics names what reports carry",
    ),
    "curves without the objective": (
        curves(evolve(metrics=lambda c: {"seconds": c.metrics["seconds"]}), metrics=None),
        NAMED,
        "A curve has every metric of the objective: it lacks ['score']",
    ),
    "metrics that are empty": (toy(metrics=frozenset()), METRICS, "it lacks ['score']"),
    "a metric that is too short": (
        curves(evolve(metrics=lambda c: {**c.metrics, "score": c.metrics["score"][1:]})),
        NAMED,
        "A metric has a value for each resource: score has not",
    ),
    "numbers of NumPy": (
        curves(evolve(metrics=lambda c: {**c.metrics, "score": list(np.array(c.metrics["score"]))})),
        NAMED,
        "Metrics are Python numbers",
    ),
    "a metric named as a column": (
        curves(evolve(metrics=lambda c: {**c.metrics, "trial_id": c.elapsed})),
        NAMED,
        "['trial_id'] are columns of results",
    ),
    "other curves when asked twice": (
        curves(evolve(elapsed=lambda c: [next(calls) + t for t in c.elapsed])),
        SAME,
        "A blackbox gives the same curve whenever it is asked",
    ),
    "an empty command": (with_script(command=()), COMMAND, "The command of a script is not empty"),
    "a command that passes too little": (
        with_script(command=(sys.executable, "train.py", "{units}")),
        COMMAND,
        "The command of a script passes no ",
    ),
    "a command that is no text": (with_script(command=("python", 3)), COMMAND, "The words of a command are text"),
    "a program that does not exist": (
        with_script(command=("no-such-program",)),
        COMMAND,
        "there is no no-such-program",
    ),
    "sources that do not exist": (
        with_script(sources=(Path("nothing.py"),)),
        COMMAND,
        "The sources of a script exist: there is no nothing.py",
    ),
    "variables that are no text": (with_script(environment={"SEED": 3}), COMMAND, "The variables of a script are text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_benchmark_is_caught_by_the_test_that_is_meant_for_it(name, tmp_path):
    make, test, rule = BROKEN[name]
    check_caught(BenchmarkContract(), test, make, tmp_path, rule)


def test_a_benchmark_whose_curves_are_others_when_it_is_made_anew_is_caught(tmp_path):
    class DrawsOnce(ToyBenchmark):
        def __init__(self):
            super().__init__()
            self.drawn = next(calls)

        def curve(self, configuration, seed):
            curve = super().curve(configuration, seed)
            return attrs.evolve(curve, elapsed=[self.drawn + t for t in curve.elapsed])

    check_caught(BenchmarkContract(), SAME, DrawsOnce, tmp_path, "A benchmark that is made anew gives the same curves")


def test_the_program_of_a_script_may_lie_in_its_folder(tmp_path):
    program = tmp_path / "train.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "train.py").touch()
    sources = (Path("train.py"), tmp_path)
    for fields in ({}, {"sources": ()}, {"sources": sources}):
        call(BenchmarkContract(), COMMAND, with_script(command=("./train.sh",), folder=tmp_path, **fields), tmp_path)


@pytest.mark.parametrize("test", [SAYS, RUNS, ANEW, HASH, SPACE, METRICS, RISE, NAMED, SAME, COMMAND])
def test_a_good_benchmark_passes(test, tmp_path):
    call(BenchmarkContract(), test, functools.partial(with_script(), finite=True), tmp_path)


@pytest.mark.parametrize("fails", [True, False])
def test_a_run_that_fails_may_end_before_the_last_resource(fails, tmp_path):
    make = curves(lambda curve: attrs.evolve(curve, fails=fails), max_resource=12)
    if fails:
        call(BenchmarkContract(), RISE, make, tmp_path)
    else:
        check_caught(BenchmarkContract(), RISE, make, tmp_path, "A complete run ends at max_resource=12")
