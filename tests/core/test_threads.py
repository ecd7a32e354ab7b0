"""Importing the core is cheap, and linear algebra runs on one thread."""

import os
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

from tunekit_core.builtin.fifo import Fifo
from tunekit_core.threads import THREAD_VARIABLES, single_threaded


def run(code, **environment):
    """What code prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["tunekit_core", "tunekit_core.builtin", "tunekit_core.records.load"])
def test_importing_the_core_loads_nothing_heavy(module):
    heavy = ["pandas", "scipy", "hydra", "omegaconf", "torch", "matplotlib", "boto3", "pytest", "rich", "sklearn"]
    assert run(f"import sys, {module}; print(sorted(set({heavy}) & set(sys.modules)))") == "[]"


def test_importing_the_core_loads_no_plugin():
    code = "import sys, tunekit_core; print([m for m in sys.modules if m.startswith('tunekit_') and '_core' not in m])"
    assert run(code) == "[]"


def test_importing_the_core_asks_for_one_thread_before_numpy_is_loaded_whatever_the_environment_says():
    code = (
        "import tunekit_core, os, numpy, threadpoolctl\n"
        f"print({{os.environ[name] for name in {THREAD_VARIABLES}}}, "
        "{info['num_threads'] for info in threadpoolctl.threadpool_info() if info['user_api'] == 'blas'})"
    )
    assert run(code, **dict.fromkeys(THREAD_VARIABLES, "4")) in ("{'1'} {1}", "{'1'} set()")


def threads():
    return {info["num_threads"] for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"}


@pytest.mark.skipif(not threads(), reason="this NumPy has no BLAS whose threads can be set")
def test_libraries_that_are_loaded_already_run_one_thread_for_a_while():
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpoolctl.threadpool_limits(2):
        before = threads()
        with single_threaded():
            assert threads() == {1}
        assert threads() == before
        with pytest.raises(ZeroDivisionError), single_threaded():
            raise ZeroDivisionError
        assert threads() == before


def test_torch_is_told_too_where_it_is_loaded_and_told_back_afterwards(monkeypatch):
    class Torch:
        threads = 3

        def get_num_threads(self):
            return self.threads

        def set_num_threads(self, threads):
            self.threads = threads

    torch = Torch()
    monkeypatch.setitem(sys.modules, "torch", torch)
    with single_threaded():
        assert torch.threads == 1
    assert torch.threads == 3
    with pytest.raises(ZeroDivisionError), single_threaded():
        raise ZeroDivisionError
    assert torch.threads == 3


def test_an_experiment_runs_on_one_thread(play):
    class Counts(Fifo):
        def suggest(self, trial_id):
            seen.append(threads())
            return None

    seen = []
    with threadpoolctl.threadpool_limits(2):
        play(lambda t, run: [0.5], scheduler=Counts)
    assert seen[0] <= {1}
