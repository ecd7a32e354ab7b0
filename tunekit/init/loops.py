"""How often a line of a script runs: in each epoch, more often, or once; and whether epochs are counted from 1."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from tunekit.init.conditions import HOW, How, how_often_it_holds
from tunekit.init.modules import Module
from tunekit.init.names import COUNTERS, EPOCHS, words_of

Often = Literal["each epoch", "some epochs", "more often", "again", "rounds", "once"]
"""The surest first. Again is in each epoch of several trainings; rounds are of a loop that may not be over epochs."""
OFTEN: tuple[Often, ...] = ("each epoch", "some epochs", "more often", "again", "rounds", "once")
DEEPEST = 4
Loop = ast.For | ast.While | ast.AsyncFor


class Loops:
    """The loops of a program.

    Args:
        modules: Its files.
    """

    def __init__(self, modules: Sequence[Module]) -> None:
        self._called_epochs: set[str] = set()
        self._parents = {
            child: node for module in modules for node in ast.walk(module.tree) for child in ast.iter_child_nodes(node)
        }
        self._calls: dict[str, list[ast.Call]] = {}
        for module in modules:
            for call in module.calls:
                self._calls.setdefault(_last_name(call.func), []).append(call)
        self._loops = [node for node in self._parents if isinstance(node, Loop)]

    def are_called_epochs(self, nodes: Iterable[ast.expr]) -> None:
        """Take note of expressions that the script calls epochs, such as ``e`` in ``print("epoch", e)``."""
        names = (name for node in nodes for name in _names(node))
        self._called_epochs.update(name for name in names if name)

    def how_often(self, node: ast.AST, depth: int = 0) -> Often:
        """How often an expression or a statement runs."""
        holds: How = "always"
        while node in self._parents:
            child, node = node, self._parents[node]
            if isinstance(node, Loop) and child not in node.orelse:
                holds = min(holds, _reached(node.body, child, ast.Continue), key=HOW.index)
                around = self.how_often(node, depth)
                if holds == "once":  # in the last round of this loop
                    return around
                if around in ("once", "rounds") and not self._counts_epochs(node):
                    return "rounds"
                return (
                    _under("each epoch", holds) if around == "once" else "again" if around == "rounds" else "more often"
                )
            if isinstance(node, ast.If) and child is not node.test:
                holds = min(holds, how_often_it_holds(node.test, is_true=child in node.body), key=HOW.index)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                holds = min(holds, _reached(node.body, child, ast.Return), key=HOW.index)
                calls = self._calls.get(node.name, []) if depth < DEEPEST else []
                found = [self.how_often(call, depth + 1) for call in calls]
                return _under(min(found, key=OFTEN.index, default="once"), holds)
        return "once"

    def _counts_epochs(self, loop: Loop) -> bool:
        """Whether a loop is over epochs: by what it counts, or by where it ends."""
        if isinstance(loop, ast.While):
            return any(name in EPOCHS or name in COUNTERS for name in _names(loop.test))
        targets = _names(loop.target)
        counted = {word for name in targets for word in words_of(name)}
        is_over_epochs = any(name in EPOCHS for name in _names(loop.iter))
        return bool(counted & COUNTERS) or bool(targets & self._called_epochs) or is_over_epochs

    def begins_at_one(self, node: ast.expr) -> bool:
        """Whether an expression such as ``epoch + 1`` is 1 the first time."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = (node.left, node.right)
            one = any(isinstance(side, ast.Constant) and side.value == 1 for side in sides)
            names = [side for side in sides if isinstance(side, ast.Name | ast.Attribute)]
            return one and len(names) == 1 and self._begin(_last_name(names[0])) == {0}
        return isinstance(node, ast.Name | ast.Attribute) and self._begin(_last_name(node)) == {1}

    def begins_at_zero(self, node: ast.expr) -> bool:
        """Whether an expression is 0 the first time."""
        return isinstance(node, ast.Name | ast.Attribute) and 0 in self._begin(_last_name(node))

    def _begin(self, name: str) -> set[int | None]:
        """What a counter is in the first round of each loop over it."""
        return {begin for loop in self._loops if isinstance(loop, ast.For) for begin in _begins(loop, name)}


def _begins(loop: ast.For, name: str) -> Iterator[int | None]:
    targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    names = [_last_name(target) for target in targets]
    if name not in names:
        return
    call = loop.iter
    while isinstance(call, ast.Call) and _last_name(call.func) in ("tqdm", "trange", "track") and call.args:
        if _last_name(call.func) == "trange":
            break
        call = call.args[0]
    if not isinstance(call, ast.Call):
        yield None
    elif _last_name(call.func) in ("range", "trange"):
        yield 0 if len(call.args) == 1 else _number(call.args[0])
    elif _last_name(call.func) == "enumerate" and names[0] == name:
        start = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "start")]
        yield _number(start[0]) if start else 0
    else:
        yield None


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _under(often: Often, holds: How) -> Often:
    """How often something runs in a loop under a condition."""
    if often not in ("each epoch", "some epochs") or holds == "always":
        return often
    return "some epochs" if holds == "sometimes" else "once"


def _reached(body: Sequence[ast.stmt], statement: ast.AST, leaves: type[ast.stmt]) -> How:
    """How often a statement of a body is reached, where conditions before it may leave it."""
    holds: How = "always"
    for each in itertools.takewhile(lambda each: each is not statement, body):
        if isinstance(each, ast.If) and isinstance(each.body[-1], leaves):
            holds = min(holds, how_often_it_holds(each.test, is_true=False), key=HOW.index)
    return holds


def _names(node: ast.AST) -> set[str]:
    return {_last_name(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)}


def _last_name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
