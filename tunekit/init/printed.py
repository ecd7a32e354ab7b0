"""What a script prints, as text with values in it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping, Sequence

import attrs

from tunekit.init.modules import Module, dotted_name

PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*\d*(?:\.\d+)?)([diufFeEgGsr%])")
LOGS = ("debug", "info", "warning", "error", "critical", "log", "print")
WRITES = ("sys.stdout.write", "tqdm.write", "tqdm.tqdm.write", "click.echo", "typer.echo", "rich.print")


@attrs.frozen(eq=False)
class Value:
    """A value in a text.

    Attributes:
        node: The expression.
        spec: How it is formatted.
    """

    node: ast.expr
    spec: str = ""


Part = str | Value


@attrs.frozen(kw_only=True, eq=False)
class Line:
    """A line that is printed.

    Attributes:
        call: What prints it.
        module: Where that stands.
        parts: Texts and values in turns.
        is_logged: Whether it is logged rather than printed.
    """

    call: ast.Call
    module: Module
    parts: tuple[Part, ...]
    is_logged: bool = False


def printed_lines(modules: Sequence[Module]) -> Iterator[Line]:
    """All lines with values that a program prints to its standard output, or logs."""
    for module in modules:
        texts = _texts(module)
        for call in module.calls:
            name = dotted_name(module, call.func)
            is_print = name in ("print", *WRITES)
            is_log = (
                not is_print
                and isinstance(call.func, ast.Attribute)
                and call.func.attr in LOGS
                and "log" in name.lower()
            )
            if not is_print and not is_log:
                continue
            file = next((word.value for word in call.keywords if word.arg == "file"), None)
            if (file is not None and dotted_name(module, file) != "sys.stdout") or any(
                word.arg == "err" for word in call.keywords
            ):
                continue
            parts = _logged(call.args, texts) if is_log else _joined(call, texts, name)
            for line in _split(parts):
                if any(isinstance(part, Value) for part in line):
                    yield Line(call=call, module=module, parts=tuple(line), is_logged=is_log)


def _texts(module: Module) -> dict[str, ast.expr]:
    """Texts with values in them that have a name before they are printed."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    once = {name: nodes[0] for name, nodes in found.items() if len(nodes) == 1}
    return {name: node for name, node in once.items() if {type(part) for part in _parts(node, {})} == {str, Value}}


def _joined(call: ast.Call, texts: Mapping[str, ast.expr], name: str) -> list[Part]:
    given = next((word.value for word in call.keywords if word.arg == "sep"), None)
    between = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else " "
    parts: list[Part] = []
    for number, argument in enumerate(call.args):
        parts += [*([between] if number else []), *_parts(argument, texts)]
    return parts


def _logged(arguments: Sequence[ast.expr], texts: Mapping[str, ast.expr]) -> list[Part]:
    """A call such as ``logger.info("loss %.3f", loss)``."""
    first = next((each for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)), None)
    if first is None:
        return [part for each in arguments[:1] for part in _parts(each, texts)]
    rest = list(arguments[arguments.index(first) + 1 :])
    return _percent(str(first.value), rest)


def _parts(node: ast.expr, texts: Mapping[str, ast.expr]) -> list[Part]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Name) and node.id in texts:
        return _parts(texts[node.id], {})
    if isinstance(node, ast.JoinedStr):
        return [part for each in node.values for part in _of_joined(each)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [_parts(node.left, texts), _parts(node.right, texts)]
        return (
            [*sides[0], *sides[1]] if any(isinstance(part, str) for side in sides for part in side) else [Value(node)]
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _percent(str(node.left.value), list(given))
    if isinstance(node, ast.Dict):
        return _of_dict(node, "'")
    if isinstance(node, ast.Call):
        return _of_call(node, texts)
    return [Value(node)]


def _of_call(node: ast.Call, texts: Mapping[str, ast.expr]) -> list[Part]:
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr == "format" and isinstance(func.value, ast.Constant):
        return _formatted(str(func.value.value), node)
    last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if last == "dumps" and node.args and isinstance(node.args[0], ast.Dict):
        return _of_dict(node.args[0], '"')
    if last in ("str", "round", "float", "int", "dict") and node.args:
        return _parts(node.args[0], texts)
    if last == "dict" and node.keywords:
        words = [word for word in node.keywords if word.arg]
        return _of_dict(ast.Dict([ast.Constant(word.arg) for word in words], [word.value for word in words]), "'")
    return [Value(node)]


def _of_joined(node: ast.expr) -> list[Part]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    assert isinstance(node, ast.FormattedValue)
    spec = "".join(
        str(part.value) for part in getattr(node.format_spec, "values", []) if isinstance(part, ast.Constant)
    )
    return [Value(node.value, spec)]


def _of_dict(node: ast.Dict, quote: str) -> list[Part]:
    parts: list[Part] = ["{"]
    for number, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        text = str(key.value) if isinstance(key, ast.Constant) else "?"
        parts += [f"{', ' if number else ''}{quote}{text}{quote}: ", *_parts(value, {})]
    return [*parts, "}"]


def _percent(text: str, given: list[ast.expr]) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for found in PERCENT.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found[3] == "%":
            parts.append("%")
        elif given:
            kind = {"i": "d", "u": "d", "s": "", "r": ""}.get(found[3], found[3])
            parts.append(Value(given.pop(0), found[2] + kind if kind else ""))
    return [*parts, text[end:]]


def _formatted(text: str, call: ast.Call) -> list[Part]:
    named = {word.arg: word.value for word in call.keywords}
    parts: list[Part] = []
    n_values = 0
    try:
        for literal, field, spec, _ in string.Formatter().parse(text):
            parts.append(literal)
            if field is None:
                continue
            first, _, rest = field.partition(".")
            node = call.args[int(first) if first else n_values] if not first or first.isdigit() else named.get(first)
            node = node if node is not None else ast.Name(first)
            for attribute in rest.split(".") if rest else ():
                node = ast.Attribute(node, attribute)
            parts.append(Value(node, spec or ""))
            n_values += 1
    except (ValueError, IndexError):
        return []
    return parts


def _split(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """The lines of a text, with neighbouring texts in one."""
    line: list[Part] = []
    for part in parts:
        if isinstance(part, Value):
            line.append(part)
            continue
        for number, text in enumerate(re.split(r"[\r\n]", part)):
            if number:
                yield line
                line = []
            if line and isinstance(line[-1], str):
                line[-1] += text
            elif text:
                line.append(text)
    yield line
