"""What trials cost, in dollars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit_core import COST_ATTRIBUTE
from tunekit_sagemaker.aws.prices import SECONDS_PER_HOUR, PriceList
from tunekit_sagemaker.jobs.statuses import JobEnd

TIME = "st_worker_time"  # seconds since the script has made its Reporter


class Costs:
    """What runs of trials cost.

    Args:
        prices: What instances cost.
    """

    def __init__(self, prices: PriceList) -> None:
        self._prices = prices

    def of_run(self, end: JobEnd | None) -> float | None:
        """What a run has cost: its billable time holds the discount of spot instances already.

        Returns:
            ``None`` if that is not known; 0 if it never had an instance.
        """
        if end is None or end.billable_seconds is None:
            return 0.0
        price = self._prices.of(end.instance_type)
        return None if price is None else end.billable_seconds * end.instance_count * price / SECONDS_PER_HOUR

    def so_far(
        self, metrics: Mapping[str, Any], instance_type: str, count: int, before: float | None
    ) -> dict[str, float]:
        """The column of a report with what its trial has cost until then, unless it has one or that is not known.

        Args:
            metrics: What was reported.
            instance_type: On what it runs.
            count: On how many of them.
            before: What the runs before have cost.
        """
        price, seconds = self._prices.of(instance_type), metrics.get(TIME)
        if COST_ATTRIBUTE in metrics or None in (price, before) or not isinstance(seconds, int | float):
            return {}
        assert price is not None
        assert before is not None
        return {COST_ATTRIBUTE: before + seconds * count * price / SECONDS_PER_HOUR}
