"""What is optimised. Metrics become "lower is better" here, once, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, isfinite
from typing import Any

import attrs

from tunekit_core.errors import ConfigurationError, shown

MODES = ("min", "max")
EXAMPLES = {"metric": "loss", "resource": "epoch"}


def _as_tuple(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)


@attrs.frozen
class Objective:
    """One metric or several, and the resource at which trials report them.

    Attributes:
        metric: Names of the reported metrics to optimise. A single name may be given as a string.
        mode: ``"min"`` or ``"max"`` for each metric. A single mode holds for all of them.
        resource: Name of the reported resource, such as ``"epoch"``: whole numbers that grow within a trial.
            ``None`` counts the reports of a trial, from 1.

    Raises:
        ConfigurationError: If a name is no text, a mode is unknown or their number does not match the metrics.
    """

    metric: tuple[str, ...] = attrs.field(converter=_as_tuple)
    mode: tuple[str, ...] = attrs.field(default=("min",), converter=_as_tuple)
    resource: str | None = None

    def __attrs_post_init__(self) -> None:
        for option, names in (("metric", self.metric), ("resource", () if self.resource is None else (self.resource,))):
            for name in names:
                if not isinstance(name, str):
                    raise ConfigurationError(
                        f"{option}={shown(name)} is no name: give text, such as {option}='{EXAMPLES[option]}'.",
                        option=option,
                        value=name,
                    )
        if not self.metric or len(set(self.metric)) != len(self.metric):
            raise ConfigurationError(f"metric={list(self.metric)} must name at least one metric, each once.")
        if len(self.mode) == 1:
            object.__setattr__(self, "mode", self.mode * len(self.metric))
        for mode in self.mode:
            if mode not in MODES:
                raise ConfigurationError(
                    f"mode={shown(mode)} is not known. Use 'min' where lower is better, 'max' where higher is.",
                    option="mode",
                    value=mode,
                )
        if len(self.mode) != len(self.metric):
            raise ConfigurationError(
                f"metric={list(self.metric)} and mode={list(self.mode)} differ in length. Give one mode, or one per "
                "metric."
            )

    @property
    def needed(self) -> tuple[str, ...]:
        """What a report needs to be used: the metrics, and the resource if one is named."""
        return self.metric if self.resource is None else (*self.metric, self.resource)

    def losses(self, metrics: Mapping[str, Any]) -> tuple[float, ...]:
        """The metrics as losses: lower is better, and what is not finite counts as worst (infinity).

        Args:
            metrics: The metrics of one report, as they came.

        Raises:
            KeyError: If a metric of this objective was not reported.
            TypeError: If it is no number.
        """
        if len(self.metric) == 1:  # as it is most of the time
            return (_loss(metrics[self.metric[0]], self.mode[0]),)
        return tuple([_loss(metrics[name], mode) for name, mode in zip(self.metric, self.mode, strict=True)])

    def metric_value(self, loss: float, index: int = 0) -> float:
        """The first metric (or the one at ``index``) as reported, from its loss."""
        return loss if self.mode[index] == "min" else -loss


def _loss(value: float, mode: str) -> float:
    if not isfinite(value):  # refuses text, which float() would read
        return inf
    return float(value) if mode == "min" else -float(value)
