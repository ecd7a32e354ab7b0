"""Ctrl-C at any moment, from the first import on, gives status 130 and a line, never a traceback."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

IMPORTS = """
import os, runpy, signal, sys
wanted = sys.argv[1]

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            {how}

signal.signal(signal.SIGINT, signal.{before})
sys.meta_path.insert(0, Interrupts())
sys.argv[:2] = ["__main__.py"]
runpy.run_module("tunekit", run_name="__main__", alter_sys=True)
"""
KILL = "os.kill(os.getpid(), signal.SIGINT)"
HOW = {
    "plain": KILL,
    "in generated code": f"exec('{KILL}')",
    "swallowed": f"\n            try: {KILL}\n            except BaseException: pass",
    "made another error": f"\n            try: {KILL}\n            finally: 1 / 0",
}


def interrupted_at(module, how, *arguments, before="default_int_handler"):
    """Run the command, which is interrupted where it imports a module."""
    code = IMPORTS.format(how=HOW[how], before=before)
    return subprocess.run([sys.executable, "-c", code, module, *arguments], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("tunekit.cli.main", "plain"),
        ("rich.console", "swallowed"),
        ("tunekit_core.plugins.registry", "in generated code"),
        ("tunekit_core.builtin", "made another error"),
        ("hydra", "swallowed"),
        ("tunekit.cli.run", "in generated code"),
        ("tunekit_simulator.backend", "made another error"),
    ],
)
def test_an_interruption_before_anything_runs_is_a_line_and_status_130(results, module, how):
    finished = interrupted_at(module, how, "searcher=random", "benchmark=fcnet")
    again = "Interrupted. To go on, type: python -m tunekit searcher=random benchmark=fcnet\n"
    assert (finished.returncode, finished.stdout, finished.stderr) == (130, "", again)
    assert not results.root.exists()


def test_where_interruptions_are_ignored_they_still_are(results):
    finished = interrupted_at("rich.console", "plain", "plugins", before="SIG_IGN")
    assert (finished.returncode, finished.stderr) == (0, "")


SLOW_TO_IMPORT = textwrap.dedent("""
    import os
    import time
    from tunekit_core.builtin.random_search import RandomSearch

    class Mine(RandomSearch):
        name = "mine"

    @hookimpl
    def tunekit_register_searchers():
        return [Mine]

    with open(os.environ["IMPORTED"], "a") as log:
        log.write("x")
    if os.path.getsize(os.environ["IMPORTED"]) == int(os.environ["SLOW_AT"]):
        time.sleep(2)
""")


@pytest.mark.parametrize("slow_at", [1, 2], ids=["in the command", "in the server of its workers"])
def test_an_interruption_while_a_plugin_is_imported_is_a_line_and_status_130(site, start, results, tmp_path, slow_at):
    site.add("tunekit-slow-to-import", SLOW_TO_IMPORT)
    log = tmp_path / "imported"
    process = start(
        *("searcher=mine", "benchmark=fcnet", "--multirun", "seed=range(2)", "hydra.sweeper.n_jobs=2"),
        PYTHONPATH=str(site.path),
        IMPORTED=str(log),
        SLOW_AT=str(slow_at),
    )
    deadline = time.monotonic() + 30
    while not (log.exists() and log.stat().st_size == slow_at):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does: every process of the group gets it
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    lines = err.splitlines()
    assert lines[:-1] == ["2 runs: 0 complete, 2 to run, 2 at the same time."] * (slow_at - 1)
    assert lines[-1].startswith("Interrupted. To go on, type: python -m tunekit searcher=mine ")
