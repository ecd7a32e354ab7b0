"""What is said of the trial that a searcher recommends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit_core.json_text import as_json
from tunekit_core.number_text import format_number


def line_of_recommendation(metadata: Mapping[str, Any]) -> str:
    """That another trial than the one with the best report is recommended, and its configuration; empty if none is.

    Args:
        metadata: What there is to say of an experiment, as :func:`~tunekit_core.load_experiment` gives it.
    """
    incumbent, recommended = metadata.get("incumbent"), metadata.get("recommended")
    if incumbent is None or recommended is None or incumbent["trial_id"] == recommended["trial_id"]:
        return ""
    value = format_number(next(iter(incumbent["metrics"].values())))
    place = f"{value} at {metadata['resource'] or 'report'} {incumbent['resource']}"
    return (
        f"By the model's mean, trial {recommended['trial_id']} is recommended rather than trial "
        f"{incumbent['trial_id']}, whose {place} may be luck: {as_json(recommended['configuration'])}"
    )
