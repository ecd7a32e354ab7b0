"""A run: one configuration of the whole experiment, complete, so that equal runs find each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.qualified_keys import same_component
from tunekit.config.schema import METHOD_PARTS, SEVERAL, Settings
from tunekit.config.specs.components import (
    DISTRIBUTION,
    OptionValues,
    complete_several,
    find_of_several,
    is_off,
    split_options,
)
from tunekit.config.specs.facts import chosen, facts_of
from tunekit.config.specs.fitting import BEGIN_ANEW, CHOICE, fitted, why_paused_trials_begin_anew
from tunekit.config.specs.identity import NO_SUCCESS, digest
from tunekit.config.specs.inputs import SECRET, WRITTEN, secrets_in, without_secrets
from tunekit.config.specs.points import complete_points
from tunekit.config.specs.recipe import naming_recipe
from tunekit.config.specs.secrets import shown
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.errors import ConfigurationError
from tunekit_core.plugins.names import BUILT_IN, qualified, split_name
from tunekit_core.plugins.registry import registry
from tunekit_core.records.metadata_fields import FILES_FORMAT

CHOSEN_ON_KEY = "method_chosen_on"  # in metadata.json
EARLIER = "earlier_sources"  # what was in the files of a program that was edited while it ran
PARTS = "function_parts"  # in metadata.json, and no part of what a run is
TIME_LIMIT = "max_wallclock_time"
QUALIFIED_TIME_LIMIT = qualified(BUILT_IN, TIME_LIMIT)
QUALIFIED_NO_SUCCESS = qualified(BUILT_IN, NO_SUCCESS)


@attrs.frozen
class RunSpec:
    """One run, in values that survive JSON.

    Attributes:
        results: Everything that determines the results, each component with its distribution and all of its options,
            each input with its path and a hash of its content, each file of the program with a hash of its content.
        observers: Options of each observer; they watch and do not enter the hash.
        dataset: Data of the benchmark, or ``None`` if there is only one.
        method: Name of the recipe, or ``None``.
        experiment: Name of the study, or ``None``.
        experiment_tag: Folder below ``results_dir``.
        results_dir: Where results go.
        verbosity: How much is told while it runs: a value of the key of that name.
        tags: Whatever the user wants to find again.
        choice: What the method took for this problem and why, where it usually takes something else.
        instead: Names of the searcher and the scheduler, as far as they were chosen in place of the recipe's own.
        chosen_on: Patterns of the problems that the numbers of the method were chosen on.
        begin_anew: Why trials that the method pauses would begin anew; ``None`` if they do not, or that is not known.
        parts: What a function that is tuned is made of, as a digest of each part by its name, for messages: ``sources``
            has one digest of it all. Empty where that is not known, ``None`` where no function is tuned.
        hash: Twelve hexadecimal digits of what determines the results. It is computed where the run is planned, and
            goes with it to wherever it is run.
    """

    results: Mapping[str, Any] = attrs.field(repr=False)  # secrets are in it
    observers: Mapping[str, OptionValues] = attrs.field(repr=False)
    dataset: str | None
    method: str | None
    experiment: str | None
    experiment_tag: str
    results_dir: str
    verbosity: int
    tags: Mapping[str, Any]
    choice: str | None = None
    instead: Sequence[str] = ()
    chosen_on: Sequence[str] = ()
    parts: Mapping[str, str] | None = None
    begin_anew: str | None = None
    hash: str = attrs.field(default=attrs.Factory(lambda spec: digest(spec.results), takes_self=True), kw_only=True)

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.results["seed"])

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""
        return str(self.results["benchmark"]["name"])

    @property
    def can_restore(self) -> bool:
        """Whether an interrupted run is restored and goes on where it was, rather than from its beginning."""
        name, _ = split_options(self.results["backend"])
        return "restore" in registry().find("backend", name).factory.capabilities

    @property
    def built_in_criteria(self) -> dict[str, OptionValues]:
        """Options of the criteria that end the run and are tunekit's own, by name."""
        return built_in_criteria(self.results["stopping"])

    @property
    def seconds_at_most(self) -> float | None:
        """Real time after which it ends at the latest; ``None`` if nothing limits that, or the run is simulated."""
        limit = self.built_in_criteria.get(TIME_LIMIT)
        is_limited = limit is not None and self.can_restore and not self.results["wait_for_running"]
        return float(limit["seconds"]) if limit is not None and is_limited else None

    @property
    def problem_name(self) -> str:
        """Benchmark and dataset."""
        return self.benchmark if self.dataset is None else f"{self.benchmark}-{self.dataset}"

    @property
    def method_name(self) -> str:
        """The recipe, and what was taken in place of its components; without a recipe, scheduler and searcher."""
        return "+".join([self.method, *self.instead]) if self.method else name_without_recipe(self.results)

    @property
    def secrets(self) -> dict[str, str]:
        """By dotted name the secrets themselves."""
        return secrets_in({**self.results, "observers": self.observers}, SECRET)

    @property
    def setting(self) -> str:
        """What runs that differ in their seed alone share."""
        return digest({**self.results, "seed": None}, watched_by=self.observers)

    @property
    def sources(self) -> Mapping[str, str] | None:
        """What is in the files of the program, by their names; ``None`` where trials run no program."""
        sources: Mapping[str, str] | None = self.results["sources"]
        return sources

    def edited(
        self, *before: Mapping[str, str], sources: Mapping[str, str], parts: Mapping[str, str] | None = None
    ) -> RunSpec:
        """What the run is whose program was edited while it ran: another one than with any of the versions alone.

        Args:
            before: What was in the files so far, of each version that ran already.
            sources: What is in them now.
            parts: What a function is made of now.
        """
        results = {**self.results, "sources": dict(sources)}
        if before:
            results[EARLIER] = [*self.results.get(EARLIER, ()), *map(dict, before)]
        return attrs.evolve(self, results=results, parts=parts, hash=digest(results))

    def going_on_from(self, config: Mapping[str, Any]) -> RunSpec:
        """What the run is if it goes on from another one: the sources of that ran, too.

        Args:
            config: What was recorded of the other one.
        """
        if self.sources is None:
            return self
        before = [*config.get(EARLIER, ()), config["sources"]]
        before = before[:-1] if before[-1] == self.sources else before
        return self.edited(*before, sources=self.sources, parts=self.parts)

    @property
    def folder(self) -> Path:
        """Where the run is written; no other run shares it."""
        name = f"{self.problem_name}-{self.seed}-{self.hash}"
        return self.tag_folder / self.method_name / name

    @property
    def tag_folder(self) -> Path:
        """Where all runs of the experiment tag are written."""
        return Path(self.results_dir) / self.experiment_tag

    def metadata(self) -> dict[str, Any]:
        """What ``metadata.json`` says of how the run was made; of secrets only their names."""
        config = {**self.results, "observers": self.observers}
        parts = {} if self.parts is None else {PARTS: self.parts}
        choice = {} if self.choice is None else {CHOICE: self.choice}
        chosen_on = {CHOSEN_ON_KEY: list(self.chosen_on)} if self.chosen_on else {}
        begin_anew = {} if self.begin_anew is None else {BEGIN_ANEW: self.begin_anew}
        return {
            "experiment_tag": self.experiment_tag,
            "method": self.method_name,
            **choice,
            **chosen_on,
            **begin_anew,
            "experiment": self.experiment,
            "benchmark": self.benchmark,
            "dataset": self.dataset,
            "seed": self.seed,
            "random_seed": self.results["random_seed"],
            "hash": self.hash,
            "tags": shown("tags", self.tags),
            "config": without_secrets(config),
            "secrets": secrets_in(config, WRITTEN),
            **parts,
        }


def built_in_criteria(stopping: Mapping[str, OptionValues]) -> dict[str, OptionValues]:
    """Options of those criteria that are tunekit's own, by name.

    Args:
        stopping: Options of all criteria of a run, by the name with the distribution.
    """
    return {split_name(name)[1]: options for name, options in stopping.items() if options.get(DISTRIBUTION) == BUILT_IN}


def resolve(
    settings: Settings,
    random_seed: int,
    benchmark: Benchmark | None = None,
    sources: Mapping[str, str] | None = None,
    *,
    keeps_none: bool = False,
) -> RunSpec:
    """Complete what the user asked for with the defaults of every class and of the benchmark.

    Args:
        settings: What was asked for.
        random_seed: The master seed; drawn by the caller where the settings have none.
        benchmark: The benchmark, where it is an object of the caller. What the settings say of it is complete then.
        sources: What is in the program of such a benchmark; found by reading unless given.
        keeps_none: Whether that is known to keep no checkpoint.

    Raises:
        ConfigurationError, UnknownComponentError: If a component or an option does not exist or fit.
    """
    facts = facts_of(settings, benchmark, reads_program=sources is None, keeps_none=keeps_none)
    benchmark = facts.benchmark
    if sources is None:
        sources = None if facts.program is None else facts.program.digests
    settings, choice = fitted(settings, facts)
    parts = {kind: str(settings.components[kind][0]) for kind in METHOD_PARTS}
    with naming_recipe(settings.recipes["method"], parts, choice):
        method = {kind: chosen(kind, name, settings.components[kind][1]) for kind, name in parts.items()}
    given = {**settings.several, "stopping": with_default_ends(benchmark, settings)}
    several = {key: complete_several(key, kind, given[key]) for key, kind in SEVERAL.items()}
    n_workers = settings.values["n_workers"]
    fixed = _fixed(benchmark, settings.fixed) if settings.fixed else {}
    space, points = benchmark.space.fix(fixed), settings.values["points_to_evaluate"]
    results = {
        "seed": settings.values["seed"],
        "random_seed": random_seed,
        "n_workers": benchmark.n_workers if n_workers is None else n_workers,
        **method,
        "backend": facts.backend,
        "benchmark": facts.tuned,
        "stopping": several["stopping"],
        "composers": several["composers"],
        "fixed": fixed,
        "constraint": settings.values["constraint"],
        "points_to_evaluate": None if points is None else list(map(dict, complete_points(space, points))),
        "wait_for_running": settings.values["wait_for_running"],
        "data_hash": benchmark.data_hash,
        "sources": sources,
        "format": FILES_FORMAT,
    }
    return RunSpec(
        results=results,
        observers=several["observers"],
        dataset=benchmark.dataset,
        method=settings.recipes["method"],
        experiment=settings.recipes["experiment"],
        experiment_tag=settings.values["experiment_tag"],
        results_dir=os.path.expanduser(settings.values["results_dir"]),
        verbosity=settings.values["verbosity"],
        tags=settings.tags,
        choice=choice,
        instead=[] if choice else _instead(settings.made_of, method),
        chosen_on=list(settings.chosen_on),
        begin_anew=why_paused_trials_begin_anew(parts["scheduler"], facts),
    )


def _instead(made_of: Mapping[str, str], method: Mapping[str, OptionValues]) -> list[str]:
    """Names of what stands in place of the components of a recipe."""
    names = {kind: qualified(component[DISTRIBUTION], component["name"]) for kind, component in method.items()}
    return [
        split_name(name)[1]
        for kind, name in names.items()
        if kind in made_of and not same_component(kind, name, made_of[kind])
    ]


def _fixed(benchmark: Benchmark, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is fixed, each value as its hyperparameter takes it."""
    try:
        return dict(benchmark.space.fix(given).fixed)
    except ConfigurationError as error:
        option = f"fixed.{error.option}"
        value = given.get(str(error.option))
        raise ConfigurationError(f"{option}={value!r}: {error}", option=option, value=value) from error


def name_without_recipe(results: Mapping[str, Any]) -> str:
    """What a method is called that no recipe chose, from what determines the results of a run."""
    return f"{results['scheduler']['name']}+{results['searcher']['name']}"


def with_default_ends(benchmark: Benchmark | type[Benchmark], settings: Settings) -> dict[str, Any]:
    """What was asked for to end a run, with what every run has unless told otherwise: it comes to an end.

    Args:
        benchmark: What is tuned.
        settings: What was asked for.
    """
    given = settings.several["stopping"]
    components = {name: find_of_several("stopping", "stopping", name) for name in given}
    names = {component.qualified for component in components.values()}  # also of those that are switched off
    ends = any(components[name].factory.is_certain and not is_off(value) for name, value in given.items())
    needs_limit = not ends and QUALIFIED_TIME_LIMIT not in names
    limit = {QUALIFIED_TIME_LIMIT: {"seconds": _time_limit(benchmark, settings)}} if needs_limit else {}
    gives_up: dict[str, Any] = {} if QUALIFIED_NO_SUCCESS in names else {QUALIFIED_NO_SUCCESS: {}}
    return {**limit, **given, **gives_up}


def _time_limit(benchmark: Benchmark | type[Benchmark], settings: Settings) -> float:
    """Seconds: the benchmark's own limit; scaled, fewer workers have as many worker seconds in all."""
    n_workers = settings.values["n_workers"]
    if not settings.values["scale_max_wallclock_time"] or n_workers is None or not 0 < n_workers < benchmark.n_workers:
        return float(benchmark.max_wallclock_time)
    return float(int(benchmark.max_wallclock_time * benchmark.n_workers / n_workers))
