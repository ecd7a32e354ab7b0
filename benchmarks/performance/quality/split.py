"""Which tasks methods are chosen by, and which confirm a choice: written down before anything was tried on them.

Confirming tasks are run and looked at only once a change is final: :data:`LOOKS` times in all, each at a part of the
error, each written into the log beside this module.

LCBench was in use before: the ten tasks that were looked at are for choosing; four more are left for others to check
with, and twenty of the rest were drawn. Its tasks come from one surrogate, fitted to all of them together: they are one
family. XGBoost and decision trees (``rbv2``) are one family too, half of its tasks each; no OpenML task is in both
lists. The tables of TaskSet and ``fcnet`` have all been looked at before, so they choose, and confirm nothing. Of each
synthetic family one instance chooses and two others confirm.

:func:`drawn` makes the lists again from the tasks that there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

LOOKS = 3
"""How often confirming tasks may be looked at."""

ERROR = 0.05
"""Of all looks together; each has its share, divided by Holm's rule over the comparisons of a look."""

SEED = 15
CHOOSING_SEEDS = 5
CONFIRMING_SEEDS = 10
BASELINE = "RS"
BASELINE_SEEDS = 30
"""Random search costs next to nothing, and all is measured by the mean of it: of few seeds that is mostly noise."""

LCBENCH_USED = ("3945", "7593", "168868", "189909", "126026", "34539", "167152", "189866", "168331", "126029")
LCBENCH_LEFT_OUT = ("126025", "146212", "167104", "189873")
LCBENCH_CONFIRMING = (
    *("167200", "189354", "189862", "167201", "167168", "167083", "167185", "168330", "167190", "189908"),
    *("168910", "168908", "168329", "167184", "189906", "167161", "168335", "189905", "189865", "167181"),
)
XGBOOST_CHOOSING = ("1461", "40981", "38", "40984", "1497", "37")
RPART_CHOOSING = ("1501", "41027", "4538", "41159", "4534", "41169")
XGBOOST_CONFIRMING = ("46", "41142", "1510", "41168", "11", "1053", "40685", "15", "181", "16")
RPART_CONFIRMING = ("41156", "4135", "1457", "377", "40983", "6332", "300", "23", "18", "334")
TASKSET = (
    "patch128_LSTM128_avg_bs64",
    "patch128_LSTM128_bs64",
    "patch32_GRU128_bs128",
    "patch32_IRNN64_relu_avg_bs128",
    "patch32_LSTM128_bs128",
    "patch32_VRNN64_tanh_avg_bs128",
)
SYNTHETIC = (
    *("needles-1-early", "needles-2-late", "needles-2-noisy", "needles-4-late"),
    *("misleading-opposite", "misleading-unrelated", "misleading-half"),
    *("noise-low", "noise-equal", "noise-high"),
    *("plateau", "tied", "failing"),
    *("diverging-nan", "diverging-1e15", "diverging-1e30", "diverging-3e38"),
    *("width-1", "width-2", "width-8", "width-40", "mixed"),
)
SYNTHETIC_CHOOSING = (0,)
SYNTHETIC_CONFIRMING = (1, 2)

CHOOSING: Mapping[str, Sequence[str]] = {
    "lcbench": [f"lcbench:{task}" for task in LCBENCH_USED],
    "rbv2": [
        *(f"rbv2_xgboost:{task}" for task in XGBOOST_CHOOSING),
        *(f"rbv2_rpart:{task}" for task in RPART_CHOOSING),
    ],
    "taskset": [f"taskset:{task}" for task in TASKSET],
    "fcnet": ["fcnet:robot_arm", "fcnet:diabetes"],
    "synthetic": [f"synthetic:{family}/{instance}" for family in SYNTHETIC for instance in SYNTHETIC_CHOOSING],
}
CONFIRMING: Mapping[str, Sequence[str]] = {
    "lcbench": [f"lcbench:{task}" for task in LCBENCH_CONFIRMING],
    "rbv2": [
        *(f"rbv2_xgboost:{task}" for task in XGBOOST_CONFIRMING),
        *(f"rbv2_rpart:{task}" for task in RPART_CONFIRMING),
    ],
    "synthetic": [f"synthetic:{family}/{instance}" for family in SYNTHETIC for instance in SYNTHETIC_CONFIRMING],
}

SMAC_TASKS = (
    *("lcbench:167200", "lcbench:189354", "lcbench:189862", "lcbench:167201"),
    *("rbv2_xgboost:46", "rbv2_xgboost:41142", "rbv2_rpart:41156", "rbv2_rpart:4135"),
)
"""SMAC takes minutes for a run: it is compared on the first tasks of each list alone, over this many seeds."""
SMAC_SEEDS = 5
SMAC_METHODS = ("SMAC", "SMACMF")

SPLITS: Mapping[str, Mapping[str, Sequence[str]]] = {"choosing": CHOOSING, "confirming": CONFIRMING}
FAMILIES = tuple(CHOOSING)
SEEDS = {"choosing": CHOOSING_SEEDS, "confirming": CONFIRMING_SEEDS}

CORE_HOURS = {"choosing, ours and baselines": 5.0, "confirming, ours and Optuna": 5.5, "SMAC": 1.5}
"""What all runs may take together: twelve."""


def tasks_of(split: str, families: Iterable[str] | None = None) -> list[str]:
    """The tasks of a split, family by family; of all its families unless some are named.

    Raises:
        ValueError: If the split has no such family.
    """
    of_split = SPLITS[split]
    for family in families or ():
        if family not in of_split:
            raise ValueError(f"{family}: no family of {split} tasks. There are: {', '.join(of_split)}.")
    return [task for family in families or of_split for task in of_split[family]]


def is_confirming(task: str) -> bool:
    """Whether a task is kept for confirming."""
    return any(task in tasks for tasks in CONFIRMING.values())


def family_of(task: str) -> str:
    """The family of a task, such as ``rbv2`` of ``rbv2_xgboost:46``."""
    name = task.partition(":")[0]
    return "rbv2" if name.startswith("rbv2_") else name


def group_of(task: str) -> str:
    """What instances of one synthetic family share, so that they count as one when tasks are resampled."""
    return task.partition("/")[0]


def is_planned(method: str, task: str, seed: int, n_seeds: int) -> bool:
    """Whether a run is made: SMAC has a few tasks and seeds alone, random search more seeds than all others."""
    if method == BASELINE:
        return seed < max(n_seeds, BASELINE_SEEDS)
    return seed < n_seeds and (method not in SMAC_METHODS or (task in SMAC_TASKS and seed < SMAC_SEEDS))


def drawn(lcbench: Collection[str], trees: Collection[str]) -> dict[str, list[str]]:
    """The drawn lists, by the name of the constant that holds each.

    Args:
        lcbench: Numbers of all tasks of LCBench.
        trees: Numbers of the tasks that XGBoost and decision trees both have.
    """
    generator = np.random.default_rng(SEED)
    numbers = generator.permutation(sorted(trees, key=int)).tolist()
    unseen = set(lcbench) - {*LCBENCH_USED, *LCBENCH_LEFT_OUT}
    return {
        "XGBOOST_CHOOSING": numbers[:6],
        "RPART_CHOOSING": numbers[6:12],
        "XGBOOST_CONFIRMING": numbers[12:22],
        "RPART_CONFIRMING": numbers[22:32],
        "LCBENCH_CONFIRMING": np.random.default_rng(SEED).permutation(sorted(unseen, key=int)).tolist()[:20],
    }
