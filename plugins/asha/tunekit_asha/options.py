"""The options of the schedulers over rungs."""

from __future__ import annotations

import math
from typing import Literal

import attrs

from tunekit_core import InvalidOption, option

Ties = Literal["arrival", "all"]


@attrs.frozen(kw_only=True)
class LevelOptions:
    """The levels above the lowest, how ties are broken, what the searcher sees: what all schedulers over rungs have."""

    reduction_factor: float | None = option(
        None,
        help="Levels grow by this factor. 3 unless ``rung_increment`` or ``rung_levels`` is given; at most one of the "
        "three may be. More levels mean more decisions, and with a searcher that fits a model more time for computing.",
        at_least=2,
        below=math.inf,
    )
    rung_increment: int | None = option(None, help="Levels grow by this amount instead.", at_least=1)
    rung_levels: tuple[int, ...] | None = option(
        None, help="The levels themselves instead, increasing, such as [1,5,20]; ``max_resource`` may be left out."
    )
    searcher_data: Literal["rungs", "all"] = option(
        "rungs",
        help="Which reports the searcher sees: those at rung levels, or all. A model of all learns a little more and "
        "takes far longer.",
    )
    ties: Ties = option(
        "arrival",
        help="Which trials go on where more of them have the same loss than may: as many as may, in the order in which "
        "they came (arrival), or all of them (all), so that a metric which does not change stops hardly any.",
    )

    def __attrs_post_init__(self) -> None:
        rules = ("reduction_factor", "rung_increment", "rung_levels")
        given = [name for name in rules if getattr(self, name) is not None]
        if len(given) > 1:
            *others, last = given
            raise InvalidOption(
                last,
                getattr(self, last),
                f"contradicts {' and '.join(others)}: each of them sets all rung levels. Give one of them",
            )


@attrs.frozen(kw_only=True)
class AshaOptions(LevelOptions):
    """Where trials are compared, and how they spread over brackets."""

    min_resource: int = option(
        1, help="The lowest rung level, in the unit in which trials report, usually epochs.", at_least=1
    )
    brackets: int | Literal["all"] = option(
        1,
        help="Number of brackets; the first begins at the lowest level, each other one level higher. At most one per "
        "level, ``max_resource`` included, which is what 'all' is.",
        at_least=1,
    )
    rung_system_per_bracket: bool = option(False, help="Whether trials are compared within their bracket only.")


@attrs.frozen(kw_only=True)
class FreezeThawOptions(LevelOptions):
    """Where trials pause, and how often successive halving decides which of them goes on."""

    min_resource: int | None = option(
        None,
        help="The lowest rung level, in the unit in which trials report, usually epochs. Unless it is given, an 18th "
        "of ``max_resource``, so that the levels above are about a sixth and half of it. A higher one spares the model "
        "early losses that mislead it; a lower one makes bad trials cheaper.",
        at_least=1,
    )
    probability_sh: float = option(
        0.0,
        help="How probable it is that a free worker promotes as asha_promotion would, where a trial can be promoted, "
        "before the searcher is asked. 0 leaves every choice to the searcher.",
        at_least=0,
        at_most=1,
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.ties != "arrival" and self.probability_sh == 0:
            raise InvalidOption(
                "ties",
                self.ties,
                "has no effect with probability_sh=0, where no trial goes on by rank: leave it out, or raise "
                "probability_sh",
            )


_USED_BY = {  # options of PASHA, and the criteria with which they have an effect
    "epsilon": ("soft_ranking",),
    "epsilon_scaling": ("soft_ranking_std", "soft_ranking_mean_dst", "soft_ranking_median_dst"),
    "threshold": ("rbo", "rrr", "arrr"),
    "place_weight": ("rbo", "rrr", "arrr"),
}


@attrs.frozen(kw_only=True)
class PashaOptions(LevelOptions):
    """Where trials are compared, and when their order counts as the same."""

    min_resource: int = option(
        1, help="The lowest rung level, in the unit in which trials report, usually epochs.", at_least=1
    )
    ranking_criterion: Literal[
        "soft_ranking_auto",
        "soft_ranking",
        "soft_ranking_std",
        "soft_ranking_mean_dst",
        "soft_ranking_median_dst",
        "rbo",
        "rrr",
        "arrr",
    ] = option(
        "soft_ranking_auto",
        help="How the orders of trials on the two rungs are compared. By places, where trials that differ by no more "
        "than epsilon count as equal: epsilon is found from the noise of learning curves (soft_ranking_auto); given as "
        "``epsilon`` (soft_ranking); or, of the losses on the lower of the two rungs, the standard deviation, the mean "
        "or the median distance, times ``epsilon_scaling``. Or as a whole, by ``threshold`` and ``place_weight``: what "
        "the first trials of both have in common (rbo, rank-biased overlap); how much worse trials are on the upper "
        "rung in the order of the lower one (rrr, reciprocal rank regret), or how much worse or better (arrr).",
    )
    epsilon: float | None = option(
        None,
        help="In the unit of the metric; for soft_ranking alone, which needs it. With 0 the order itself must be the "
        "same.",
        at_least=0,
        below=math.inf,
    )
    epsilon_scaling: float | None = option(
        None,
        help="Factor, 1 unless it is given; for soft_ranking_std, soft_ranking_mean_dst and soft_ranking_median_dst.",
        above=0,
        below=math.inf,
    )
    threshold: float | None = option(
        None,
        help="For rbo, rrr and arrr: the order counts as changed where the overlap, from 0 to 1 for equal orders, is "
        "below it (rbo; 0.5 unless it is given), or the regret, a share of the losses, above it (rrr and arrr; 0.05 "
        "unless it is given).",
        at_least=0,
        below=math.inf,
    )
    place_weight: float | None = option(
        None,
        help="For rbo, rrr and arrr: how much each place of the order counts, times the one before it; 0.5 unless it "
        "is given. With 1 all count the same, and what happens among the best is lost among many others.",
        above=0,
        at_most=1,
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        criterion = self.ranking_criterion
        if criterion == "soft_ranking" and self.epsilon is None:
            raise InvalidOption(
                "epsilon",
                None,
                "must be given with ranking_criterion=soft_ranking: a difference of the metric, such as 0.025 of an "
                "accuracy. Or use ranking_criterion=soft_ranking_auto, which finds it",
            )
        for name, criteria in _USED_BY.items():
            value = getattr(self, name)
            if value is not None and criterion not in criteria:
                raise InvalidOption(
                    name,
                    value,
                    f"has no effect with ranking_criterion={criterion}: leave it out, or use ranking_criterion="
                    + " or ".join(", ".join(criteria).rsplit(", ", 1)),
                )
        if criterion == "rbo" and self.threshold is not None and self.threshold > 1:
            raise InvalidOption(
                "threshold",
                self.threshold,
                "must be at most 1 with ranking_criterion=rbo: equal orders have an overlap of 1",
            )
