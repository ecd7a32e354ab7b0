"""Experiments that a run could go on with: the same but for another end, or for an edit of the program."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from tunekit.config.specs.components import DISTRIBUTION, REVISION, build_benchmark
from tunekit.config.specs.identity import ends_of, identity_of
from tunekit.config.specs.program import different
from tunekit.config.specs.run_spec import EARLIER, PARTS, RunSpec
from tunekit.runs.building import build_problem
from tunekit.runs.ends import passed_end
from tunekit.runs.folders import become, move
from tunekit.runs.resume_arguments import ACCEPT_SOURCES
from tunekit_core.contracts.benchmarks import Benchmark
from tunekit_core.contracts.problem import Problem
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.engine.summary import BEGINS_ANEW
from tunekit_core.errors import RecordError, TunekitError
from tunekit_core.plugins.registry import registry
from tunekit_core.records.files import EVENTS, METADATA, read_metadata
from tunekit_core.records.metadata_fields import FILES_FORMAT

STOPPING = "stopping"
MAY_DIFFER = {STOPPING, "sources", EARLIER}
NO_CONFIG = (TunekitError, LookupError, TypeError, AttributeError, ValueError)  # that another version may have written


@attrs.frozen
class Sibling:
    """An experiment that a run could go on with.

    Attributes:
        folder: Where it is.
        metadata: Its ``metadata.json``.
        has_other_sources: Whether its program was another.
        is_past: Whether it has gone further than the end that is asked for.
    """

    folder: Path
    metadata: Mapping[str, Any]
    has_other_sources: bool
    is_past: bool

    def ends_like(self, spec: RunSpec) -> bool:
        """Whether it has the same end as a run."""
        return ends_of(self.config) == ends_of(spec.results)

    def can_become(self, spec: RunSpec) -> bool:
        """Whether it can go on as that run."""
        status = self.metadata["status"]
        has_ended = status == ExperimentStatus.COMPLETED.value and self.ends_like(spec)
        return not self.is_past and not has_ended and status != ExperimentStatus.RUNNING.value

    @property
    def config(self) -> Mapping[str, Any]:
        """What was recorded of the run."""
        config: Mapping[str, Any] = self.metadata["config"]
        return config


def sibling_of(spec: RunSpec, benchmark: Benchmark | None = None) -> Sibling | None:
    """The experiment that comes closest to a run: if possible one that can become it, and with the same program.

    Of several it is that which has got furthest.

    Args:
        spec: A run that has not begun.
        benchmark: What is tuned, where it is an object of the caller; built by its name unless given.
    """
    if not spec.can_restore or spec.folder.exists():
        return None
    problem = build_problem(benchmark or build_benchmark(spec.results["benchmark"]), spec.results)
    found = _siblings(spec, problem)
    return min(
        found,
        key=lambda each: (not each.can_become(spec), each.has_other_sources, -_size(each.folder)),
        default=None,
    )


def adopt(sibling: Sibling, spec: RunSpec) -> RunSpec:
    """Have an experiment become a run, which can go on with it then.

    Returns:
        What the run is: another one than was planned where the program was another.

    Raises:
        ExperimentLocked: If another process writes the experiment.
    """
    became = spec.going_on_from(sibling.config)
    become(sibling.folder, sibling.metadata, became)
    move(sibling.folder, became.folder)
    return became


def offer(sibling: Sibling, spec: RunSpec, how: str = "") -> str:
    """A line that names a sibling, what is different there, and how to go on with it.

    Args:
        sibling: The experiment.
        spec: The run that could go on with it.
        how: How, as the end of a sentence; by the command line unless given.
    """
    differs = [] if sibling.ends_like(spec) else ["another end"]
    names = _edited(sibling, spec) if sibling.has_other_sources else []
    if sibling.has_other_sources:
        differs.append(f"other sources ({', '.join(names) or 'edited while it ran'})")
    same = f"{sibling.folder} is the same experiment with {' and '.join(differs)}"
    if sibling.is_past:
        return f"{same}, and has gone further than this end. This one begins anew."
    if sibling.metadata["status"] == ExperimentStatus.RUNNING.value:
        return f"{same}, which runs now. This one begins anew."
    if not sibling.can_become(spec):
        back = f" To have that one count, put {' and '.join(names)} back as before." if names else ""
        return f"{same}, and is complete. This one begins anew.{back}"
    return f"{same}. To go on with that rather than begin anew, {how or f'type: {_command(sibling, spec)}'}"


def _edited(sibling: Sibling, spec: RunSpec) -> list[str]:
    """Names of what was edited: files of a program; parts of a function, or the function where they are not known."""
    names = different(sibling.config["sources"] or {}, spec.sources or {})
    before: Any = sibling.metadata.get(PARTS)
    now = spec.parts or {}
    if not names or not isinstance(before, Mapping):
        return names
    # One that is used only by one of them: by a part that was edited.
    return [name for name in different(before, now) if name in before and name in now] or names


def _command(sibling: Sibling, spec: RunSpec) -> str:
    words = ["python", "-m", "tunekit", "resume", str(sibling.folder), *_changes(sibling.config, spec)]
    return shlex.join([*words, *([ACCEPT_SOURCES] if sibling.has_other_sources else ())])


def _changes(config: Mapping[str, Any], spec: RunSpec) -> Iterator[str]:
    """The overrides that make the end of a recorded run that of another."""
    before, after = ends_of(config), ends_of(spec.results)
    for name in before:
        if name not in after:
            yield f"{STOPPING}.{name}=null"
    for name, options in after.items():
        if before.get(name) == options:
            continue
        values = {key: value for key, value in options.items() if key not in (DISTRIBUTION, REVISION)}
        clear = registry().clearest("stopping", f"{options[DISTRIBUTION]}/{name.rpartition('/')[2]}")
        if len(values) == 1:
            yield f"{STOPPING}.{clear}={_typed(next(iter(values.values())))}"
        elif not values:
            yield f"{STOPPING}.{clear}=true"
        else:
            yield from (f"{STOPPING}.{clear}.{key}={_typed(value)}" for key, value in values.items())


def _typed(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _siblings(spec: RunSpec, problem: Problem) -> Iterator[Sibling]:
    identity = identity_of(spec.results)
    beginning = spec.folder.name.removesuffix(spec.hash)
    for path in sorted(spec.folder.parent.glob(f"{beginning}*/{METADATA}")):
        folder = path.parent
        if not (folder / EVENTS).exists():
            continue
        try:
            metadata = read_metadata(folder)
            other = identity_of({key: value for key, value in metadata["config"].items() if key != "observers"})
        except NO_CONFIG:
            continue
        if metadata.get(BEGINS_ANEW):
            continue
        differing = {key for key in {**identity, **other} if identity.get(key) != other.get(key)}
        if other.get("format") == FILES_FORMAT and differing and differing <= MAY_DIFFER:
            with suppress(RecordError):  # one that is damaged cannot go on
                is_past = passed_end(folder, metadata["config"], spec, problem) is not None
                yield Sibling(folder, metadata, bool(differing - {STOPPING}), is_past)


def _size(folder: Path) -> int:
    return (folder / EVENTS).stat().st_size
