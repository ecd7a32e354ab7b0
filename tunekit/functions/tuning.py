"""``tune``: a Python function as the objective."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import attrs

from tunekit.config.arguments import parse
from tunekit.config.composition.compose import compose_run
from tunekit.config.options_files.files import name_within
from tunekit.config.planning import plan_runs, tell_of_methods
from tunekit.config.specs.run_spec import QUALIFIED_TIME_LIMIT, TIME_LIMIT, RunSpec
from tunekit.console import duration, plural, print_stderr
from tunekit.functions.benchmark import FunctionBenchmark
from tunekit.functions.checkpoints import keeps_no_checkpoint
from tunekit.functions.program import program_of_function
from tunekit.live.present_run import PresentRun
from tunekit.live.watching import watching
from tunekit.results.answer import answer
from tunekit.runs.building import build_tuner
from tunekit.runs.checking import check_runs
from tunekit.runs.edits import Program, watch_for_edits
from tunekit.runs.folders import settle
from tunekit.runs.run import first_failure_of, status_of
from tunekit.runs.siblings import adopt, offer, sibling_of
from tunekit.runs.steering import FolderSteering
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.errors import ConfigurationError, ExperimentLocked, RecordError, ReplayError
from tunekit_core.plugins.names import BUILT_IN, qualified
from tunekit_core.records.experiment import ExperimentRecord
from tunekit_core.records.files import read_metadata
from tunekit_core.records.load import Experiment, load_experiment

FILE = "function.pickle"
TRIAL_LIMIT = "max_num_trials_started"
QUALIFIED_TRIAL_LIMIT = qualified(BUILT_IN, TRIAL_LIMIT)
ALSO_OVERRIDES = {  # arguments that an override may replace, and what it is called there
    "seed": ("seed",),
    "max_trials": (f"stopping.{TRIAL_LIMIT}", f"stopping.{QUALIFIED_TRIAL_LIMIT}"),
    "points_to_evaluate": ("points_to_evaluate",),
}
GIVEN_INSTEAD = {"method": "method='AUTO'", "scheduler": "overrides=['scheduler=asha_stopping']"}
ARGUMENTS = ("benchmark", "method", "n_workers", f"stopping.{TIME_LIMIT}", f"stopping.{QUALIFIED_TIME_LIMIT}")


@attrs.frozen(repr=False)
class TunedFunction:
    """What came of tuning a function; as text it is the answer: the best value, its arguments, and what there was.

    Attributes:
        experiment: All that was recorded: :attr:`~tunekit_core.records.load.Experiment.results` has a row per report.
    """

    experiment: Experiment

    def __repr__(self) -> str:
        """The answer, in a few lines."""
        return answer(self.experiment.path, self.experiment.metadata)

    @property
    def interrupted(self) -> bool:
        """Whether it was interrupted before its end, as with Ctrl-C in a notebook; what was found so far is here."""
        return bool(self.experiment.metadata["status"] == ExperimentStatus.INTERRUPTED.value)

    @property
    def best_configuration(self) -> dict[str, Any]:
        """The arguments with which the function did best.

        Raises:
            RecordError: If no trial has reported; it tells why the first one failed.
        """
        return self.experiment.best_configuration()

    @property
    def recommended_configuration(self) -> dict[str, Any]:
        """The arguments that are expected to be best: see :meth:`tunekit_core.Experiment.recommended_configuration`.

        Raises:
            RecordError: As for :attr:`best_configuration`.
        """
        return self.experiment.recommended_configuration()

    @property
    def best_value(self) -> float:
        """The metric that it reached with them.

        Raises:
            RecordError: As for :attr:`best_configuration`.
        """
        return self.experiment.best_value()

    def best_checkpoint(self) -> Path:
        """The folder with the checkpoint of the best trial: see :meth:`tunekit_core.Experiment.best_checkpoint`.

        Raises:
            RecordError: As for :attr:`best_configuration`, or if there is no checkpoint; it says why.
        """
        return self.experiment.best_checkpoint()


def tune(
    function: Callable[..., Any],
    space: Mapping[str, Any],
    *,
    metric: str = "loss",
    mode: Literal["min", "max"] = "min",
    resource: str | None = None,
    max_resource: int | None = None,
    method: str | None = None,
    n_workers: int | None = None,
    max_trials: int | None = None,
    max_wallclock_time: float | None = None,
    seed: int | None = None,
    points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
    version: str | None = None,
    resume: bool = False,
    changed_sources: Literal["accept"] | None = None,
    overrides: Sequence[str] = (),
) -> TunedFunction:
    """Find the arguments with which a function does best; each trial calls it in a process of its own.

    >>> def train(lr, units):
    ...     report = Reporter()
    ...     for epoch in range(1, 28):
    ...         report(epoch=epoch, loss=...)
    >>> space = {"lr": "loguniform(1e-4, 1e-1)", "units": [16, 32, 64]}
    >>> result = tune(train, space, metric="loss", resource="epoch", max_resource=27, max_wallclock_time=60)
    >>> result.best_configuration

    The function reports as a script does, through a :class:`tunekit.Reporter` that it makes. One that has nothing to
    report on the way returns the metric, or a mapping with it. It may be a lambda, or be defined in a notebook: a copy
    of it is sent, with copies of the variables that it uses, so what it assigns elsewhere is lost. Its modules are
    imported anew. What it prints is in the folder of the trial. If it raises, the trial has failed, and the experiment
    goes on.

    Results are those of a run on the command line, in the same place. Called again with the same arguments, the
    experiment goes on where it was, or is found complete. What the function does belongs to what the run is: its code,
    its defaults, and the values of the variables and the local modules that it uses. A function with the same name that
    does something else is another run.

    In a notebook, and wherever Python is typed line by line, an interruption ends the experiment, and the result has
    what was found so far: its ``interrupted`` is true. In a program it is a ``KeyboardInterrupt``, as everywhere, and
    the program ends; :func:`tunekit_core.load_experiment` reads what was found.

    An experiment ends as failed where no trial succeeds, which is printed with the reason: the result has no best then.

    Args:
        function: Takes every entry of the space as a keyword argument.
        space: By name a domain or its text, such as ``"loguniform(1e-4, 1e-1)"``, a list of which one is taken, or a
            constant.
        metric: What is optimised, as the function reports it.
        mode: Whether the metric is to be small or large.
        resource: What the function reports beside it, whole numbers that grow, such as ``"epoch"``; unless given,
            reports are counted.
        max_resource: The last resource of a trial. Methods that compare trials early need it.
        method: Name of a recipe; ``"MOBSTER-STOP"`` with a ``max_resource`` and ``"BO"`` without unless given.
            Most others pause trials. A function that keeps no checkpoint then begins anew when its trial goes on: you
            are warned where reading it tells that, and ``"AUTO"`` takes ``"MOBSTER-STOP"``.
        n_workers: Trials at the same time; 4 unless given.
        max_trials: Trials that are started; those that run then come to their end.
        max_wallclock_time: Seconds; an hour unless this or something else that ends the experiment is given.
        seed: Another number draws other configurations, and is another run; 0 unless given.
        points_to_evaluate: Configurations to begin with. What one lacks is taken from the default configuration.
        version: Counts in place of what the function does, such as ``"2"``: for a function that uses what cannot be
            described, or to have an edit make no other run.
        resume: Whether an experiment that is the same but for its end goes on to this end, rather than that this one
            begins anew.
        changed_sources: With ``"accept"``, ``resume`` goes on with an experiment of another version of the function,
            too. Its results are those of both versions then.
        overrides: Everything else, as on the command line: ``["experiment_tag=nets", "stopping.max_cost=10"]``.

    Raises:
        ConfigurationError: If something that was asked for does not exist or fit, the function cannot be sent to
            another process, or cloudpickle is not installed; nothing has been run or written then.
        ExperimentLocked: If another process is running the same experiment.
    """
    if changed_sources not in (None, "accept"):
        raise ConfigurationError(
            f"changed_sources={changed_sources!r} must be 'accept' or None.",
            option="changed_sources",
            value=changed_sources,
        )
    if changed_sources is not None and not resume:
        raise ConfigurationError(
            "changed_sources='accept' says what resume=True may go on with: give both.", option="changed_sources"
        )
    if max_trials is not None and (isinstance(max_trials, bool) or not isinstance(max_trials, int) or max_trials < 1):
        raise ConfigurationError(
            f"max_trials={max_trials!r} must be a whole number from 1 on, or None.",
            option="max_trials",
            value=max_trials,
        )
    if isinstance(overrides, str) or not all(isinstance(each, str) for each in _listed(overrides)):
        raise ConfigurationError(
            f"overrides={overrides!r} is no list of text: give for example ['searcher=random'].",
            option="overrides",
            value=overrides,
        )
    benchmark = FunctionBenchmark(
        function, space, metric=metric, mode=mode, resource=resource, max_resource=max_resource
    )
    also_overrides = {"seed": seed, "max_trials": max_trials, "points_to_evaluate": points_to_evaluate}
    _check_no_other(overrides, [argument for argument, value in also_overrides.items() if value is not None])
    config = _compose(method or _default_method(max_resource), overrides)
    config["benchmark"] = {"name": benchmark.name, **benchmark.options}
    if n_workers is not None:
        config["n_workers"] = n_workers
    if seed is not None:
        config["seed"] = seed
    if points_to_evaluate is not None:
        config["points_to_evaluate"] = points_to_evaluate
    if max_trials is not None:
        config["stopping"] = {QUALIFIED_TRIAL_LIMIT: max_trials, **config["stopping"]}
    if max_wallclock_time is not None:
        config["stopping"] = {QUALIFIED_TIME_LIMIT: max_wallclock_time, **config["stopping"]}
    read = partial(program_of_function, function, benchmark.options["function"], version)
    program = read()
    keeps_none = version is None and keeps_no_checkpoint(function, benchmark.pickled, program.files)
    (planned,) = plan_runs([config], benchmark, program.sources, keeps_none=keeps_none)
    tell_of_methods([planned], instead=GIVEN_INSTEAD)
    spec = attrs.evolve(planned, parts=program.parts)
    settle(spec)
    spec = _adopt_or_offer(spec, benchmark, resume=resume, accepts_changes=changed_sources == "accept")
    if status_of(spec) is ExperimentStatus.COMPLETED:  # then nothing is written, not even a lock
        _print_found(spec)
        return TunedFunction(load_experiment(spec.folder))
    benchmark.file = spec.folder.absolute() / FILE
    check_runs([spec], benchmark)
    became = _run(spec, benchmark, read)
    return TunedFunction(load_experiment(became.folder))


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, Sequence) else [values]


def _default_method(max_resource: int | None) -> str:
    return name_within("method", "BO" if max_resource is None else "MOBSTER-STOP", BUILT_IN)


def _check_no_other(overrides: Sequence[str], arguments: Sequence[str]) -> None:
    """See that no override says what an argument says."""
    for argument in arguments:
        for override in overrides:
            key = override.partition("=")[0].lstrip("+~")
            if any(_is_of(key, name) for name in ALSO_OVERRIDES[argument]):
                raise ConfigurationError(
                    f"overrides: {override} and the argument {argument} are one thing. Give one of them.",
                    option=argument,
                    value=override,
                )


def _is_of(key: str, name: str) -> bool:
    return key == name or key.startswith((f"{name}.", f"{name}["))


def _compose(method: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The configuration but for the benchmark, in plain dicts."""
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if override.startswith("-"):
            raise ConfigurationError(
                f"overrides: {override} is a flag, which only the command line has.", value=override
            )
        if key.startswith(("hydra/launcher", "hydra.launcher")):
            raise ConfigurationError(
                f"overrides: {override} cannot be here: a function is run where tune() is called. Launchers send "
                "programs of their own to other machines, as benchmark=script on the command line.",
                option=key,
                value=override,
            )
        if any(_is_of(key, argument) for argument in ARGUMENTS):
            raise ConfigurationError(
                f"overrides: {override} cannot be here, since tune() has arguments for it.", option=key, value=override
            )
    return compose_run(parse([f"method={method}", *overrides]).overrides)


def _adopt_or_offer(spec: RunSpec, benchmark: FunctionBenchmark, *, resume: bool, accepts_changes: bool) -> RunSpec:
    """The run, with the experiment that it is to go on with in its folder, if there is one."""
    sibling = sibling_of(spec, benchmark)
    if sibling is None:
        return spec
    if resume and sibling.can_become(spec) and (accepts_changes or not sibling.has_other_sources):
        return adopt(sibling, spec)
    how = "give resume=True, changed_sources='accept'." if sibling.has_other_sources else "give resume=True."
    print_stderr(offer(sibling, spec, how))
    return spec


def _run(spec: RunSpec, benchmark: FunctionBenchmark, read: Callable[[], Program]) -> RunSpec:
    """Run it, unless it is complete.

    Returns:
        What it is in the end: another one if a module was edited meanwhile.
    """
    present, became = PresentRun(spec), spec
    record = ExperimentRecord(spec.folder, keep_events=spec.can_restore)
    try:
        if record.status() is ExperimentStatus.COMPLETED:  # by another process, since it was looked for
            _print_found(spec)
            return spec
        print_stderr(f"Running in {spec.folder}")
        if spec.seconds_at_most is not None:
            at_most = duration(spec.seconds_at_most)
            print_stderr(f"It ends after {at_most} at the latest; max_wallclock_time=SECONDS says otherwise.")
        benchmark.write()
        try:
            with watching(present) as watches:
                watches = [*watches, *watch_for_edits(present, record, read)]
                steering = partial(FolderSteering, present, record) if spec.can_restore else None
                result = build_tuner(spec, record, benchmark, watches=watches, steering=steering).run()
            if result.failed:
                print_stderr(f"It failed: {result.reason}.", style="red")
        except KeyboardInterrupt:
            if status_of(spec) is not ExperimentStatus.INTERRUPTED:
                raise
            if not _is_interactive():  # nobody gets the result, whose text this is
                print_stderr(answer(spec.folder, load_experiment(spec.folder).metadata))
            print_stderr("Interrupted. To go on, call tune() again with the same arguments.")
            if not _is_interactive():
                raise
        except (RecordError, ReplayError):
            tag = f"{spec.experiment_tag}-anew"
            print_stderr(
                f"To begin anew beside what is recorded, give overrides=['experiment_tag={tag}'].", style="red"
            )
            raise
        finally:  # an interruption too: failures may be why
            _print_failures(spec.folder)
    finally:
        record.release()
        became = _settled(spec, present.spec)
    return became


def _is_interactive() -> bool:
    """Whether somebody types one statement after another, as in a notebook: an interruption ends one of them."""
    return hasattr(sys, "ps1")


def _settled(spec: RunSpec, became: RunSpec) -> RunSpec:
    """Move an experiment to where it belongs by now; one for which there is no room there is kept where it is."""
    if became == spec:
        return spec
    try:
        settle(spec)
    except (ConfigurationError, ExperimentLocked) as error:
        print_stderr(str(error), style="red")
        return spec
    return became


def _print_found(spec: RunSpec) -> None:
    print_stderr(f"Found complete: {spec.folder}")


def _print_failures(folder: Path) -> None:
    """Print how many trials failed, and why the first did."""
    if first := first_failure_of(folder):
        metadata = read_metadata(folder)
        counts = f"{metadata['n_failed']:,} of {plural(metadata['n_started'], 'trial')} failed"
        print_stderr(f"{counts}. Trial {first['trial_id']}: {first['reason']}", style="red")
