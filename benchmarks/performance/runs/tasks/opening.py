"""Tasks by their names, such as ``lcbench:3945``: the family, and which one of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from runs.tasks.data import DATA
from runs.tasks.lcbench import LcbenchBenchmark
from runs.tasks.rbv2 import RpartBenchmark, XgboostBenchmark
from runs.tasks.taskset import TasksetBenchmark
from tunekit_benchmarks.fcnet.benchmark import FcnetBenchmark
from tunekit_benchmarks.fcnet.table import shipped
from tunekit_benchmarks.synthetic.benchmark import SyntheticBenchmark
from tunekit_core import Benchmark, ConfigurationError, create

SURROGATES: Mapping[str, tuple[str, ...]] = {
    LcbenchBenchmark.name: ("3945", "7593", "168868", "189909", "126026"),
    XgboostBenchmark.name: ("1461", "40981", "38"),
    RpartBenchmark.name: ("1501", "41027", "4538"),
}
"""Of each family with a surrogate, the numbers of the tasks that are compared by default."""


def _open_fcnet(dataset: str) -> Benchmark:
    return create("benchmark", FcnetBenchmark.name, dataset=dataset)


def _open_synthetic(dataset: str) -> Benchmark:
    family, _, instance = dataset.partition("/")
    if not instance.isdecimal():
        raise KeyError(dataset)
    return create("benchmark", SyntheticBenchmark.name, family=family, instance=int(instance))


FAMILIES: Mapping[str, Callable[[str], Benchmark]] = {
    LcbenchBenchmark.name: LcbenchBenchmark,
    XgboostBenchmark.name: XgboostBenchmark,
    RpartBenchmark.name: RpartBenchmark,
    TasksetBenchmark.name: TasksetBenchmark,
    FcnetBenchmark.name: _open_fcnet,
    SyntheticBenchmark.name: _open_synthetic,
}
"""What opens a task of each family, by what follows the colon in its name."""


def tasks_by_family() -> dict[str, list[str]]:
    """Names of the tasks that are compared unless others are asked for; none of a family whose data are not there."""
    here = {
        family: [f"{family}:{number}" for number in numbers] if (DATA / f"{family}.onnx").exists() else []
        for family, numbers in SURROGATES.items()
    }
    here[TasksetBenchmark.name] = sorted(
        path.stem.replace("taskset_", "taskset:", 1) for path in DATA.glob("taskset_*.npz")
    )
    here[FcnetBenchmark.name] = [f"{FcnetBenchmark.name}:{dataset}" for dataset in shipped()]
    here[SyntheticBenchmark.name] = [f"{SyntheticBenchmark.name}:plain/0"]
    return here


def default_tasks() -> list[str]:
    """Those of :func:`tasks_by_family`, one family after the other."""
    return [task for tasks in tasks_by_family().values() for task in tasks]


@lru_cache
def open_task(task: str) -> Benchmark:
    """The benchmark of a task such as ``lcbench:3945``, opened once per process.

    Raises:
        ValueError: If there is no such task, its data are not there, or what reads them is not installed.
    """
    family, _, dataset = task.partition(":")
    try:
        return FAMILIES[family](dataset)
    except (KeyError, FileNotFoundError, ConfigurationError) as error:
        raise ValueError(
            f"{task}: there is no such task here. Compared by default are: {', '.join(default_tasks())}."
        ) from error
