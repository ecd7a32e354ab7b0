"""By what an experiment that runs can be steered from the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from tunekit.config.specs.end_words import typed_ends
from tunekit.console import printable
from tunekit.results.repeated import value_text
from tunekit.runs.asking import can_get_another_end
from tunekit_core.number_text import format_number
from tunekit_core.space import SearchSpace
from tunekit_core.space.domain import as_lists


@attrs.frozen
class EndField:
    """An end that can be moved.

    Attributes:
        word: What is typed for it, such as ``stopping.max_cost``.
        value: Its value now.
        unit: Its unit; empty if it has none.
    """

    word: str
    value: str
    unit: str


@attrs.frozen
class TrialField:
    """A hyperparameter of a trial to try.

    Attributes:
        name: Its name.
        domain: What it may be.
        default: What it is unless typed.
    """

    name: str
    domain: str
    default: str


@attrs.frozen
class Controls:
    """What can be asked of an experiment.

    Attributes:
        is_held: Whether it is paused, so that it can be told to continue; else it can be paused.
        ends: What ends it at a number, and can be moved; ``None`` where its end is an argument of a call.
        hyperparameters: What there is to say of a trial.
    """

    is_held: bool
    ends: tuple[EndField, ...] | None
    hyperparameters: tuple[TrialField, ...]

    @classmethod
    def of(cls, metadata: Mapping[str, Any], space: SearchSpace) -> Controls:
        """What can be asked of an experiment that is not paused.

        Args:
            metadata: Its ``metadata.json``.
            space: What it searches.
        """
        ends = _ends(metadata["config"]) if can_get_another_end(metadata) else None
        domains = space.to_text()
        fields = [TrialField(name, printable(str(domains[name])), _default(space, name)) for name in space.searched]
        return cls(False, ends, tuple(fields))


def _ends(config: Mapping[str, Any]) -> tuple[EndField, ...]:
    numbers = {word: end for word, end in typed_ends(config).items() if _is_number(end[0])}
    return tuple(EndField(word, format_number(value), unit.strip()) for word, (value, unit) in numbers.items())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _default(space: SearchSpace, name: str) -> str:
    """The default of a hyperparameter, as it would be typed."""
    return printable(value_text(as_lists(space.default()[name])))
