"""Reads commands that are functions with decorators: click and typer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from tunekit.init.arguments import (
    Argument,
    Form,
    Interface,
    Kind,
    Level,
    as_choices,
    command_that_trains,
    kind_of_value,
    one_line,
)
from tunekit.init.fields import made_argument, parameters_of, read_annotation
from tunekit.init.modules import Module, Program, calls, dotted_name, statements
from tunekit.init.values import UNKNOWN, Values

Function = ast.FunctionDef | ast.AsyncFunctionDef
ENDS = ("_command", "_cmd", "_group", "_grp")  # which click leaves away
TYPES: Mapping[str, Kind] = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "INT": "int",
    "FLOAT": "float",
    "BOOL": "bool",
}


@attrs.define(eq=False)
class Command:
    """A command, or a group of them.

    Attributes:
        name: What is typed.
        function: Its function; ``None`` of an application of typer.
        module: Where it is.
        arguments: Those that it takes itself.
        commands: Those of a group, by name.
    """

    name: str
    function: Function | None
    module: Module
    arguments: list[Argument] = attrs.field(factory=list)
    commands: dict[str, Command] = attrs.field(factory=dict)


def read_decorated(program: Program, values: Values) -> Interface | None:
    """What commands of click and typer take; ``None`` if there are none."""
    reading = _Reading(program, values)
    for library in ("click", "typer"):
        for module in program.modules_with(library):
            reading.read(module)
    root = reading.root()
    if root is None:
        return None
    levels = [Level(arguments=root.arguments)]
    alone = root.function is None and len(root.commands) == 1  # typer has no name of a single command
    while root.commands:
        name = command_that_trains({name: len(each.arguments) for name, each in root.commands.items()})
        others = tuple(other for other in root.commands if other != name)
        root = root.commands[name]
        levels.append(Level(words=() if alone else (name,), arguments=root.arguments, other_commands=others))
        alone = False
    return Interface(reader=reading.reader, levels=levels, notes=reading.notes)


class _Reading:
    def __init__(self, program: Program, values: Values) -> None:
        self.notes: list[str] = []
        self.reader = "click"
        self._program = program
        self._values = values
        self._commands: dict[str, Command] = {}  # by the name that it has in the code
        self._inside: set[str] = set()
        self._called: list[str] = []

    def read(self, module: Module) -> None:
        for statement in statements(module.tree.body):
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                if dotted_name(module, statement.value.func) == "typer.Typer":
                    self.reader = "typer"
                    names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                    self._commands.update({name: Command(name, None, module) for name in names})
            elif isinstance(statement, Function):
                self._decorated(statement, module)
        for call in module.calls:
            self._called_there(call, module)

    def root(self) -> Command | None:
        """The command that the script calls, or that lies in no other."""
        outside = [name for name in self._commands if name not in self._inside]
        called = [name for name in self._called if name in outside]
        name = next(iter(called or outside), None)
        return None if name is None else self._commands[name]

    def _decorated(self, function: Function, module: Module) -> None:
        for decorator in function.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = dotted_name(module, call)
            owner, _, last = name.rpartition(".")
            if last not in ("command", "group", "callback") or not (owner == "click" or owner in self._commands):
                continue
            if last == "callback":
                self._commands[owner].arguments += self._of_parameters(function, module)
                return
            is_typer = owner in self._commands and self._commands[owner].function is None
            arguments = self._of_parameters(function, module) if is_typer else self._of_options(function, module)
            command = Command(self._name(decorator, function, module), function, module, arguments)
            self._commands[function.name] = command
            if owner in self._commands:
                self._inside.add(function.name)
                self._commands[owner].commands[command.name] = command
            return

    def _name(self, decorator: ast.expr, function: Function, module: Module) -> str:
        given = (
            [*decorator.args, *(word.value for word in decorator.keywords if word.arg == "name")]
            if isinstance(decorator, ast.Call)
            else []
        )
        name = self._values.of(given[0], module) if given else None
        if isinstance(name, str):
            return name
        end = next((end for end in ENDS if function.name.endswith(end)), "") if self.reader == "click" else ""
        return function.name.removesuffix(end).lower().replace("_", "-")

    def _called_there(self, call: ast.Call, module: Module) -> None:
        name = dotted_name(module, call.func)
        if name in self._commands:
            self._called.append(name)
        elif name == "typer.run" and call.args:
            where, function = self._program.find(module, ast.unparse(call.args[0])) or (module, None)
            if isinstance(function, Function):
                self.reader = "typer"
                self._commands[function.name] = Command(
                    function.name, function, where, self._of_parameters(function, where)
                )
                self._called.append(function.name)
        elif name.endswith((".add_command", ".add_typer")) and call.args:
            owner, part = name.rpartition(".")[0], dotted_name(module, call.args[0]).rpartition(".")[2]
            if owner in self._commands and part in self._commands:
                self._inside.add(part)
                named = [self._values.of(word.value, module) for word in call.keywords if word.arg == "name"]
                given = self._values.of(call.args[1], module) if len(call.args) > 1 else next(iter(named), None)
                self._commands[owner].commands[given if isinstance(given, str) else self._commands[part].name] = (
                    self._commands[part]
                )

    def _of_options(self, function: Function, module: Module) -> list[Argument]:
        """The options and arguments of click that decorate a function, those in shared decorators among them."""
        found: list[Argument] = []
        for decorator in function.decorator_list:
            for where, call in self._options_in(decorator, module):
                argument = self._option(call, where)
                if argument is not None:
                    found.append(argument)
        return found

    def _options_in(self, decorator: ast.expr, module: Module, depth: int = 3) -> Iterator[tuple[Module, ast.Call]]:
        name = dotted_name(module, decorator.func if isinstance(decorator, ast.Call) else decorator)
        if isinstance(decorator, ast.Call) and name in ("click.option", "click.argument"):
            yield module, decorator
            return
        typed = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        found = self._program.find(module, typed) if depth else None
        if found is None or (isinstance(found[1], Function) and found[1].name in self._commands):
            return
        where, definition = found
        if isinstance(definition, Function):
            for call in calls(definition):
                if dotted_name(where, call.func) in ("click.option", "click.argument"):
                    yield where, call
        elif isinstance(definition, ast.Call):  # lr_option = click.option("--lr", …)
            yield from self._options_in(definition, where, depth - 1)

    def _option(self, call: ast.Call, module: Module) -> Argument | None:
        declared = [self._values.of(part, module) for part in call.args]
        words = {word.arg: word.value for word in call.keywords if word.arg}
        given = {name: self._values.of(value, module) for name, value in words.items()}
        if not declared or not all(isinstance(part, str) for part in declared):
            self.notes.append(
                f"An option is made by code that cannot be read ({module.path.name}, line {call.lineno})."
            )
            return None
        if dotted_name(module, call.func) == "click.argument":
            form: Form = "positional"
            name, flag = declared[0].lower(), ""
        else:
            long = [part for part in declared if part.startswith("--")]
            short = [part for part in declared if part.startswith("-")]
            if not short:
                return None
            form = "option" if long else "short"
            name = (long or short)[0].lstrip("-")
            flag = "" if long else short[0]
        default = given.get("default", UNKNOWN if "default" in words else None)
        on, slash, off = name.partition("/")
        name, off = on.strip(), off.strip()
        kind, choices, bounds = self._type(words.get("type"), default, module)
        obstacle = ""
        if slash:
            form, kind, obstacle = (
                "no_flag",
                "bool",
                "" if off == f"--no-{name}" else f"is switched off by {off or 'nothing'}",
            )
        elif given.get("is_flag") is True or "flag_value" in words:
            form, kind = "flag" if long else form, "bool"
            obstacle = "sets a value of its own" if "flag_value" in words else _of_flag(default)
            obstacle = obstacle or ("" if long else "is a short flag")
            default = False if default is None else default
        elif given.get("multiple") is True or given.get("count") is True:
            obstacle = "may be given several times"
        nargs = given.get("nargs", 1)
        has_default = default is not None
        required = given.get("required", form == "positional" and not has_default and nargs != -1)
        return Argument(
            name=name,
            form=form,
            flag=flag,
            line=call.lineno,
            kind=kind,
            default=default,
            choices=choices,
            bounds=bounds,
            is_required=required is True,
            is_list=nargs != 1,
            help=one_line(given.get("help")),
            obstacle=obstacle,
        )

    def _type(
        self, node: ast.expr | None, default: Any, module: Module
    ) -> tuple[Kind, tuple[Any, ...] | None, tuple[float | None, float | None]]:
        name = dotted_name(module, node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]
        if isinstance(node, ast.Call):
            given = [self._values.of(part, module) for part in node.args]
            named = {word.arg: self._values.of(word.value, module) for word in node.keywords}
            if name == "Choice":
                return "text", as_choices(given[0] if given else named.get("choices", UNKNOWN)), (None, None)
            if name in ("IntRange", "FloatRange"):
                ends = [*given[:2], *[None] * (2 - len(given[:2]))]
                low, high = named.get("min", ends[0]), named.get("max", ends[1])
                kind: Kind = "int" if name == "IntRange" else "float"
                return kind, None, (_number(low), _number(high))
        return TYPES.get(name) or ("text" if node is not None else kind_of_value(default)), None, (None, None)

    def _of_parameters(self, function: Function, module: Module) -> list[Argument]:
        """The arguments that typer makes of parameters."""
        found = []
        for parameter, default_node in parameters_of(function):
            annotation = read_annotation(parameter.annotation, module, self._values)
            option, default_node = _option_of_typer(parameter, default_node, module)
            is_argument = option is not None and dotted_name(module, option.func).endswith("Argument")
            given = {} if option is None else {word.arg: word.value for word in option.keywords if word.arg}
            is_required = default_node is None or (isinstance(default_node, ast.Constant) and default_node.value is ...)
            form: Form = "positional" if is_argument or (option is None and is_required) else "option"
            texts = [self._values.of(part, module) for part in option.args] if option is not None else []
            long = [part for part in texts if isinstance(part, str) and part.startswith("--")]
            name, slash, off = (long[0][2:] if long else parameter.arg.replace("_", "-")).partition("/")
            default = None if is_required else self._values.of(default_node, module)
            argument = made_argument(
                name,
                annotation,
                default,
                bools="no_flag" if not long or off == f"--no-{name}" else "flag",
                line=parameter.lineno,
                is_required=is_required,
                choices=annotation.choices,
                help_text=self._values.of(given.get("help"), module),
                form=form,
            )
            bounds = (
                _number(self._values.of(given.get("min"), module)),
                _number(self._values.of(given.get("max"), module)),
            )
            obstacle = ""
            if argument.form == "flag":
                obstacle = f"is switched off by {off}" if slash else _of_flag(default)
            found.append(attrs.evolve(argument, bounds=bounds, obstacle=obstacle))
        return [each for each in found if each.name != "ctx"]


def _option_of_typer(
    parameter: ast.arg, default: ast.expr | None, module: Module
) -> tuple[ast.Call | None, ast.expr | None]:
    """The call of ``typer.Option``, in an annotation or as the default, and the default that it means."""
    names = ("typer.Option", "typer.Argument")
    if isinstance(default, ast.Call) and dotted_name(module, default.func) in names:
        of_name = next((word.value for word in default.keywords if word.arg == "default"), None)
        return default, default.args[0] if default.args else of_name
    if isinstance(parameter.annotation, ast.Subscript) and isinstance(parameter.annotation.slice, ast.Tuple):
        for part in parameter.annotation.slice.elts:
            if isinstance(part, ast.Call) and dotted_name(module, part.func) in names:
                return part, default
    return None, default


def _of_flag(default: Any) -> str:
    """Why a flag that nothing switches off cannot be searched."""
    if default is UNKNOWN:
        return "its default cannot be read"
    return "is true without the flag, and what the flag does depends on the version of click" if default else ""


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
