"""Tuning problems for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from tunekit_core.contracts.benchmarks import Benchmark


@hookimpl
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """The tabulated networks, trainings in seconds, and scripts of the user."""
    from tunekit_benchmarks.checkpoint_example.benchmark import CheckpointExample
    from tunekit_benchmarks.fcnet.benchmark import Fcnet
    from tunekit_benchmarks.height.benchmark import Height
    from tunekit_benchmarks.mlp_digits.benchmark import MlpDigits
    from tunekit_benchmarks.script.benchmark import OwnScript

    return [CheckpointExample, Fcnet, Height, MlpDigits, OwnScript]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the benchmarks."""
    return ["tunekit_benchmarks.conf"]
