"""Makes a study: 8 methods on 25 problems with equal seeds, as small simulated experiments in one process.

As a program: generating.py FOLDER SEEDS PROBLEMS. It gives way to other processes, and says how far it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tunekit.config.arguments import parse
from tunekit.config.planning import plan_command
from tunekit.config.specs.run_spec import RunSpec
from tunekit.runs.batch import run_all
from tunekit.runs.run import Outcome, status_of
from tunekit_benchmarks.synthetic.families import PRESETS
from tunekit_core.contracts.status import ExperimentStatus

# All without a model, so that a run takes milliseconds; by name the scheduler of each, and its options.
METHODS = {
    "RANDOM": ("fifo", ""),
    "ASHA-2": ("asha_promotion", "reduction_factor: 2"),
    "ASHA-3": ("asha_promotion", "reduction_factor: 3"),
    "ASHA-4": ("asha_promotion", "reduction_factor: 4"),
    "ASHA-STOP-2": ("asha_stopping", "reduction_factor: 2"),
    "ASHA-STOP-3": ("asha_stopping", "reduction_factor: 3"),
    "PASHA-2": ("pasha", "reduction_factor: 2"),
    "PASHA-3": ("pasha", "reduction_factor: 3"),
}
NICE = 5
RECIPE = """\
# @package _global_
defaults:
  - override /searcher: random
  - override /scheduler: {scheduler}
method:
  name: {name}
scheduler: {{{options}}}
"""


def problems() -> list[tuple[str, ...]]:
    """What the command line says of each: the tables of ``fcnet``, and the families of ``synthetic``."""
    tables = [
        ("benchmark=fcnet", f"benchmark.dataset={dataset}", "stopping.max_wallclock_time=150")
        for dataset in ("robot_arm", "diabetes")
    ]
    families = [
        ("benchmark=synthetic", f"benchmark.family={family}", "stopping.max_wallclock_time=50") for family in PRESETS
    ]
    return [*tables, *families]


def results_of(folder: Path) -> Path:
    """Where the experiments of a study are that was generated in a folder."""
    return folder / "results"


def generate(folder: Path, n_seeds: int, n_problems: int) -> Iterator[tuple[int, int]]:
    """Run what is not complete yet: so it can be ended and called again at will.

    Args:
        folder: Where the experiments go, and the recipes of the methods.
        n_seeds: Of each method on each problem.
        n_problems: The first so many problems.

    Yields:
        After each problem how many experiments were run for it, and how many were complete.

    Raises:
        RuntimeError: If one did not come to its end.
    """
    recipes = folder / "options"
    (recipes / "method").mkdir(parents=True, exist_ok=True)
    for name, (scheduler, options) in METHODS.items():
        text = RECIPE.format(name=name, scheduler=scheduler, options=options)
        (recipes / "method" / f"{name}.yaml").write_text(text, encoding="utf-8")
    for problem in problems()[:n_problems]:
        arguments = [f"method={','.join(METHODS)}", *problem, f"seed=range({n_seeds})", "verbosity=0"]
        command = ["--config-dir", str(recipes), *arguments, f"results_dir={results_of(folder)}", "--multirun"]
        specs = plan_command(parse(command)).specs
        left = [spec for spec in specs if status_of(spec) is not ExperimentStatus.COMPLETED]
        _run(left)
        yield len(left), len(specs) - len(left)


def _run(specs: Sequence[RunSpec]) -> None:
    def check(spec: RunSpec, outcome: Outcome) -> None:
        if outcome.status is not ExperimentStatus.COMPLETED:
            raise RuntimeError(f"{spec.folder} is {outcome.status.value}: {outcome.reason}")

    run_all(specs, 1, check, print)


def main(folder: str, n_seeds: int, n_problems: int) -> None:
    """Generate, and print to standard error how far it is."""
    os.nice(NICE)
    for n, (n_run, n_found) in enumerate(generate(Path(folder).resolve(), n_seeds, n_problems), start=1):
        print(f"{n} of {n_problems} problems: {n_run} runs, {n_found} were complete", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
