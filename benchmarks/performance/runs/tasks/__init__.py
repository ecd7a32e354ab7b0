"""Tuning problems over measured data of others, which lie beside the project where they are there at all."""

from runs.tasks.data import DATA
from runs.tasks.lcbench import LcbenchBenchmark
from runs.tasks.opening import default_tasks, open_task, tasks_by_family
from runs.tasks.taskset import TasksetBenchmark

__all__ = [
    "DATA",
    "LcbenchBenchmark",
    "TasksetBenchmark",
    "default_tasks",
    "open_task",
    "tasks_by_family",
]
