"""Recorded learning curves of a regression, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Benchmark

API = 2


@hookimpl
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """The recorded curves."""
    from tunekit_regression_curves.benchmark import RegressionCurves

    return [RegressionCurves]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Its options."""
    return ["tunekit_regression_curves.conf"]
