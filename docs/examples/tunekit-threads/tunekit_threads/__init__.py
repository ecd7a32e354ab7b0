"""Trials in threads of this process, for tunekit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunekit_core import hookimpl

if TYPE_CHECKING:
    from tunekit_core import Backend, Benchmark

API = 2


@hookimpl
def tunekit_register_backends() -> list[type[Backend]]:
    """The backend."""
    from tunekit_threads.threads import Threads

    return [Threads]


@hookimpl
def tunekit_register_benchmarks() -> list[type[Benchmark]]:
    """What it can run."""
    from tunekit_threads.zlib_benchmark import Zlib

    return [Zlib]


@hookimpl
def tunekit_config_packages() -> list[str]:
    """Their options."""
    return ["tunekit_threads.conf"]
