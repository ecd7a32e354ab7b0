"""The application, ``python -m tunekit``, and what training scripts and notebooks import from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunekit.reporter import Reporter

if TYPE_CHECKING:
    from tunekit.functions.tuning import tune
    from tunekit.pages.report_page import write_report
    from tunekit.studies.collection import load_experiments
    from tunekit.studies.comparison import compare

__all__ = ["Reporter", "compare", "load_experiments", "tune", "write_report"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the rest when it is asked for: training scripts, which import the reporter, do not wait for it."""
    if name == "tune":
        from tunekit.functions.tuning import tune

        return tune
    if name == "load_experiments":
        from tunekit.studies.collection import load_experiments

        return load_experiments
    if name == "compare":
        from tunekit.studies.comparison import compare

        return compare
    if name == "write_report":
        from tunekit.pages.report_page import write_report

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
