"""What importing a package brings with it: start-up time is other people's time."""

from __future__ import annotations

import subprocess
import sys

import pytest


def imported_with(module: str) -> set[str]:
    """The top-level packages that a fresh process has loaded after importing a module."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


HEAVY = {"boto3", "botorch", "hydra", "matplotlib", "omegaconf", "pandas", "rich", "scipy", "tensorboardX", "torch"}


@pytest.mark.parametrize(
    "module",
    [
        "tunekit_core",
        "tunekit_asha",
        "tunekit_benchmarks",
        "tunekit_bo",
        "tunekit_local",
        "tunekit_sagemaker",
        "tunekit_simulator",
        "tunekit_tensorboard",
        "tunekit_trackers",
    ],
)
def test_neither_the_core_nor_a_plugin_brings_anything_heavy(module):
    assert imported_with(module) & HEAVY == set()


def test_the_application_alone_brings_the_standard_library_only():
    assert imported_with("tunekit") & {*HEAVY, "attrs", "numpy", "pluggy", "tunekit_core"} == set()


def test_looking_up_a_searcher_loads_no_part_of_scipy():
    """`import scipy` is cheap and loads a part when it is used first: half of what a run of ASHA would wait for."""
    program = (
        "import sys; from tunekit_core.plugins.registry import registry; registry().components; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert {"scipy.linalg", "scipy.optimize", "scipy.spatial", "scipy.special"} & set(done.stdout.split()) == set()


def test_listing_the_components_brings_nothing_heavy():
    program = (
        "import sys; from tunekit_core.plugins.registry import registry; registry().components; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    heavy = {"boto3", "botocore", "botorch", "hydra", "matplotlib", "pandas", "tensorboardX", "torch"}
    assert heavy & set(done.stdout.split()) == set()


def test_a_run_on_this_machine_brings_nothing_of_the_cloud(tmp_path):
    program = """
import sys
from tunekit.cli.main import main
options = "backend=local benchmark=checkpoint_example n_workers=1 stopping.max_num_trials_started=1"
status = main(["+method=RS", *options.split()])
print(status, *({"boto3", "botocore", "flask", "moto", "s3transfer", "sagemaker"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0"
