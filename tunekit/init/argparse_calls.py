"""Reads parsers of argparse: follows the calls that make them, through functions and modules, without making one."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import attrs

from tunekit.init.argparse_arguments import Declared, declared_argument
from tunekit.init.argparse_dests import arguments_of
from tunekit.init.arguments import Interface, Level, command_that_trains
from tunekit.init.modules import Module, Program, dotted_name
from tunekit.init.values import UNKNOWN, ClassOf, Values

PARSERS = ("ArgumentParser", "ArgParser")  # of argparse, configargparse and classes that inherit from these
NOT_OURS = ("HfArgumentParser", "simple_parsing.ArgumentParser")
MOST_CALLS = 2000
Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.define(eq=False)
class Parser:
    """A parser, as far as it has been built.

    Attributes:
        arguments: What it takes itself.
        commands: Its commands, by name.
        defaults: By dest what ``set_defaults`` says.
    """

    arguments: list[Declared] = attrs.field(factory=list)
    commands: dict[str, Parser] = attrs.field(factory=dict)
    defaults: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Adder:
    """The method of a parser that declares an argument, under a name of its own: ``add = parser.add_argument``."""

    parser: Parser


@attrs.define(eq=False)
class Object:
    """An object of a class of the user's, by the names of its attributes."""

    module: Module
    node: ast.ClassDef
    names: dict[str, Any] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Scope:
    """Names and what they stand for: parsers, objects, or values."""

    module: Module
    names: dict[str, Any] = attrs.field(factory=dict)
    returned: Any = UNKNOWN


def read_argparse(program: Program, values: Values) -> Interface | None:
    """What parsers of argparse take; ``None`` if there are none."""
    reading = _Reading(program, values)
    reading.run_module(program.script)
    reading.run_what_is_left()
    parser = next((each for each in reading.parsers if each.arguments or each.commands), None)
    if parser is None:
        return None
    for other in reading.parsers:  # a parser of its own for a part, by parse_known_args
        if other is not parser and not any(other is sub for sub in _all_below(parser)):
            parser.arguments += other.arguments
    return Interface(reader="argparse", levels=_levels(parser), notes=reading.notes)


def _all_below(parser: Parser) -> list[Parser]:
    return [each for sub in parser.commands.values() for each in (sub, *_all_below(sub))]


def _levels(parser: Parser) -> list[Level]:
    levels = [Level(arguments=arguments_of(parser.arguments))]
    while parser.commands:
        names = {name: len(sub.arguments) for name, sub in parser.commands.items()}
        name = command_that_trains(names)
        parser = parser.commands[name]
        others = tuple(other for other in names if other != name)
        levels.append(Level(words=(name,), arguments=arguments_of(parser.arguments), other_commands=others))
    return levels


class _Reading:
    def __init__(self, program: Program, values: Values) -> None:
        self.parsers: list[Parser] = []
        self.notes: list[str] = []
        self._program = program
        self._values = values
        self._modules: dict[int, Scope] = {}
        self._running: list[ast.AST] = []
        self._seen: set[ast.AST] = set()
        self._loose: Parser | None = None  # for arguments of a parser that comes from nowhere
        self._n_calls = 0

    def run_module(self, module: Module) -> Scope:
        if id(module) not in self._modules:
            self._modules[id(module)] = scope = Scope(module)
            self._body(module.tree.body, scope)
        return self._modules[id(module)]

    def run_what_is_left(self) -> None:
        """Functions that declare arguments and that nothing calls where it can be seen."""
        for module in self._program.imported_modules():
            for node in ast.walk(module.tree) if b"add_argument" in module.source else ():
                declares = (
                    isinstance(node, Function)
                    and node not in self._seen
                    and any(isinstance(part, ast.Attribute) and part.attr == "add_argument" for part in ast.walk(node))
                )
                if declares:
                    self._run(node, Scope(module, {}))  # type: ignore[arg-type]

    def _body(self, body: list[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._statement(statement, scope)

    def _statement(self, statement: ast.stmt, scope: Scope) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                is_from = isinstance(statement, ast.ImportFrom)
                whole = scope.module.imported.get(alias.asname or alias.name, "") if is_from else alias.name
                for dotted in (whole, whole.rpartition(".")[0]):
                    module = self._program.local(dotted)
                    if module is not None:
                        self.run_module(module)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            value = self._value(statement.value, scope) if statement.value is not None else UNKNOWN
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                self._bind(target, value, scope)
        elif isinstance(statement, ast.Return):
            value = self._value(statement.value, scope) if statement.value is not None else UNKNOWN
            scope.returned = value if value is not UNKNOWN else scope.returned
        elif isinstance(statement, ast.For):
            self._loop(statement, scope)
        elif not isinstance(statement, ast.ClassDef | Function):
            before = dict(scope.names)
            for field, part in ast.iter_fields(statement):
                if isinstance(part, ast.expr):
                    self._value(part, scope)
                elif isinstance(part, list) and field in ("body", "orelse", "finalbody"):
                    self._body(part, scope)
            for handler in getattr(statement, "handlers", []):
                self._body(handler.body, scope)
            if isinstance(statement, ast.If | ast.While | ast.Try) and "__name__" not in ast.dump(statement)[:80]:
                _forget_values(scope, before)

    def _loop(self, statement: ast.For, scope: Scope) -> None:
        elements = self._values.of(statement.iter, scope.module, _plain(scope.names))
        elements = list(elements.items()) if isinstance(elements, dict) else elements
        declares = any(isinstance(part, ast.Attribute) and part.attr == "add_argument" for part in ast.walk(statement))
        for element in elements if declares and isinstance(elements, list) else [UNKNOWN]:
            targets = statement.target.elts if isinstance(statement.target, ast.Tuple) else [statement.target]
            parts = (
                list(element) if len(targets) > 1 and isinstance(element, list | tuple) else [element] * len(targets)
            )
            for target, part in zip(targets, parts, strict=False):
                self._bind(target, part, scope)
            self._body(statement.body, scope)

    def _bind(self, target: ast.expr, value: Any, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            owner = self._value(target.value, scope)
            if isinstance(owner, Object):
                owner.names[target.attr] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, tuple) and len(value) == len(target.elts):
            for part, each in zip(target.elts, value, strict=True):
                self._bind(part, each, scope)

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        """What an expression stands for; the calls in it are followed."""
        if isinstance(node, ast.Name):
            return self._named(node.id, scope)
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value, scope)
            if isinstance(owner, Object):
                return owner.names.get(node.attr, UNKNOWN)
            if isinstance(owner, Parser) and node.attr == "add_argument":
                return Adder(owner)
            module = self._program.local(dotted_name(scope.module, node.value)) if owner is UNKNOWN else None
            if module is not None:
                return self._named(node.attr, self.run_module(module))
        elif isinstance(node, ast.Call):
            return self._call(node, scope)
        elif isinstance(node, ast.Tuple) and any(isinstance(part, ast.Name | ast.Call) for part in node.elts):
            return tuple(self._value(part, scope) for part in node.elts)
        else:
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr) and any(isinstance(each, ast.Call) for each in ast.walk(part)):
                    self._value(part, scope)
        return self._values.of(node, scope.module, _plain(scope.names))

    def _named(self, name: str, scope: Scope) -> Any:
        if name in scope.names:
            return scope.names[name]
        own = self._modules.get(id(scope.module))
        if own is not None and name in own.names:
            return own.names[name]
        owner, _, last = scope.module.imported.get(name, "").rpartition(".")
        module = self._program.local(owner)
        if module is not None and module is not scope.module:
            return self._named(last, self.run_module(module))
        return self._values.of(ast.Name(name), scope.module)

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        self._n_calls += 1
        if self._n_calls > MOST_CALLS:
            return UNKNOWN
        if isinstance(node.func, ast.Attribute):
            answer = self._method(node, node.func, scope)
            if answer is not None:
                return answer
        elif isinstance(node.func, ast.Name):
            adder = scope.names.get(node.func.id)
            if isinstance(adder, Adder):
                self._declare(adder.parser, node, scope)
                return UNKNOWN
        given = [self._value(part, scope) for part in node.args if not isinstance(part, ast.Starred)]
        named = {word.arg: self._value(word.value, scope) for word in node.keywords if word.arg}
        name = dotted_name(scope.module, node.func)
        if name.endswith(PARSERS) and not name.endswith(NOT_OURS):
            return self._new_parser(node, scope)
        found = self._program.find(scope.module, _typed(node.func))
        if found is None:
            return self._values.of(node, scope.module, _plain(scope.names))
        module, definition = found
        if isinstance(definition, ast.ClassDef):
            return self._new_object(module, definition, node, scope, given, named)
        return self._run_with(definition, module, given, named) if isinstance(definition, Function) else UNKNOWN

    def _method(self, node: ast.Call, func: ast.Attribute, scope: Scope) -> Any:
        """What a call of a method gives; ``None`` if it is a function of a module, or nothing that is known."""
        if func.attr in ("add_argument", "add") and node.args and _begins_as_argument(node, self, scope):
            self._declare(self._parser(func.value, scope), node, scope)
            return UNKNOWN
        if func.attr in ("add_argument_group", "add_mutually_exclusive_group", "add_subparsers"):
            is_required = any(word.arg == "required" and ast.unparse(word.value) == "True" for word in node.keywords)
            if is_required and func.attr == "add_mutually_exclusive_group":
                where = f"{scope.module.path.name}, line {node.lineno}"
                self.notes.append(
                    f"One argument of a group has to be given ({where}): add it to the command, unless it passes one."
                )
            return self._parser(func.value, scope)
        if func.attr == "add_parser":
            owner, name = self._parser(func.value, scope), self._plain_value(node.args[0] if node.args else None, scope)
            parser = self._new_parser(node, scope)
            if isinstance(name, str):
                owner.commands[name] = parser
            return parser
        owner = self._value(func.value, scope)
        if isinstance(owner, Parser):
            if func.attr == "set_defaults":
                self._set_defaults(owner, node, scope)
            return UNKNOWN
        if isinstance(owner, Object):
            found = self._of_class(owner.module, owner.node, func.attr)
            bound: list[Any] = [owner]
        else:
            cls = self._values.class_of(func.value, scope.module)
            if (
                cls is None
                and isinstance(func.value, ast.Call)
                and dotted_name(scope.module, func.value.func) == "super"
            ):
                instance = scope.names.get("self")
                if not isinstance(instance, Object):
                    return None
                bases = [self._values.class_of(base, instance.module) for base in instance.node.bases]
                cls, bound = next(filter(None, bases), None), [instance]
            else:
                bound = []
            found = None if cls is None else self._of_class(cls.module, cls.node, func.attr)
        if found is None:
            return None
        module, function = found
        is_static = any(dotted_name(module, each) == "staticmethod" for each in function.decorator_list)
        is_class = any(dotted_name(module, each) == "classmethod" for each in function.decorator_list)
        given = [] if is_static else [UNKNOWN] if is_class else bound
        given += [self._value(part, scope) for part in node.args]
        named = {word.arg: self._value(word.value, scope) for word in node.keywords if word.arg}
        return self._run_with(function, module, given, named)

    def _of_class(self, module: Module, node: ast.ClassDef, name: str) -> tuple[Module, Function] | None:
        for cls in reversed(self._values.bases(ClassOf(module, node))):
            for part in cls.node.body:
                if isinstance(part, Function) and part.name == name:
                    return cls.module, part
        return None

    def _new_parser(self, node: ast.Call, scope: Scope) -> Parser:
        named = [part for word in node.keywords if word.arg == "parents" for part in _elements(word.value)]
        parents = [each for each in (self._value(part, scope) for part in named) if isinstance(each, Parser)]
        parser = Parser([argument for parent in parents for argument in parent.arguments])
        parser.defaults = {dest: value for parent in parents for dest, value in parent.defaults.items()}
        self.parsers = [*(each for each in self.parsers if not any(each is parent for parent in parents)), parser]
        return parser

    def _new_object(
        self, module: Module, node: ast.ClassDef, call: ast.Call, scope: Scope, given: list[Any], named: dict[str, Any]
    ) -> Any:
        instance: Any = Object(module, node)
        init = self._of_class(module, node, "__init__")
        if any(dotted_name(module, base).endswith(PARSERS) for base in node.bases):
            instance = self._new_parser(call, scope)
        if init is not None:
            self._run_with(init[1], init[0], [instance, *given], named)
        return instance if isinstance(instance, Parser) or instance.names else self._values.of(call, scope.module)

    def _run_with(self, function: Function, module: Module, given: list[Any], named: Mapping[str, Any]) -> Any:
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        defaults = dict(
            zip(names[::-1], [self._values.of(each, module) for each in function.args.defaults[::-1]], strict=False)
        )
        scope = Scope(
            module, {**dict.fromkeys(names, UNKNOWN), **defaults, **dict(zip(names, given, strict=False)), **named}
        )
        return self._run(function, scope)

    def _run(self, function: Function, scope: Scope) -> Any:
        if function in self._running:
            return UNKNOWN
        self._seen.add(function)
        self._running.append(function)
        self._body(function.body, scope)
        self._running.pop()
        return scope.returned

    def _parser(self, node: ast.expr, scope: Scope) -> Parser:
        found = self._value(node, scope)
        if isinstance(found, Parser):
            return found
        if self._loose is None:
            self._loose = self.parsers[0] if self.parsers else Parser()
            if not self.parsers:
                self.parsers.append(self._loose)
        return self._loose

    def _plain_value(self, node: ast.AST | None, scope: Scope) -> Any:
        own = self._modules.get(id(scope.module))
        names = {**(_plain(own.names) if own is not None else {}), **_plain(scope.names)}
        return self._values.of(node, scope.module, names)

    def _declare(self, parser: Parser, node: ast.Call, scope: Scope) -> None:
        flags = [self._plain_value(part, scope) for part in node.args]
        if not all(isinstance(flag, str) and flag for flag in flags) or any(word.arg is None for word in node.keywords):
            where = f"{scope.module.path.name}, line {node.lineno}"
            self.notes.append(f"An argument is made by code that cannot be read ({where}).")
            if not all(isinstance(flag, str) and flag for flag in flags):
                return
        words = {word.arg: word.value for word in node.keywords if word.arg}
        given = {name: self._plain_value(value, scope) for name, value in words.items()}
        declared = declared_argument(flags, words, given, scope.module, node.lineno)
        if declared is not None:
            is_set = declared.dest in parser.defaults and "default" not in words
            parser.arguments.append(declared.with_default(parser.defaults[declared.dest]) if is_set else declared)

    def _set_defaults(self, parser: Parser, node: ast.Call, scope: Scope) -> None:
        """As argparse does: what is declared already gets the default, and what has none when it is declared."""
        for word in node.keywords:
            if word.arg is None:
                where = f"{scope.module.path.name}, line {node.lineno}"
                self.notes.append(f"Defaults are set by code that cannot be read ({where}): they may be others.")
                continue
            parser.defaults[word.arg] = value = self._plain_value(word.value, scope)
            parser.arguments = [
                each.with_default(value) if each.dest == word.arg else each for each in parser.arguments
            ]


def _forget_values(scope: Scope, before: Mapping[str, Any]) -> None:
    """A value that is set in one of several branches is not known behind them; a parser may well be."""
    for name, value in scope.names.items():
        if value is not before.get(name) and not isinstance(value, Parser | Object | Adder):
            scope.names[name] = UNKNOWN


def _begins_as_argument(node: ast.Call, reading: _Reading, scope: Scope) -> bool:
    """``add`` is a method of configargparse's as well as of every set."""
    assert isinstance(node.func, ast.Attribute)
    return node.func.attr == "add_argument" or isinstance(reading._value(node.func.value, scope), Parser)


def _plain(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in names.items() if not isinstance(value, Parser | Object | Adder)}


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []


def _typed(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_typed(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) and _typed(node.value) else ""
