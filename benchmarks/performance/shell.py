"""Seconds of whole processes, as a user waits for them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time


def run_seconds(*arguments: str) -> float:
    """Real seconds of `python -m tunekit …`, results written to a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        return process_seconds("-m", "tunekit", *arguments, f"results_dir={folder}")


def sweep_seconds(*overrides: str) -> float:
    """Real seconds of `python -m tunekit … --multirun`, likewise."""
    return run_seconds(*overrides, "--multirun")


def process_seconds(*arguments: str) -> float:
    """Real seconds of a Python process with these arguments."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began
