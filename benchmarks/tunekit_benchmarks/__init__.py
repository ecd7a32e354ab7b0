"""Tuning problems for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from tunekit_core.benchmarks import Benchmark


@hookimpl
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """The tabulated networks."""
    from tunekit_benchmarks.fcnet.benchmark import Fcnet

    return [Fcnet]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the benchmarks."""
    return ["tunekit_benchmarks.conf"]
