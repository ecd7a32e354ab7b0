"""The table of what a method takes for which problem, as a recipe has it: its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tunekit_core.errors import ConfigurationError, suggestion

FITS = "fits"  # beside the name of a method
CONDITIONS = ("several_metrics", "no_max_resource", "no_checkpoints")  # of a problem, in a line of it


@attrs.frozen
class Fit:
    """What a method takes for some problems: a line of the table.

    Attributes:
        searcher: Name of the searcher.
        scheduler: Name of the scheduler.
        where: The condition, one of :data:`CONDITIONS`; ``None`` for all other problems.
        like: The recipe that takes these two for every problem, for people.
    """

    searcher: str
    scheduler: str
    where: str | None = None
    like: str | None = None


KEYS = tuple(field.name for field in attrs.fields(Fit))


def check_fits(method: Any) -> tuple[Fit, ...]:
    """The lines of the table of a method; none if it has no table.

    Raises:
        ConfigurationError: If it is no table; it names the line.
    """
    lines = method.get(FITS) if isinstance(method, Mapping) else None
    if lines is None:
        return ()
    if not isinstance(lines, list) or not lines:
        raise _refused(f"={lines!r} must be a list of mappings", lines)
    for number, line in enumerate(lines, 1):
        for problem in _problems(line, is_last=number == len(lines)):
            raise _refused(f", line {number} of {len(lines)}, {line!r}: {problem}", lines)
    return tuple(Fit(**line) for line in lines)


def _problems(line: Any, *, is_last: bool) -> Iterator[str]:
    """What is wrong with a line, each as a clause, which may end in a question."""
    if not isinstance(line, Mapping):
        yield "it is no mapping"
        return
    for key in line:
        if key not in KEYS:
            yield f"there is no key {key!r}. {suggestion(str(key), KEYS)}".rstrip(" .")
    for kind in ("searcher", "scheduler"):
        if not isinstance(line.get(kind), str):
            yield f"its {kind} must be a name"
    if line.get("where") not in (None, *CONDITIONS):
        yield f"there is no condition {line['where']!r}. {suggestion(str(line['where']), CONDITIONS)}".rstrip(" .")
    if not isinstance(line.get("like"), str | None):
        yield "its like must be the name of a recipe"
    if is_last and line.get("where") is not None:
        yield "the last line must have no condition, so that it is for all other problems"
    if not is_last and line.get("where") is None:
        yield "it has no condition, so that none of the lines behind it would count"


def _refused(problem: str, lines: Any) -> ConfigurationError:
    end = "" if problem.endswith("?") else "."
    return ConfigurationError(
        f"method.{FITS}{problem}{end} A line is such as {{where: no_max_resource, like: BO, searcher: bo, scheduler: "
        f"fifo}}. The conditions are: {', '.join(CONDITIONS)}. The last line has none: searcher and scheduler for all "
        "other problems, which are what the recipe itself chooses.",
        option=f"method.{FITS}",
        value=lines,
    )
