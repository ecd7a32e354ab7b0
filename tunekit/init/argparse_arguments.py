"""What one call of ``add_argument`` declares."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import attrs

from tunekit.init.arguments import Argument, Form, Kind, as_choices, kind_of_value, one_line
from tunekit.init.modules import Module, dotted_name
from tunekit.init.names import words_of
from tunekit.init.values import UNKNOWN

SETS = {"store_true": True, "store_false": False}
SWITCHES = (*SETS, "store_const")


@attrs.frozen(kw_only=True)
class Declared:
    """An argument, and what it does inside of its parser.

    Attributes:
        argument: The argument.
        dest: The name under which the script finds its value.
        default: What that is without it, as far as this call says; ``UNKNOWN`` if it cannot be read.
        is_switch: Whether it is a flag, which sets one value.
        sets: That value.
    """

    argument: Argument
    dest: str
    default: Any
    is_switch: bool
    sets: Any

    def with_default(self, default: Any) -> Declared:
        """The same with another default, as ``set_defaults`` gives it."""
        return attrs.evolve(self, default=default, argument=attrs.evolve(self.argument, default=_known(default)))


def declared_argument(
    flags: list[str], words: Mapping[str, ast.expr], given: Mapping[str, Any], module: Module, line: int
) -> Declared | None:
    """The argument; ``None`` for one that prints something and ends.

    Args:
        flags: What it is called, as it is typed.
        words: By name what the call is given besides, as expressions.
        given: The values of these.
        module: Where the call stands.
        line: The line of the call.
    """
    action = _last(dotted_name(module, words.get("action"))) or given.get("action")
    if action in ("help", "version"):
        return None
    long = [flag for flag in flags if flag.startswith("--")]
    form: Form = "option" if long else "short" if flags[0].startswith("-") else "positional"
    name = (long or flags)[0].lstrip("-")
    if form == "short":
        name = given["dest"] if isinstance(given.get("dest"), str) else max(flags, key=len).lstrip("-")
    nargs = "..." if _last(dotted_name(module, words.get("nargs"))) == "REMAINDER" else given.get("nargs")
    flag = max(flags, key=len) if form == "short" else ""
    default = given.get("default", UNKNOWN if "default" in words else None)
    kind, obstacle = _kind(words.get("type"), default, module)
    is_switch = action in SWITCHES
    sets = SETS.get(str(action), given.get("const"))
    if is_switch:
        form, kind, obstacle = ("flag", "bool", "") if long else (form, "bool", "is a short flag")
        if "default" not in words and isinstance(sets, bool) and action != "store_const":
            default = not sets
    elif action == "BooleanOptionalAction":
        form, kind, obstacle = "no_flag", "bool", ""
    elif action in ("count", "append", "extend", "append_const"):
        obstacle = "may be given several times"
    elif action is UNKNOWN or (isinstance(action, str) and action not in ("store",)):
        obstacle = "has an action of the script's own"
    elif isinstance(default, float | int) and not isinstance(default, bool) and "type" not in words:
        obstacle = "has no type=, so the script would get a text in place of its number"
    choices = as_choices(given.get("choices", UNKNOWN))
    if choices is not None and "type" not in words and all(type(each) is int for each in choices):
        choices = None
    dest = given.get("dest")
    argument = Argument(
        name=name,
        form=form,
        flag=flag,
        line=line,
        kind=kind,
        default=_known(default),
        choices=choices if kind != "bool" else None,
        is_required=given.get("required") is True
        or (form == "positional" and nargs not in ("?", "*", "...") and default is None),
        is_list=nargs in ("+", "*", "...")
        or (isinstance(nargs, int) and nargs is not True)
        or ("nargs" in words and nargs is UNKNOWN),
        help=one_line(given.get("help")),
        obstacle=obstacle,
    )
    return Declared(
        argument=argument,
        dest=dest if isinstance(dest, str) else name.replace("-", "_"),
        default=default,
        is_switch=is_switch,
        sets=sets,
    )


def _kind(node: ast.expr | None, default: Any, module: Module) -> tuple[Kind, str]:
    """What ``type=`` makes of a word, and why that cannot be searched."""
    if node is None:
        kind = kind_of_value(default)
        return ("text" if kind == "bool" else kind), ("has no type=, so every text is true" if kind == "bool" else "")
    name = _last(dotted_name(module, node)).lower()
    if name == "bool":
        return "bool", "has type=bool, for which every text is true, False as well"
    if isinstance(node, ast.Lambda):
        text = ast.unparse(node.body).lower()
        if "true" in text or "bool(" in text:
            return "bool", ""
        return (
            "float" if text.startswith("float(") else "int" if text.startswith("int(") else kind_of_value(default)
        ), ""
    if "bool" in name:
        return "bool", ""
    for kind in ("float", "int"):
        if kind in words_of(name):
            return kind, ""
    return ("text" if name in ("str", "path") else kind_of_value(default)), ""


def _known(value: Any) -> Any:
    plain = value is None or isinstance(value, str | int | float | list)
    return value if plain else UNKNOWN


def _last(name: str) -> str:
    return name.rpartition(".")[2]
