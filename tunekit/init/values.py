"""What expressions are worth, as far as that can be read: nothing is ever run."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import attrs

from tunekit.init.modules import Module, Program, dotted_name, statements

LARGEST = 10**15  # of a power; a larger number is no hyperparameter
DEEPEST = 40


class Unknown:
    """What cannot be read."""

    def __repr__(self) -> str:
        return "not known"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()


@attrs.frozen(eq=False)
class ClassOf:
    """A class of the user's."""

    module: Module
    node: ast.ClassDef


@attrs.frozen(eq=False)
class Instance:
    """An object with attributes that are known."""

    attributes: Mapping[str, Any]
    of: ClassOf | None = None


OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
NAMESPACES = ("argparse.Namespace", "types.SimpleNamespace", "dict", "easydict.EasyDict")
PATHS = ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.fspath", "os.path.expanduser", "os.path.abspath")
CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
    "sorted": sorted,
    "set": list,
}


class Values:
    """Reads expressions of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def of(self, node: ast.AST | None, module: Module, local: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
        """The value of an expression, or ``UNKNOWN``.

        Args:
            node: The expression.
            module: Where it stands.
            local: Values of names that are known beside those of the module.
            depth: How far it lies inside of others.
        """
        if node is None or depth > DEEPEST:
            return UNKNOWN
        local = local or {}
        if isinstance(node, ast.Constant):
            return UNKNOWN if node.value is Ellipsis or isinstance(node.value, bytes | complex) else node.value

        def value(part: ast.AST | None) -> Any:
            return self.of(part, module, local, depth + 1)

        if isinstance(node, ast.Name):
            return local[node.id] if node.id in local else self._of_name(node.id, module, depth)
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node, module, local, depth)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = [value(part) for part in node.elts]
            return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
        if isinstance(node, ast.Dict):
            keys = [value(key) for key in node.keys]
            if any(key is UNKNOWN or not isinstance(key, str | int | float) for key in keys):
                return UNKNOWN
            return dict(zip(keys, map(value, node.values), strict=True))
        if isinstance(node, ast.JoinedStr):
            parts = [value(part) if isinstance(part, ast.Constant) else _formatted(part, value) for part in node.values]
            return UNKNOWN if any(part is UNKNOWN for part in parts) else "".join(map(str, parts))
        if isinstance(node, ast.UnaryOp | ast.BinOp):
            return _computed(node, value)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):  # os.environ.get("X") or 3
            parts = [value(part) for part in node.values]
            return next((part for part in parts if part is UNKNOWN or part), parts[-1])
        if isinstance(node, ast.Subscript):
            owner, key = value(node.value), value(node.slice)
            try:
                return owner[key] if isinstance(owner, dict | list) else UNKNOWN
            except (KeyError, IndexError, TypeError):
                return UNKNOWN
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return self._of_members(node, module)
        return self._of_call(node, module, local, depth) if isinstance(node, ast.Call) else UNKNOWN

    def class_of(self, node: ast.AST | None, module: Module) -> ClassOf | None:
        """The class of the user's that an expression names."""
        found = self._program.find(module, _typed_name(node))
        return ClassOf(*found) if found is not None and isinstance(found[1], ast.ClassDef) else None  # type: ignore[arg-type]

    def bases(self, cls: ClassOf) -> list[ClassOf]:
        """A class and those of the user's that it inherits from, the last first."""
        found = [cls]
        for each in found:
            for base in each.node.bases:
                parent = self.class_of(base, each.module)
                if parent is not None and all(parent.node is not other.node for other in found):
                    found.append(parent)
        return found[::-1]

    def is_enum(self, cls: ClassOf) -> bool:
        """Whether a class is an enumeration."""
        names = [dotted_name(each.module, base) for each in self.bases(cls) for base in each.node.bases]
        return any(name.rpartition(".")[2] in ("Enum", "StrEnum", "IntEnum") for name in names)

    def members(self, cls: ClassOf) -> dict[str, Any]:
        """Attributes of a class with their values, those of its bases included."""
        found: dict[str, Any] = {}
        for each in self.bases(cls):
            for statement in statements(each.node.body):
                if isinstance(statement, ast.Assign):
                    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                    found.update(dict.fromkeys(names, self.of(statement.value, each.module, found)))
                elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    found[statement.target.id] = self.default_of(statement.value, each.module, found)
        return found

    def default_of(self, node: ast.AST | None, module: Module, local: Mapping[str, Any] | None = None) -> Any:
        """The value of a field of a dataclass: of what stands behind it, or of what ``field(…)`` says."""
        if not isinstance(node, ast.Call) or dotted_name(module, node.func).rpartition(".")[2] not in FIELDS:
            return self.of(node, module, local)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        factory = given.get("default_factory", given.get("factory"))
        if factory is None:
            return self.of(given.get("default", node.args[0] if node.args else None), module, local)
        if isinstance(factory, ast.Lambda):
            return self.of(factory.body, module, local)
        if dotted_name(module, factory) in ("list", "dict", "tuple"):
            return []
        cls = self.class_of(factory, module)
        return UNKNOWN if cls is None else Instance(self.members(cls), cls)

    def _of_name(self, name: str, module: Module, depth: int) -> Any:
        found = self._program.find(module, name)
        if found is None:
            return UNKNOWN
        where, node = found
        if isinstance(node, ast.ClassDef):
            return ClassOf(where, node)
        if name in where.assigned_twice:
            return UNKNOWN
        return self.of(node, where, None, depth + 1)

    def _of_attribute(self, node: ast.Attribute, module: Module, local: Mapping[str, Any], depth: int) -> Any:
        owner = self.of(node.value, module, local, depth + 1)
        if isinstance(owner, Instance):
            return owner.attributes.get(node.attr, UNKNOWN)
        if isinstance(owner, ClassOf):
            return self.members(owner).get(node.attr, UNKNOWN)
        if isinstance(owner, dict):
            return owner.get(node.attr, UNKNOWN)
        if owner is UNKNOWN:
            other = self._program.local(dotted_name(module, node.value))
            return UNKNOWN if other is None else self._of_name(node.attr, other, depth + 1)
        return owner if node.attr == "value" else UNKNOWN  # of a member of an enumeration

    def _of_call(self, node: ast.Call, module: Module, local: Mapping[str, Any], depth: int) -> Any:
        name = dotted_name(module, node.func)
        arguments = [self.of(part, module, local, depth + 1) for part in node.args]
        named = {word.arg: self.of(word.value, module, local, depth + 1) for word in node.keywords if word.arg}
        cls = self.class_of(node.func, module)
        if cls is not None:
            return Instance({**self.members(cls), **named}, cls)
        if name in NAMESPACES:
            return Instance(named)
        if name in ("os.environ.get", "os.getenv"):
            return arguments[1] if len(arguments) > 1 else named.get("default")
        if name == "range" and arguments and all(type(part) is int for part in arguments):
            numbers = range(*arguments[:3]) if len(arguments) < 3 or arguments[2] else range(0)
            return list(numbers[:100])
        if name in PATHS:
            return "/".join(map(str, arguments)) if arguments and UNKNOWN not in arguments else UNKNOWN
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "values", "get", "lower", "upper"):
            return _of_method(self.of(node.func.value, module, local, depth + 1), node.func.attr, arguments)
        if name in CONVERSIONS and len(arguments) == 1:
            return self._converted(name, arguments[0])
        return UNKNOWN

    def _converted(self, name: str, value: Any) -> Any:
        if isinstance(value, ClassOf):  # list(Optimizer)
            return list(self.members(value).values()) if self.is_enum(value) else UNKNOWN
        try:
            return UNKNOWN if value is UNKNOWN or isinstance(value, Instance) else CONVERSIONS[name](value)
        except (TypeError, ValueError, OverflowError):
            return UNKNOWN

    def _of_members(self, node: ast.ListComp | ast.GeneratorExp, module: Module) -> Any:
        """``[each.value for each in Optimizer]``, the one comprehension that is common."""
        cls = self.class_of(node.generators[0].iter, module)
        if cls is None or len(node.generators) > 1 or not self.is_enum(cls) or not isinstance(node.elt, ast.Attribute):
            return UNKNOWN
        members = self.members(cls)
        return list(members) if node.elt.attr == "name" else list(members.values())


FIELDS = ("field", "Field", "ib", "attrib")  # of dataclasses, pydantic and attrs


def _typed_name(node: ast.AST | None) -> str:
    """A name with its dots, as it is typed."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _typed_name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def _computed(node: ast.UnaryOp | ast.BinOp, value: Callable[[ast.AST], Any]) -> Any:
    if isinstance(node, ast.UnaryOp):
        operand = value(node.operand)
        if isinstance(node.op, ast.Not):
            return UNKNOWN if operand is UNKNOWN else not operand
        return -operand if isinstance(node.op, ast.USub) and isinstance(operand, int | float) else UNKNOWN
    left, right = value(node.left), value(node.right)
    if isinstance(node.op, ast.Div) and isinstance(left, str) and isinstance(right, str):  # Path("runs") / "a"
        return str(PurePosixPath(left) / right)
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return left + right
    if isinstance(left, list) and isinstance(node.op, ast.Mult) and type(right) is int:
        return left * right if 0 <= right <= 100 else UNKNOWN
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return UNKNOWN
    try:
        if isinstance(node.op, ast.Pow):
            return left**right if abs(left) <= LARGEST and abs(right) <= 50 else UNKNOWN
        return OPERATORS[type(node.op)](left, right)
    except (KeyError, ArithmeticError, ValueError):
        return UNKNOWN


def _formatted(node: ast.expr, value: Callable[[ast.AST], Any]) -> Any:
    plain = isinstance(node, ast.FormattedValue) and node.format_spec is None and node.conversion == -1
    inner = value(node.value) if plain and isinstance(node, ast.FormattedValue) else UNKNOWN
    return inner if isinstance(inner, str | int) else UNKNOWN


def _of_method(owner: Any, method: str, arguments: list[Any]) -> Any:
    if isinstance(owner, Instance) and owner.of is None:
        owner = dict(owner.attributes)
    if isinstance(owner, dict):
        if method == "get" and arguments and isinstance(arguments[0], str):
            return owner.get(arguments[0], arguments[1] if len(arguments) > 1 else None)
        return list(owner) if method == "keys" else list(owner.values()) if method == "values" else UNKNOWN
    if isinstance(owner, str) and method in ("lower", "upper"):
        return owner.lower() if method == "lower" else owner.upper()
    return UNKNOWN
