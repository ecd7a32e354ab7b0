"""Tuning problems for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Benchmark

API = 2


@hookimpl
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """The tabulated networks, trainings in seconds, problems by formula, and scripts of the user."""
    from tunekit_benchmarks.checkpoint_example.benchmark import CheckpointExampleBenchmark
    from tunekit_benchmarks.fcnet.benchmark import FcnetBenchmark
    from tunekit_benchmarks.height.benchmark import HeightBenchmark
    from tunekit_benchmarks.mlp_digits.benchmark import MlpDigitsBenchmark
    from tunekit_benchmarks.script.benchmark import ScriptBenchmark
    from tunekit_benchmarks.synthetic.benchmark import SyntheticBenchmark

    return [
        CheckpointExampleBenchmark,
        FcnetBenchmark,
        HeightBenchmark,
        MlpDigitsBenchmark,
        ScriptBenchmark,
        SyntheticBenchmark,
    ]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Options of the benchmarks."""
    return ["tunekit_benchmarks.conf"]
