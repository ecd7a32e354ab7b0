"""How often a condition holds in a loop: in all rounds, in some, or in one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

from tunekit.init.names import BEST, COUNTERS, LARGE, SMALL, words_of

How = Literal["once", "sometimes", "always"]
HOW: tuple[How, ...] = ("once", "sometimes", "always")
LAST = frozenset({"last", "final", "finished", "done"})
ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
IN_LOOPS = COUNTERS | {"e", "i", "t", "it", "idx"}


def how_often_it_holds(test: ast.expr, *, is_true: bool) -> How:
    """How often the condition of a statement holds. One that has nothing to do with the loop is taken to hold.

    Args:
        test: The condition.
        is_true: Whether it is asked how often it is true, rather than false.
    """
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return how_often_it_holds(test.operand, is_true=not is_true)
    if isinstance(test, ast.BoolOp):
        parts = [how_often_it_holds(part, is_true=is_true) for part in test.values]
        if isinstance(test.op, ast.And) is is_true:
            return min(parts, key=HOW.index)
        told = [part for part in parts if part != "always"]  # the rest may never hold
        return max(told, key=HOW.index, default="always")
    counts = any(set(words_of(name)) & IN_LOOPS for name in _names(test))
    if any(isinstance(part, ast.Mod) for part in ast.walk(test)):
        return "sometimes" if counts else "always"
    if isinstance(test, ast.Compare):
        kind = test.ops[0]
        if isinstance(kind, ast.Eq | ast.NotEq) and counts:
            return "once" if isinstance(kind, ast.Eq) is is_true else "sometimes"
        compares = counts or any(set(words_of(name)) & (SMALL | LARGE | BEST) for name in _names(test))
        return "sometimes" if isinstance(kind, ORDER) and compares else "always"
    said = {word for name in _names(test) for word in words_of(name)}
    if said & LAST:
        return "once" if is_true else "sometimes"
    return "sometimes" if said & (BEST | {"improved", "better"}) else "always"


def _names(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
