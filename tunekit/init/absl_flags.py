"""Reads flags of absl: calls of ``flags.DEFINE_float`` and its like."""

from __future__ import annotations

import attrs

from tunekit.init.arguments import Argument, Interface, Kind, Level, as_choices, one_line
from tunekit.init.modules import Program, dotted_name
from tunekit.init.values import UNKNOWN, Values

KINDS: dict[str, Kind] = {
    "DEFINE_float": "float",
    "DEFINE_integer": "int",
    "DEFINE_bool": "bool",
    "DEFINE_boolean": "bool",
    "DEFINE_string": "text",
    "DEFINE_enum": "text",
    "DEFINE_list": "text",
    "DEFINE_multi_integer": "int",
    "DEFINE_multi_float": "float",
    "DEFINE_multi_string": "text",
}


def read_absl(program: Program, values: Values) -> Interface | None:
    """What flags of absl there are; ``None`` if there are none."""
    found: list[Argument] = []
    required: set[str] = set()
    for module in program.modules_with("absl"):
        for call in module.calls:
            owner, _, kind = dotted_name(module, call.func).rpartition(".")
            given = [values.of(part, module) for part in call.args]
            named = {word.arg: values.of(word.value, module) for word in call.keywords}
            name = given[0] if given else named.get("name")
            if kind in ("mark_flag_as_required", "mark_flags_as_required"):
                required.update(name if isinstance(name, list) else [str(name)])
            if kind not in KINDS or not owner.endswith("flags") or not isinstance(name, str):
                continue
            default = given[1] if len(given) > 1 else named.get("default")
            is_enum = kind == "DEFINE_enum"
            choices = as_choices(given[2] if len(given) > 2 else named.get("enum_values", UNKNOWN)) if is_enum else None
            text = given[3 if is_enum else 2] if len(given) > (3 if is_enum else 2) else named.get("help")
            found.append(
                Argument(
                    name=name,
                    form="equals" if KINDS[kind] == "bool" else "option",
                    line=call.lineno,
                    kind=KINDS[kind],
                    default=default,
                    choices=choices,
                    is_required=named.get("required") is True,
                    help=one_line(text),
                    obstacle="may be given several times" if "multi" in kind or "list" in kind else "",
                )
            )
    found = [attrs.evolve(each, is_required=each.is_required or each.name in required) for each in found]
    return Interface(reader="absl", levels=[Level(arguments=found)]) if found else None
