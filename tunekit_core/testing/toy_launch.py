"""A launch for contract tests: cheap and expensive runs, simulated ones and some in real time."""

from __future__ import annotations

from itertools import product
from pathlib import Path, PurePosixPath

from tunekit_core.contracts.benchmarks import Script
from tunekit_core.contracts.launchers import Launch, LaunchedRun
from tunekit_core.plugins.names import BUILT_IN

SEEDS, SECONDS = range(3), 600.0
PROGRAM, TABLE = "train.py", "earlier.csv"


def toy_launch(folder: Path) -> Launch:
    """A launch of 15 runs, none of which can be run: of two methods on two problems, and of one on a program.

    Args:
        folder: An empty folder, in which its program and an input are made.
    """
    project, results_dir = folder / "project", folder / "results"
    project.mkdir()
    (project / PROGRAM).write_text("print('trains')\n", encoding="utf-8")
    (folder / TABLE).write_text("loss\n0.5\n", encoding="utf-8")
    simulated = [
        _run(method, problem, seed, is_expensive=method == "SLOW")
        for method, problem, seed in product(("FAST", "SLOW"), ("toy-a", "toy-b"), SEEDS)
    ]
    return Launch(
        runs=(*simulated, *(_run("FAST", "script-train", seed, seconds=SECONDS, is_expensive=True) for seed in SEEDS)),
        experiment_tag="study",
        results_dir=results_dir,
        distributions=(BUILT_IN,),
        scripts=(Script(("python", PROGRAM), project),),
        inputs=(folder / TABLE,),
        command="python -m tunekit experiment_tag=study --multirun 'seed=range(3)'",
    )


def _run(method: str, problem: str, seed: int, *, is_expensive: bool, seconds: float | None = None) -> LaunchedRun:
    number = f"{method}{problem}{seed}".encode().hex()[-12:]
    return LaunchedRun(
        hash=number,
        folder=PurePosixPath("study", method, f"{problem}-{seed}-{number}"),
        method=method,
        problem=problem,
        dataset=problem.partition("-")[2],
        seed=seed,
        n_workers=4,
        seconds=seconds,
        is_expensive=is_expensive,
        backend="simulator" if seconds is None else "local",
        spec={"hash": number, "tags": {"project": ["speech"]}},
    )
