"""What came of an experiment as a few lines of text, for where it is a value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunekit.config.specs.fitting import CHOICE
from tunekit.config.specs.recipe import told
from tunekit.console import first_and_last_line, harmless, plural
from tunekit.results.best_so_far import metric_and_constraint
from tunekit.results.counts import none_to_its_end, trials_and_failures
from tunekit.results.recommended import line_of_recommendation
from tunekit.results.summary import value_and_place, why_there_is_no_best
from tunekit_core.contracts.status import ExperimentStatus
from tunekit_core.number_text import format_fixed, format_number


def answer(folder: Path, metadata: Mapping[str, Any]) -> str:
    """The best value and its configuration, how many trials there were, why it ended, and where it lies.

    Args:
        folder: Of the experiment.
        metadata: What there is to say of it, as :func:`~tunekit_core.load_experiment` gives it.
    """
    lines = [told(metadata["method"], metadata[CHOICE])] if CHOICE in metadata else []
    incumbent = metadata.get("incumbent")
    if incumbent is not None:
        so_far = "" if metadata["status"] == ExperimentStatus.COMPLETED.value else " so far"
        lines.append(f"Best {metric_and_constraint(metadata)}{so_far}: {value_and_place(metadata)}")
        width = max(map(len, incumbent["configuration"]))
        lines += [f"  {name:{width}}  {format_number(value)}" for name, value in incumbent["configuration"].items()]
        lines += filter(None, [line_of_recommendation(metadata)])
    elif "n_reports" in metadata:
        lines.append(f"There is no best: {why_there_is_no_best(metadata)}.")
    if "n_reports" in metadata:
        took = f"{plural(metadata['n_reports'], 'report')} in {format_fixed(metadata['time'], 0)} s"
        lines.append(f"{trials_and_failures(metadata)}, {took}.")
    if waiting := none_to_its_end(metadata):
        lines.append(waiting)
    for failure in metadata.get("failures", [])[:1]:
        lines.append(f"Trial {failure['trial_id']} failed: {' … '.join(first_and_last_line(failure['reason']))}")
    reason = f": {metadata['reason']}" if "reason" in metadata else ""
    lines.append(f"{metadata['status'].capitalize()}{reason}.")
    lines.append(f"Results: {folder}")
    return harmless("\n".join(lines))
