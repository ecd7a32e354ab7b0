"""What every benchmark must keep to."""

from __future__ import annotations

import itertools
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tunekit_core.contracts.benchmarks import Benchmark, Blackbox, Curve, Executable, Script, Simulatable
from tunekit_core.contracts.command_checks import check_command
from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.random_configurations import RandomConfigurations
from tunekit_core.engine.state.reading import taken_columns
from tunekit_core.portable.script_command import BadCommand, plain_word
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, SearchSpace

Make = Callable[[], Benchmark]
N_CONFIGURATIONS = 12
N_ROWS = 1000
SCALARS = (bool, int, float, str, type(None))


class BenchmarkContract:
    """Subclass it in a plugin's tests and override :meth:`make`. No trial is run.

    Attributes:
        abilities: Of which the benchmark has at least one: those that the backends look for which can run it.
    """

    abilities: ClassVar[tuple[type[Any], ...]] = (Simulatable, Executable)

    @pytest.fixture
    def make(self) -> Make:
        """Builds the benchmark under test."""
        raise NotImplementedError("override the fixture 'make'")

    def test_it_says_what_is_tuned(self, make: Make) -> None:
        """Space, objective, last resource, and how long it is tuned unless told otherwise."""
        benchmark = make()
        assert isinstance(benchmark.space, SearchSpace), "A benchmark has a space, a SearchSpace."
        assert benchmark.space.names, "The space of a benchmark has a hyperparameter."
        assert isinstance(benchmark.objective, Objective), "A benchmark has an objective, an Objective."
        maximum = benchmark.max_resource
        assert maximum is None or (isinstance(maximum, int) and maximum >= 1), (
            "max_resource is a whole number from 1 on, or None where trials have no known end."
        )
        assert benchmark.max_wallclock_time > 0, "max_wallclock_time is a number of seconds above 0."
        assert isinstance(benchmark.n_workers, int), "n_workers is a whole number from 1 on."
        assert benchmark.n_workers >= 1, "n_workers is a whole number from 1 on."

    def test_it_can_be_run(self, make: Make) -> None:
        """By a backend that simulates, by one that runs a program, or by one that is named in ``abilities``."""
        assert isinstance(make(), self.abilities), (
            "A benchmark has the method blackbox(), and can be simulated, or script(), and can be run. If it "
            "is for another backend, name the ability that this one looks for in the attribute 'abilities' of the test."
        )

    def test_made_anew_it_is_the_same(self, make: Make) -> None:
        """Equal runs find each other by it."""
        one, other = make(), make()
        for name in ("objective", "max_resource", "max_resource_attr", "n_workers", "max_wallclock_time", "dataset"):
            assert getattr(one, name) == getattr(other, name), f"Made anew, a benchmark has the same {name}."
        assert one.space.to_json() == other.space.to_json(), "Made anew, a benchmark has the same space."
        assert one.metrics == other.metrics, "Made anew, a benchmark has the same metrics."
        assert one.data_hash == other.data_hash, "data_hash identifies the data: made anew, it is the same."

    def test_its_data_have_a_hash(self, make: Make) -> None:
        """It is part of what a run is: other data are another run."""
        benchmark = make()
        if not isinstance(benchmark, Simulatable):
            pytest.skip("nothing is recorded")
        assert isinstance(benchmark.data_hash, str), "A benchmark with recorded runs has a data_hash, which is text."
        assert benchmark.data_hash, "A benchmark with recorded runs has a data_hash, which is not empty."

    def test_the_space_holds_what_it_names(self, make: Make) -> None:
        """Allowed rows, points to begin with, and the constant that tells a script how far to run."""
        benchmark = make()
        for configuration in self._rows(benchmark):
            assert benchmark.space.contains(configuration), (
                f"Every row is a configuration of the space: {dict(configuration)} is not."
            )
        for point in benchmark.points_to_evaluate or ():
            assert benchmark.space.contains(benchmark.space.complete(point)), (
                f"points_to_evaluate are configurations of the space: {dict(point)} is not."
            )
        name = benchmark.max_resource_attr
        if name is not None:
            constant = benchmark.space.default().get(name)
            assert name not in benchmark.space.names, f"max_resource_attr={name} is a constant, not a hyperparameter."
            assert constant == benchmark.max_resource, (
                f"max_resource_attr={name} is the constant of the space that says max_resource: it is {constant!r}."
            )

    def test_it_names_the_metrics_of_its_objective(self, make: Make) -> None:
        """So that a misspelt one is refused before anything runs."""
        benchmark = make()
        if benchmark.metrics is None:
            pytest.skip("it does not say what reports carry")
        missing = set(benchmark.objective.metric) - benchmark.metrics
        assert not missing, (
            f"metrics names what reports carry, so those of the objective too: it lacks {sorted(missing)}."
        )

    def test_curves_rise_in_resource_and_time(self, make: Make) -> None:
        """To the last resource, unless the run fails before."""
        for benchmark, curve in self._curves(make):
            resources, elapsed = list(curve.resources), list(curve.elapsed)
            assert resources, "A curve has at least one report."
            assert all(isinstance(each, int) for each in resources), f"Resources are whole numbers: {resources}."
            assert resources[0] >= 1, "Resources are whole numbers from 1 on."
            assert _rises(resources), f"The resources of a curve increase: {resources}."
            if benchmark.max_resource is not None and curve.fails:
                assert resources[-1] <= benchmark.max_resource, (
                    f"No run goes beyond max_resource={benchmark.max_resource}, and this one to {resources[-1]}."
                )
            elif benchmark.max_resource is not None:
                assert resources[-1] == benchmark.max_resource, (
                    f"A complete run ends at max_resource={benchmark.max_resource}, and this one at {resources[-1]}."
                )
            assert len(elapsed) == len(resources), "A curve has one time for each of its resources."
            assert all(math.isfinite(each) for each in elapsed), "The times of a curve are finite."
            assert elapsed[0] >= 0, "elapsed is counted from the start of the run, in seconds."
            assert _rises(elapsed), "elapsed increases: each report comes after the one before."

    def test_curves_have_the_metrics_that_it_names(self, make: Make) -> None:
        """Each with a number for every resource."""
        for benchmark, curve in self._curves(make):
            for name, values in curve.metrics.items():
                assert len(values) == len(curve.resources), f"A metric has a value for each resource: {name} has not."
                assert all(isinstance(value, int | float) and not isinstance(value, np.generic) for value in values), (
                    f"Metrics are Python numbers, not those of a library: {name} is {type(values[0]).__name__}."
                )
            for name, value in curve.constants.items():
                assert isinstance(value, SCALARS), (
                    f"Constants are numbers, text, truth values or None: {name}={value!r}."
                )
            names = {*curve.metrics, *curve.constants}
            missing = set(benchmark.objective.metric) - names
            assert not missing, f"A curve has every metric of the objective: it lacks {sorted(missing)}."
            assert not taken_columns(names), (
                f"Metrics have names of their own: {taken_columns(names)} are columns of results."
            )
            named = benchmark.metrics
            if named is not None:
                resource = {benchmark.objective.resource}
                assert names - resource == named - resource, (
                    f"metrics names what reports carry: curves have {sorted(names)}, and it names {sorted(named)}."
                )

    def test_the_same_run_is_the_same_every_time(self, make: Make) -> None:
        """Asked twice, and made anew."""
        one, other = make(), make()
        if not isinstance(one, Simulatable) or not isinstance(other, Simulatable):
            pytest.skip("nothing is recorded")
        first, second = one.blackbox(), other.blackbox()
        for configuration in self._configurations(one):
            curve = repr(first.curve(configuration, 0))
            assert repr(first.curve(configuration, 0)) == curve, "A blackbox gives the same curve whenever it is asked."
            assert repr(second.curve(configuration, 0)) == curve, "A benchmark that is made anew gives the same curves."

    def test_its_script_has_a_command_that_exists(self, make: Make) -> None:
        """Its words are text, and so are the variables for it. Its placeholders pass the whole space."""
        benchmark = make()
        if not isinstance(benchmark, Executable):
            pytest.skip("no program is run")
        script = benchmark.script()
        assert isinstance(script, Script), "script() returns a Script."
        assert script.command, "The command of a script is not empty."
        assert all(isinstance(word, str) and word for word in script.command), "The words of a command are text."
        try:
            check_command(script, benchmark.space)
        except BadCommand as error:
            raise AssertionError(f"The command of a script {error}.") from error
        program = str(plain_word(script.command[0]))
        if os.sep in program and script.folder is not None:
            program = str(script.folder / program)  # that is where it is looked for when it runs
        assert shutil.which(program, path=script.environment.get("PATH")) is not None, (
            f"The program of a script exists: there is no {program}."
        )
        assert script.folder is None or script.folder.is_dir(), f"The folder of a script exists: {script.folder}."
        for path in script.sources or ():
            assert ((script.folder or Path()) / path).exists(), f"The sources of a script exist: there is no {path}."
        assert all(isinstance(each, str) for pair in script.environment.items() for each in pair), (
            "The variables of a script are text."
        )
        assert benchmark.script() == script, "script() is the same whenever it is asked."

    def _rows(self, benchmark: Benchmark) -> list[Configuration]:
        rows = benchmark.rows
        if rows is None:
            return []
        return [rows[index] for index in sorted({int(i) for i in np.linspace(0, len(rows) - 1, N_ROWS)})]

    def _configurations(self, benchmark: Benchmark) -> list[Configuration]:
        problem = Problem(
            space=benchmark.space,
            objective=benchmark.objective,
            max_resource=benchmark.max_resource,
            rows=benchmark.rows,
        )
        random = RandomConfigurations(problem, Streams(0))
        drawn = [random.propose(trial_id, set()) for trial_id in range(N_CONFIGURATIONS)]
        return [configuration for configuration in drawn if configuration is not None]

    def _curves(self, make: Make) -> Iterator[tuple[Benchmark, Curve]]:
        benchmark = make()
        if not isinstance(benchmark, Simulatable):
            pytest.skip("nothing is recorded")
        blackbox: Blackbox = benchmark.blackbox()
        assert blackbox.n_seeds >= 1, "A blackbox has every configuration at least once: n_seeds is 1 or more."
        for configuration in self._configurations(benchmark):
            for seed in sorted({0, blackbox.n_seeds - 1}):
                yield benchmark, blackbox.curve(configuration, seed)


def _rises(values: list[Any]) -> bool:
    return all(a < b for a, b in itertools.pairwise(values))
