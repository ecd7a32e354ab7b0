"""What a code object does, without where it was written.

Instructions are followed as the interpreter follows them, from the first one along each jump. So that neither comments
nor most ways to break lines count, what the compiler adds or joins for the sake of line numbers is undone: instructions
that do nothing, jumps to jumps, and pairs of instructions that are one where they come from the same line.
"""

from __future__ import annotations

import dis
import hashlib
import inspect
import re
from collections.abc import Iterator
from itertools import islice, takewhile
from types import CodeType
from typing import NamedTuple

from tunekit.functions.canonical.constants import encoded
from tunekit.sources.imports import Import

_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ITERABLE_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_ALWAYS_JUMP = {"JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
_ENDS = {"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"}
_PAIRS = {  # since Python 3.13
    "LOAD_FAST_LOAD_FAST": ("LOAD_FAST", "LOAD_FAST"),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
_OPPOSITES = {"POP_JUMP_IF_TRUE": "POP_JUMP_IF_FALSE", "POP_JUMP_IF_NOT_NONE": "POP_JUMP_IF_NONE"}
_READS_GLOBAL = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_READS_ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}
# What the body of a class begins or ends with
_ABOUT_A_CLASS = {"__doc__", "__qualname__", "__firstlineno__", "__static_attributes__"}


class CodeForm(NamedTuple):
    """What a code object does, and what it uses.

    Attributes:
        digest: Of what it does, with the functions and classes that are written inside it.
        names: Global names that it reads, in alphabetical order, each with the attributes that are read of it at once:
            ``package.module.function`` gives ``("module", "function")``.
        imports: The imports inside it.
    """

    digest: bytes
    names: dict[str, set[tuple[str, ...]]]
    imports: set[Import]


def code_form(code: CodeType) -> CodeForm:
    """Describe what code does. Names of files, numbers of lines, docstrings and its own name do not count."""
    digest = hashlib.sha256()
    names: dict[str, set[tuple[str, ...]]] = {}
    imports: set[Import] = set()
    instructions = _Instructions(code)
    for operation, argument in instructions.walk():
        if isinstance(argument, CodeType):
            inner = code_form(argument)
            for name, attributes in inner.names.items():
                names.setdefault(name, set()).update(attributes)
            imports |= inner.imports
            argument = inner.digest
        part = encoded((operation, argument))
        assert part is not None, argument  # the compiler makes no other constants
        digest.update(part)
    for name, attributes_read in instructions.globals():
        names.setdefault(name, set()).add(attributes_read)
    imports.update(instructions.imports())
    n_arguments = code.co_argcount + code.co_kwonlyargcount
    n_arguments += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    signature = (
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_varnames[:n_arguments],
        code.co_flags & _FLAGS,
    )
    digest.update(encoded(signature) or b"")
    return CodeForm(digest.digest(), dict(sorted(names.items())), imports)


class _Instruction(NamedTuple):
    operation: str
    argument: object  # what it means
    target: int | None  # offset
    offset: int


class _Instructions:
    def __init__(self, code: CodeType) -> None:
        bytecode = dis.Bytecode(code)
        self._list: list[_Instruction] = []
        self._at: dict[int, int] = {}  # place in the list of what begins at an offset
        for instruction in bytecode:
            self._at[instruction.offset] = len(self._list)
            self._list.extend(_read(instruction, code.co_consts))
        self._handlers = self._read_handlers(bytecode)
        self._without_effect = set(self._places_without_effect(code))

    def walk(self) -> Iterator[tuple[str, object]]:
        """Each instruction once, with what its argument means, and where it goes on for all but the next one."""
        numbers: dict[int | None, int] = {}
        waiting = [self._effective(0)]
        while waiting:
            place = waiting.pop()
            if place in numbers:
                yield "go on at", numbers[place]
                continue
            numbers[place] = len(numbers)
            if place is None:
                yield "loop for ever", None
                continue
            instruction = self._list[place]
            operation = instruction.operation
            follows = []
            if operation not in _ENDS and place + 1 < len(self._list):
                follows.append(self._effective(place + 1))
            if instruction.target is not None:
                follows.append(self._effective(self._at[instruction.target]))
            if operation in _OPPOSITES:
                operation = _OPPOSITES[operation]
                follows.reverse()
            yield operation, instruction.argument
            if place in self._handlers and not operation.startswith("POP_JUMP"):  # as where its operand was made
                target, *stack = self._handlers[place]
                yield "on an error", tuple(stack)
                follows.append(self._effective(target))
            waiting.extend(reversed(follows))

    def globals(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each global name that is read, with the attributes that are read of it at once."""
        for place, instruction in enumerate(self._list):
            if instruction.operation in _READS_GLOBAL:
                followers = islice(self._list, place + 1, None)
                reads = takewhile(lambda follower: follower.operation in _READS_ATTRIBUTE, followers)
                yield _name(instruction), tuple(map(_name, reads))

    def imports(self) -> Iterator[Import]:
        for place, instruction in enumerate(self._list):
            if instruction.operation == "IMPORT_NAME":
                level, names = (before.argument for before in self._list[place - 2 : place])
                assert isinstance(level, int)
                assert names is None or isinstance(names, tuple)
                yield Import(_name(instruction), level, names or ())

    def _read_handlers(self, bytecode: dis.Bytecode) -> dict[int, tuple[int, int, bool]]:
        """For each place where an error is handled: where that is, and what is put on the stack."""
        handlers = {}
        for entry in getattr(bytecode, "exception_entries", ()):  # Python 3.10 has instructions for it
            place = self._at[entry.start]
            while place < len(self._list) and self._list[place].offset < entry.end:
                handlers[place] = (self._at[entry.target], entry.depth, entry.lasti)
                place += 1
        return handlers

    def _places_without_effect(self, code: CodeType) -> Iterator[int]:
        is_class_body = not code.co_flags & inspect.CO_OPTIMIZED
        for place, (instruction, follower) in enumerate(zip(self._list, self._list[1:], strict=False)):
            if instruction.operation == "NOP":
                yield place
            if instruction.operation != "LOAD_CONST":
                continue
            if is_class_body and follower.operation == "STORE_NAME" and _name(follower) in _ABOUT_A_CLASS:
                yield from (place, place + 1)
            if follower.operation == "MAKE_FUNCTION" and isinstance(instruction.argument, str):
                yield place  # until Python 3.10: where the function is written

    def _effective(self, place: int) -> int | None:
        """The first instruction from here on that does something; None where there is none."""
        passed = set()
        while place not in passed:
            passed.add(place)
            instruction = self._list[place]
            if place in self._without_effect:
                place += 1
            elif instruction.operation in _ALWAYS_JUMP and instruction.target is not None:
                place = self._at[instruction.target]
            else:
                return place
        return None


def _read(instruction: dis.Instruction, constants: tuple[object, ...]) -> Iterator[_Instruction]:
    operation, opcode = instruction.opname, instruction.opcode
    argument: object = instruction.arg
    target = None
    if operation == "EXTENDED_ARG":  # the high bits of the argument that follows
        return
    if operation in _PAIRS:
        for each, name in zip(_PAIRS[operation], instruction.argval, strict=True):
            yield _Instruction(each, name, None, instruction.offset)
        return
    if opcode in dis.hasconst and instruction.arg is not None:
        argument = constants[instruction.arg]
    elif opcode in dis.haslocal or opcode in dis.hasfree:
        argument = instruction.argval
    elif opcode in dis.hasname or opcode in dis.hascompare:
        argument = (instruction.argval, instruction.argrepr)  # some versions of Python add to the name in the latter
    elif opcode in _JUMPS:
        operation = operation if operation in _ALWAYS_JUMP else re.sub("_(FORWARD|BACKWARD)", "", operation)
        argument, target = None, instruction.argval
    yield _Instruction(operation, argument, target, instruction.offset)


def _name(instruction: _Instruction) -> str:
    name = instruction.argument[0] if isinstance(instruction.argument, tuple) else instruction.argument
    assert isinstance(name, str)
    return name
