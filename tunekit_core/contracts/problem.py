"""What is to be solved, as every component sees it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from tunekit_core.contracts.objective import Objective
from tunekit_core.contracts.random_configurations import RandomConfigurations
from tunekit_core.errors import ConfigurationError, shown, suggestion
from tunekit_core.randomness import Streams
from tunekit_core.space import Configuration, ConfigurationTable, SearchSpace


def _as_tuple(points: Any) -> tuple[Any, ...]:
    return tuple(points) if isinstance(points, Iterable) else (points,)


def _check_is(value: object, expected: type, option: str) -> None:
    if not isinstance(value, expected):
        raise ConfigurationError(
            f"{option}={shown(value)} is no {expected.__name__}: give a tunekit_core.{expected.__name__}.",
            option=option,
            value=value,
        )


@attrs.frozen(kw_only=True)
class Problem:
    """A search space, an objective, and where the search may begin and go.

    Attributes:
        space: The hyperparameters and constants.
        objective: What is optimised.
        max_resource: The last resource of a trial, such as 100 epochs; ``None`` if a trial has no known end.
        points_to_evaluate: The configurations of the first trials, each complete. Trial 0 is the default
            configuration unless this says otherwise; an empty tuple starts with random ones.
        rows: The only allowed configurations, or ``None`` for all of the space.
        metrics: Names of what a report carries, where that is known before anything runs.
        constraint: Name of a reported metric that must be at most 0; ``None`` if any report will do.

    Raises:
        ConfigurationError: If the constraint or a metric of the objective is not among ``metrics``, a point is not in
            the space, ``max_resource`` is no whole number from 1 on, or space or objective are none.
    """

    space: SearchSpace
    objective: Objective
    max_resource: int | None = None
    points_to_evaluate: tuple[Configuration, ...] = attrs.field(converter=_as_tuple)
    rows: ConfigurationTable | None = None
    metrics: frozenset[str] | None = None
    constraint: str | None = None

    @points_to_evaluate.default
    def _default_configuration(self) -> tuple[Configuration, ...]:
        _check_is(self.space, SearchSpace, "space")
        return (self.space.default(),)

    def __attrs_post_init__(self) -> None:
        _check_is(self.space, SearchSpace, "space")
        _check_is(self.objective, Objective, "objective")
        maximum = self.max_resource
        if maximum is not None and (not isinstance(maximum, int) or isinstance(maximum, bool) or maximum < 1):
            raise ConfigurationError(
                f"max_resource={maximum!r} must be a whole number, at least 1; None where trials have no known end.",
                option="max_resource",
                value=maximum,
            )
        for name in self.objective.metric:
            self.check_metric(name, option="metric")
        if self.constraint is not None:
            self.check_metric(self.constraint, option="constraint")
        for point in self.points_to_evaluate:
            if not isinstance(point, Mapping):
                raise ConfigurationError(
                    f"points_to_evaluate holds {point!r}, which is no configuration: give a list of mappings from "
                    "names to values.",
                    option="points_to_evaluate",
                    value=point,
                )
        points = [self.space.complete(point) for point in self.points_to_evaluate]
        if self.rows is not None:
            points = [point for point in points if self.rows.index_of(point) is not None]
        distinct = {self.space.key(point): point for point in points}
        object.__setattr__(self, "points_to_evaluate", tuple(distinct.values()))

    def random_configurations(self, streams: Streams) -> RandomConfigurations:
        """The random configurations that every method shares: with equal seeds, trial t gets the same one.

        Random search proposes them, and model-based searchers begin with them, so that comparisons are paired.

        Args:
            streams: Any streams of the experiment: the seed alone decides, whatever component they belong to.

        Returns:
            An object whose ``propose(trial_id, taken)`` gives the configuration of a trial: one of
            ``points_to_evaluate``, then those that are drawn uniformly. ``taken`` holds the keys (``space.key``) of
            configurations that must not be proposed, such as a set; ``None`` says that no other is left.
        """
        return RandomConfigurations(self, streams)

    def is_feasible(self, metrics: Mapping[str, Any]) -> bool:
        """Whether a report meets the constraint: one that lacks it, or where it is no finite number, does not."""
        if self.constraint is None:
            return True
        try:
            return bool(-math.inf < metrics[self.constraint] <= 0)
        except (KeyError, TypeError):
            return False

    def check_metric(self, name: str, *, option: str) -> None:
        """Refuse the name of a metric that reports are known not to carry.

        Args:
            name: The metric.
            option: The option that named it, for the message.

        Raises:
            ConfigurationError: If ``metrics`` is known and lacks the name.
        """
        if self.metrics is not None and name not in self.metrics:
            raise ConfigurationError(
                f"{option}={name}: no report carries the metric '{name}'. {suggestion(name, self.metrics)}"
                f"Reported are: {', '.join(sorted(self.metrics))}.",
                option=option,
                value=name,
            )
