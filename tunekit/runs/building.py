"""Builds what carries out a run: the tuner, with every component that the run names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunekit.config.specs.components import OptionValues, build_benchmark, create
from tunekit.config.specs.points import complete_points
from tunekit.config.specs.recipe import naming_recipe
from tunekit.config.specs.run_spec import RunSpec
from tunekit_core.contracts.backends import Backend
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.observers import Observer
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.schedulers import Scheduler
from tunekit_core.contracts.stopping import StoppingCriterion
from tunekit_core.engine.steering import Steering
from tunekit_core.engine.tuner import Tuner
from tunekit_core.randomness import Streams, effective_seed
from tunekit_core.records.experiment import ExperimentRecord


def build_tuner(
    spec: RunSpec,
    record: ExperimentRecord | None = None,
    benchmark: Benchmark | None = None,
    *,
    watches: Sequence[Callable[[Problem, Backend], Observer]] = (),
    steering: Callable[[Problem], Steering] | None = None,
) -> Tuner:
    """Build the tuner of a run, and every component.

    Args:
        spec: The run.
        record: Where it is written; nowhere unless given.
        benchmark: What is tuned, where it is an object of the caller; built by its name unless given.
        watches: Each makes one more observer, which is no part of the run.
        steering: Makes what requests come from; there are none unless given.

    Raises:
        TunekitError: If a component refuses its options, or two of them do not go together.
    """
    with naming_recipe(spec.method, {kind: spec.results[kind]["name"] for kind in ("searcher", "scheduler")}):
        return _build(spec, record, benchmark, watches, steering)


def _build(
    spec: RunSpec,
    record: ExperimentRecord | None,
    benchmark: Benchmark | None,
    watches: Sequence[Callable[[Problem, Backend], Observer]],
    steering: Callable[[Problem], Steering] | None,
) -> Tuner:
    results = spec.results
    folder: Path | None = None if record is None else record.folder
    if benchmark is None:
        benchmark = build_benchmark(results["benchmark"])
    problem = build_problem(benchmark, results)
    streams = Streams(effective_seed(results["random_seed"], results["seed"]))
    scheduler = _build_scheduler(problem, streams, results)
    backend = create("backend", results["backend"], problem, benchmark, folder, streams)
    observers = _create_all("observer", spec.observers, problem, folder)
    observers += [watch(problem, backend) for watch in watches]
    return Tuner(
        scheduler=scheduler,
        backend=backend,
        stopping=build_criteria(results["stopping"], problem),
        n_workers=results["n_workers"],
        composers=_create_all("composer", results["composers"], problem),
        observers=observers,
        record=record,
        metadata=spec.metadata(),
        wait_for_running=results["wait_for_running"],
        steering=None if steering is None else steering(problem),
    )


def build_scheduler(spec: RunSpec) -> Scheduler:
    """The scheduler of a run with its searcher, to which nothing has happened.

    Raises:
        TunekitError: If a component refuses its options, or they do not go together.
    """
    return build_scheduler_for(build_problem(build_benchmark(spec.results["benchmark"]), spec.results), spec.results)


def build_scheduler_for(problem: Problem, results: Mapping[str, Any]) -> Scheduler:
    """The scheduler of a run with its searcher, where the problem is known without the benchmark.

    Args:
        problem: What is solved.
        results: What determines the results of the run, as it is recorded.

    Raises:
        TunekitError: As for :func:`build_scheduler`.
    """
    return _build_scheduler(problem, Streams(effective_seed(results["random_seed"], results["seed"])), results)


def _build_scheduler(problem: Problem, streams: Streams, results: Mapping[str, Any]) -> Scheduler:
    searcher = create("searcher", results["searcher"], problem, streams)
    scheduler: Scheduler = create("scheduler", results["scheduler"], problem, streams, searcher)
    return scheduler


def build_criteria(stopping: Mapping[str, OptionValues], problem: Problem) -> list[StoppingCriterion]:
    """What ends a run: criteria by name, each with its options."""
    return _create_all("stopping", stopping, problem)


def build_problem(benchmark: Benchmark, results: Mapping[str, Any]) -> Problem:
    """The problem of a benchmark, with what was asked for: a constraint, what is fixed, points to begin with."""
    space = benchmark.space.fix(results["fixed"])
    points: Any = complete_points(space, _points(benchmark, results))
    return Problem(
        space=space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        rows=None if benchmark.rows is None else benchmark.rows.restrict(space),
        metrics=benchmark.metrics,
        constraint=results["constraint"],
        points_to_evaluate=points,
    )


def _points(benchmark: Benchmark, results: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The user's points, or those of the benchmark, where what is fixed wins; possibly partial."""
    given: Sequence[Mapping[str, Any]] | None = results["points_to_evaluate"]
    if given is not None:
        return given
    if benchmark.points_to_evaluate is None:
        return [{}]
    fixed: Mapping[str, Any] = results["fixed"]
    return [{**point, **fixed} for point in benchmark.points_to_evaluate]


def _create_all(kind: str, components: Mapping[str, OptionValues], *context: Any) -> list[Any]:
    return [create(kind, {**options, "name": name}, *context) for name, options in components.items()]
