"""What a method takes for the problem at hand, by what is known before anything runs.

A recipe may have a table of what it takes where its usual components cannot work::

    method:
      name: AUTO
      fits:
        - {where: no_max_resource, like: BO, searcher: bo, scheduler: fifo}
        - {searcher: freeze_thaw, scheduler: freeze_thaw}

The first entry whose condition holds decides. The last is what the recipe itself chooses; where another searcher or
scheduler was typed beside the method, the table changes nothing. A run holds what was chosen, so nothing is chosen anew
when it goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import attrs

from tunekit.config.fits import FITS, Fit
from tunekit.config.qualified_keys import same_component
from tunekit.config.schema import METHOD_PARTS, Settings
from tunekit.config.specs.components import create, plain
from tunekit.config.specs.facts import Facts
from tunekit.sources import Sources
from tunekit.sources.content import Identity, identity, kept, read
from tunekit_core.contracts.benchmarks import Executable
from tunekit_core.contracts.problem import Problem
from tunekit_core.errors import ConfigurationError, UnknownComponentError
from tunekit_core.plugins.registry import registry
from tunekit_core.randomness import Streams

CHOICE = "method_choice"  # in metadata.json, where a method took what it usually does not
BEGIN_ANEW = "paused_trials_begin_anew"  # in metadata.json, with the reason why
GOES_ON = {"pause", "checkpoint"}  # what a backend must be able to do for a paused trial to go on where it was
KEEPS_NONE = "the {} keeps no checkpoint, and a paused trial would begin anew"
# Each way to a checkpoint has this in it: {checkpoint}, TUNEKIT_CHECKPOINT_DIR, report.checkpoint(…), callbacks.
NAMES_CHECKPOINTS = re.compile(rb"checkpoint|tunekit[.]callbacks", re.IGNORECASE)


def fitted(settings: Settings, facts: Facts) -> tuple[Settings, str | None]:
    """The settings with the searcher and the scheduler that the method takes for the problem.

    Options that were given are those of what is taken. Where all options of a usual component are there, as where what
    ``--cfg job`` has written is read back for another problem, its defaults are left out. What is there already, as
    where it is read back for the same problem, stays as it is.

    Returns:
        The settings; and what was taken and why, to follow the name of the method, or ``None`` if it is the usual.

    Raises:
        ConfigurationError: If a component of the line that holds does not exist, or the backend refuses its options or
            the benchmark; or if the method has the table of another recipe and components of its own.
    """
    if settings.fits:
        _check_last_line(settings)
    if not any(_has(settings, fit) for fit in settings.fits):
        return settings, None
    reasons = ((fit, REASONS[str(fit.where)](facts)) for fit in settings.fits[:-1])
    fit, why = next(((fit, why) for fit, why in reasons if why is not None), (settings.fits[-1], None))
    if why is None or not (_has(settings, settings.fits[-1]) or _has(settings, fit)):
        return settings, None
    made_of = f"searcher={fit.searcher} scheduler={fit.scheduler}"
    name = f"{fit.like} here ({made_of})" if fit.like else f"{made_of} here"
    _check_exists(settings, fit)
    if not _has(settings, fit):
        taken = {kind: (getattr(fit, kind), _changed_options(settings, kind)) for kind in METHOD_PARTS}
        settings = attrs.evolve(settings, components={**settings.components, **taken})
    return settings, f"{name}, since {why}"


def _check_last_line(settings: Settings) -> None:
    """See that a recipe that is made from another one, with its table, has what is last in that."""
    last = settings.fits[-1]
    if all(same_component(kind, name, getattr(last, kind)) for kind, name in settings.made_of.items()):
        return
    name, own = settings.recipes["method"], " and ".join(f"{kind}={of}" for kind, of in settings.made_of.items())
    raise ConfigurationError(
        f"method.{FITS}: {name} chooses {own}, and has the table of a recipe that chooses searcher={last.searcher} "
        f"and scheduler={last.scheduler}, of which no line would count. Write a table that ends with what {name} "
        f"chooses, or {FITS}: null below method.",
        option=f"method.{FITS}",
    )


def _check_exists(settings: Settings, fit: Fit) -> None:
    for kind in METHOD_PARTS:
        try:
            registry().find(kind, getattr(fit, kind))
        except UnknownComponentError as error:
            line = settings.fits.index(fit) + 1
            raise ConfigurationError(
                f"method.{FITS}, line {line} of {len(settings.fits)}: {error}", option=f"method.{FITS}"
            ) from error


def _has(settings: Settings, fit: Fit) -> bool:
    """Whether searcher and scheduler are those of an entry, with or without the distribution before a name."""
    return all(same_component(kind, str(settings.components[kind][0]), getattr(fit, kind)) for kind in METHOD_PARTS)


def _changed_options(settings: Settings, kind: str) -> dict[str, Any]:
    """What was given for the usual component; but its defaults where all are there, as ``--cfg job`` writes them."""
    name, given = settings.components[kind]
    options = registry().find(kind, str(name)).options
    if not given.keys() >= options.keys():
        return dict(given)
    defaults = plain({key: option.default for key, option in options.items() if not option.required})
    return {key: value for key, value in given.items() if key not in defaults or value != defaults[key]}


def _several_metrics(facts: Facts) -> str | None:
    metrics = facts.benchmark.objective.metric
    if len(metrics) == 1:
        return None
    return f"the benchmark has {len(metrics)} metrics, and models predict one: name one alone to search with a model"


def _no_max_resource(facts: Facts) -> str | None:
    maximum = facts.benchmark.max_resource
    if maximum is None:
        return "the benchmark has no max_resource"
    return (
        "the benchmark has max_resource=1, so that nothing is known of a trial before its end" if maximum == 1 else None
    )


def _no_checkpoints(facts: Facts) -> str | None:
    if not _capabilities(facts) >= GOES_ON:
        off = " backend.checkpoint=false" if facts.backend.get("checkpoint") is False else ""
        return f"with backend={facts.backend['name']}{off} no paused trial goes on where it was"
    return _program_keeps_none(facts)


def _program_keeps_none(facts: Facts) -> str | None:
    if facts.keeps_none:
        return KEEPS_NONE.format("function")
    if facts.program is not None and isinstance(facts.benchmark, Executable):
        script = facts.benchmark.script()
        if script.sources is None and never_names_checkpoints(script.command, facts.program):
            return KEEPS_NONE.format("program")
    return None


def why_paused_trials_begin_anew(scheduler: str, facts: Facts) -> str | None:
    """Why paused trials would begin anew, as a clause; ``None`` if the scheduler pauses none, or that is not known.

    Of backends that keep no checkpoint it is known, too, but there it was asked for, or they say so themselves.

    Args:
        scheduler: Its name, with the distribution or without.
        facts: What is known of the problem.
    """
    if "pause" not in registry().find("scheduler", scheduler).factory.needs:
        return None
    return _program_keeps_none(facts)


REASONS: Mapping[str, Callable[[Facts], str | None]] = {
    "several_metrics": _several_metrics,
    "no_max_resource": _no_max_resource,
    "no_checkpoints": _no_checkpoints,
}
"""For each condition, the reason why it holds, as the end of a sentence; ``None`` if it does not."""


def _capabilities(facts: Facts) -> frozenset[str]:
    """What the backend can do, which may depend on its options: so one is built."""
    benchmark = facts.benchmark
    problem = Problem(
        space=benchmark.space,
        objective=benchmark.objective,
        max_resource=benchmark.max_resource,
        metrics=benchmark.metrics,
    )
    capabilities: frozenset[str] = create("backend", facts.backend, problem, benchmark, None, Streams(0)).capabilities
    return capabilities


def never_names_checkpoints(command: Iterable[str], program: Sources) -> bool:
    """Whether a program of Python looks for no checkpoint, as far as reading it tells.

    What a shell, another interpreter or a container runs is not read, so of these nothing is known.

    Args:
        command: What is typed to run it.
        program: Its files.
    """
    paths = [file.path for file in program.files]
    if not paths or not paths[0].endswith(".py"):
        return False
    in_command = any(NAMES_CHECKPOINTS.search(word.encode(errors="replace")) for word in command)
    return not in_command and not any(map(names_checkpoints, paths))


def names_checkpoints(path: str) -> bool:
    """Whether a file has a name of checkpoints in it, or cannot be read."""
    found = identity(path)
    return found is None or kept(_search, path, found)


@lru_cache(maxsize=2**14)
def _search(path: str, _: Identity) -> bool:
    content = read(path)
    return content is None or NAMES_CHECKPOINTS.search(content) is not None
