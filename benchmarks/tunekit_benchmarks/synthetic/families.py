"""The families of ``synthetic``: what a problem is like apart from where its optimum lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import attrs
from attrs import validators as v

_NUMBER = v.instance_of((int, float))


@attrs.frozen(kw_only=True)
class Family:
    """What the problems of a family have in common.

    Attributes:
        dimensions: Number of hyperparameters, ``x1`` to ``xd``.
        mixed: Whether they are uniform, log-uniform, whole numbers, unordered and ordered categories in turn; all are
            uniform on [0, 1] otherwise.
        share: Share of the configurations that ever leave chance level, those with the best end values. With 1 there
            is no chance level.
        leaves_at: Fraction of the epochs after which they leave it.
        correlation: Spearman's rank correlation over random configurations of what is seen first with the end.
        noise: Standard deviation of the error of every report, in units of the standard deviation of the best tenth of
            the configurations at the end.
        chance_noise: Standard deviation of the loss of a configuration that is at chance level. Losses at chance level
            differ a little in practice; with 0, and no noise, all are equal.
        failing: Whether the script dies where ``x1`` is above 0.5, after its first report. The loss falls all the way
            towards ``x1 = 0.5``, on which it depends most.
        diverging: Share of the configurations that diverge, below a half: those beyond a straight edge in the two
            hyperparameters that matter most, which passes close to the optimum. The further beyond, the earlier, from
            the second epoch to the ninth.
        diverged_loss: What they report from then on.

    Raises:
        TypeError, ValueError: If a value is of another type or out of range.
    """

    dimensions: int = attrs.field(default=6, validator=[v.instance_of(int), v.ge(1), v.le(1000)])
    mixed: bool = attrs.field(default=False, validator=v.instance_of(bool))
    share: float = attrs.field(default=1.0, validator=[_NUMBER, v.gt(0.0), v.le(1.0)])
    leaves_at: float = attrs.field(default=0.0, validator=[_NUMBER, v.ge(0.0), v.lt(1.0)])
    correlation: float = attrs.field(default=1.0, validator=[_NUMBER, v.gt(-1.0), v.le(1.0)])
    noise: float = attrs.field(default=0.0, validator=[_NUMBER, v.ge(0.0), v.lt(math.inf)])
    chance_noise: float = attrs.field(default=0.01, validator=[_NUMBER, v.ge(0.0), v.lt(math.inf)])
    failing: bool = attrs.field(default=False, validator=v.instance_of(bool))
    diverging: float = attrs.field(default=0.0, validator=[_NUMBER, v.ge(0.0), v.lt(0.5)])
    diverged_loss: float = attrs.field(default=math.nan, validator=v.instance_of(float))


PRESETS: Mapping[str, Family] = MappingProxyType(
    {
        "plain": Family(),
        "needles-1-early": Family(share=0.01, leaves_at=0.1),
        "needles-2-late": Family(share=0.02, leaves_at=0.35),
        "needles-4-late": Family(share=0.04, leaves_at=0.35),
        "needles-2-noisy": Family(share=0.02, leaves_at=0.35, noise=1.0),
        "misleading-opposite": Family(correlation=-0.5),
        "misleading-unrelated": Family(correlation=0.0),
        "misleading-half": Family(correlation=0.5),
        "noise-low": Family(noise=0.1),
        "noise-equal": Family(noise=1.0),
        "noise-high": Family(noise=2.0),
        "plateau": Family(share=0.3),
        "tied": Family(share=0.2, chance_noise=0.0),
        "failing": Family(failing=True),
        "diverging-nan": Family(diverging=0.3, diverged_loss=math.nan),
        "diverging-1e15": Family(diverging=0.3, diverged_loss=1e15),
        "diverging-1e30": Family(diverging=0.3, diverged_loss=1e30),
        "diverging-3e38": Family(diverging=0.3, diverged_loss=3e38),
        "width-1": Family(dimensions=1),
        "width-2": Family(dimensions=2),
        "width-8": Family(dimensions=8),
        "width-40": Family(dimensions=40),
        "mixed": Family(mixed=True),
    }
)
"""The families that have names."""
