"""Nothing depends on the order of hashes, which another process has otherwise: the test runs in two others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RESULT = "TUNEKIT_TEST_HASH_ORDER"  # where a process that runs the test for another leaves its result
SEEDS = ("1", "2")


def check_hash_order(run: Callable[[Path], bytes], folder: Path, request: pytest.FixtureRequest) -> None:
    """See that what is run gives the same bytes in processes with other seeds of hashes.

    Each runs the test that calls this once more, with the fixtures that it has, but for those of plugins of pytest,
    which take longer to load than the test takes.

    Args:
        run: What is run, in a folder of its own.
        folder: For files.
        request: Of the test.

    Raises:
        AssertionError: If the bytes differ.
    """
    own = run(folder / "run")
    if RESULT in os.environ:
        Path(os.environ[RESULT]).write_bytes(own)
        return
    node, config = request.node, request.config
    name = "::".join([str(node.path), *node.nodeid.split("::")[1:]])
    mode = config.option.importmode
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        f"--import-mode={mode}",
        "--assert=plain",  # nobody reads what fails there, and rewriting takes its time
        name,
    ]
    processes, results = [], [folder / f"seed_{seed}" for seed in SEEDS]
    for seed, result in zip(SEEDS, results, strict=True):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", RESULT: str(result)}
        environment.pop("PYTEST_ADDOPTS", None)
        processes.append(
            subprocess.Popen(
                command,
                cwd=config.invocation_params.dir,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process, result in zip(processes, results, strict=True):
        output, _ = process.communicate()
        assert result.exists(), f"The test could not be run in another process:\n{output}"
        assert result.read_bytes() == own, (
            "Nothing depends on the order of hashes: with another PYTHONHASHSEED the experiment is another. Sort what "
            "comes from a set before you go through it."
        )
