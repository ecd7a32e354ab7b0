"""A complete sweep in a folder where nothing may be written is read, and the answer printed."""

import ctypes
import os
import subprocess
import sys

import pytest

from tests.app.conftest import SHORT

SWEEP = ("--multirun", "method=RS,ASHA", "seed=range(2)", SHORT, "hydra.sweeper.n_jobs=1")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # of Linux


def give_up_what_makes_root_root() -> None:
    """Root may write where the mode of a folder forbids it; without these capabilities what it starts may not."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "a capability cannot be given up")


def as_one_who_may_not_write(*arguments, results, program=("-m", "tunekit")):
    environment = {**os.environ, "TUNEKIT_RESULTS": str(results)}
    preparation = give_up_what_makes_root_root if os.geteuid() == 0 else None
    probe = [sys.executable, "-c", "import os, sys; sys.exit(os.access(sys.argv[1], os.W_OK))", str(results)]
    try:
        may_write = subprocess.run(probe, preexec_fn=preparation, check=False).returncode
    except subprocess.SubprocessError:
        may_write = True
    if may_write:
        pytest.skip("this user may write everywhere and cannot give that up")
    command = [sys.executable, *program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=preparation, check=False)


@pytest.fixture
def close():
    """Takes away who may write in a folder; it is given back, or pytest could not remove it."""
    closed = []

    def take_away(folder):
        closed.extend(path for path in (folder, *folder.rglob("*")) if path.is_dir())
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)

    yield take_away
    for path in closed:
        path.chmod(0o755)


@pytest.mark.parametrize("is_drawn", [True, False])
def test_a_complete_sweep_of_another_user_is_read_with_status_0(tunekit, results, close, is_drawn):
    answer = tunekit(*SWEEP).out
    if not is_drawn:
        for path in (
            *results.root.glob("default/*.p*"),
            results.root / "default/index.csv",
            *results.root.rglob(".*lock"),
        ):
            path.unlink()
    close(results.root)
    before = {path: path.read_bytes() for path in results.root.rglob("*") if path.is_file()}
    read = as_one_who_may_not_write(*SWEEP, results=results.root)
    assert read.returncode == 0, read.stderr
    table = answer.partition("Figure: ")[0]
    assert read.stdout == (answer if is_drawn else table)
    assert ("The runs are kept, but the figure could not be written: " in read.stderr) is not is_drawn
    assert ("The runs are kept, but the index could not be written: " in read.stderr) is not is_drawn
    assert {path: path.read_bytes() for path in results.root.rglob("*") if path.is_file()} == before


def test_a_complete_run_of_another_user_is_found(tunekit, results, close):
    tunekit("method=RS", SHORT)
    close(results.root)
    read = as_one_who_may_not_write("method=RS", SHORT, results=results.root)
    assert read.returncode == 0, read.stderr
    assert "found complete" in read.stdout


FUNCTION = """
import tunekit
from tunekit_core import uniform

def loss(x):
    return (x - 0.3) ** 2

if __name__ == "__main__":
    overrides = ["stopping.max_num_trials_finished=3", "seed=0"]
    print(tunekit.tune(loss, {"x": uniform(0, 1)}, method="RS", overrides=overrides).best_value)
"""


def test_a_complete_experiment_of_a_function_is_found_where_nothing_may_be_written(results, close, tmp_path):
    program = tmp_path / "function.py"
    program.write_text(FUNCTION)
    environment = {**os.environ, "TUNEKIT_RESULTS": str(results.root)}
    first = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, env=environment, check=True)
    for lock in results.root.rglob(".lock"):
        lock.unlink()
    close(results.root)
    read = as_one_who_may_not_write(results=results.root, program=(str(program),))
    assert read.returncode == 0, read.stderr
    assert (read.stdout, read.stderr[:14]) == (first.stdout, "Found complete")
