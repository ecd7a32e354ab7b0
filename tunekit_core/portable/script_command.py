"""The command of a script: words with placeholders, and what they become for one configuration.

======================================= ================================================================================
``{NAME}``                              the value of one entry of the space
``{arguments}``                         ``--NAME VALUE`` for each entry that no other placeholder takes
``{flags}``, ``{no_flags}``             what is true or false: ``--NAME`` or nothing, ``--NAME`` or ``--no-NAME``
``{overrides}``                         ``NAME=VALUE`` as Hydra reads it, for each entry that no other placeholder takes
``{json}``, ``{yaml}``                  the path of a file with the entries that no other placeholder takes
``{json:FILE}``, ``{yaml:FILE}``        the path of a copy of a file in which these are set
``{none}``                              nothing: the program reads the file that ``TUNEKIT_CONFIGURATION`` names
``{checkpoint}``, ``{seed}``            the folder of the trial's checkpoint; a number of its own
======================================= ================================================================================

``{{`` and ``}}`` are braces. A command that passes no entry has ``{arguments}`` at its end.

A job of a cloud gets this file alone: it needs nothing but Python 3.8, and imports nothing of ours.
"""

from __future__ import annotations

import copy
import json
import os
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
SEVERAL_WORDS = ("arguments", "flags", "no_flags", "overrides", "none")
FLAGS, FILES, OF_TRIAL = ("flags", "no_flags"), ("json", "yaml"), ("checkpoint", "seed")
REST = ("arguments", "overrides", "none", *FILES)
"""What takes every entry that no other placeholder takes."""
OWN = (*SEVERAL_WORDS, *FILES, *OF_TRIAL)
NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")  # what argparse takes for a number rather than an option; not -1e-05
BEFORE_QUOTE = re.compile(r"(\\*)('|\Z)")
BEFORE_INTERPOLATION = re.compile(r"(\\*)\$\{")
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
NO_TEXT_IN_YAML = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


class BadCommand(ValueError):
    """A command that has no meaning; the message is the end of a sentence that begins with the command."""


class Placeholder(NamedTuple):
    """What stands between braces: ``{lr}``, or ``{json:base.json}`` with a file."""

    name: str
    file: str = ""

    def __str__(self) -> str:
        return "{" + (f"{self.name}:{self.file}" if self.file else self.name) + "}"


class Rendered(NamedTuple):
    """A command as it is started.

    Attributes:
        words: The program and its arguments.
        files: Those that it is to read, by their paths.
    """

    words: list[str]
    files: dict[str, str]


def literal_word(text: str) -> str:
    """A word that stands for itself, whatever is in it."""
    return text.replace("{", "{{").replace("}", "}}")


def plain_word(word: str) -> str | None:
    """The word itself; ``None`` if it has placeholders.

    Raises:
        BadCommand: If it has a brace by itself.
    """
    pieces = _pieces(word)
    return None if any(isinstance(piece, Placeholder) for piece in pieces) else "".join(map(str, pieces))


def placeholders_of(words: Sequence[str]) -> list[Placeholder]:
    """All placeholders of a command, in their order.

    Raises:
        BadCommand: If a word has a brace by itself.
    """
    return [piece for word in words for piece in _pieces(word) if isinstance(piece, Placeholder)]


def with_arguments(words: Sequence[str]) -> tuple[str, ...]:
    """The command with ``{arguments}`` at its end if it passes no entry of the space."""
    passes = any(placeholder.name not in OF_TRIAL for placeholder in placeholders_of(words))
    return (*words, *(() if passes else ("{arguments}",)))


def render_command(
    words: Sequence[str],
    configuration: Mapping[str, Any],
    *,
    templates: Mapping[str, Mapping[str, Any]],
    folder: str,
    checkpoint: str,
    seed: int,
) -> Rendered:
    """The command for one configuration.

    Args:
        words: With placeholders.
        configuration: By name numbers, texts, booleans, ``None``, and lists of these, as JSON has them.
        templates: What the files hold that placeholders name.
        folder: Where files for the program will be.
        checkpoint: What ``{checkpoint}`` is.
        seed: What ``{seed}`` is.

    Raises:
        BadCommand: If it does not fit the configuration.
    """
    words = with_arguments(words)
    names = {placeholder.name for placeholder in placeholders_of(words)}
    rest = {name: value for name, value in configuration.items() if name not in names - set(OWN)}
    flags = {name: value for name, value in rest.items() if isinstance(value, bool) and names & set(FLAGS)}
    rest = {name: value for name, value in rest.items() if name not in flags}
    of_trial = {"checkpoint": checkpoint, "seed": str(seed)}
    rendered = Rendered([], {})
    for word in words:
        pieces = _pieces(word)
        if len(pieces) == 1 and isinstance(pieces[0], Placeholder) and pieces[0].name not in (*FILES, *OF_TRIAL):
            name = pieces[0].name
            if name in FLAGS:
                rendered.words.extend(_flags(flags, name == "no_flags"))
            elif name in SEVERAL_WORDS:
                rendered.words.extend(_rest(rest, name))
            else:
                rendered.words.extend(_words(_value(configuration, name)))
            continue
        text = ""
        for piece in pieces:
            if isinstance(piece, str):
                text += piece
            elif piece.name in FILES:
                path = os.path.join(folder, _file_name(piece, rendered.files))
                tree = nested(rest, templates[piece.file] if piece.file else {})
                rendered.files[path] = as_yaml(tree) if piece.name == "yaml" else json.dumps(tree, indent=1) + "\n"
                text += path
            else:
                text += of_trial[piece.name] if piece.name in of_trial else _text(_value(configuration, piece.name))
        rendered.words.append(text)
    return rendered


def nested(values: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a template in which values are set: the name ``optim.lr`` is ``lr`` in the mapping ``optim``.

    Raises:
        BadCommand: If a value would replace a mapping, or lie in what is none.
    """
    tree = copy.deepcopy(dict(template))
    for name, value in values.items():
        _put(tree, name, value, name)
    return tree


def as_yaml(tree: Mapping[str, Any]) -> str:
    """A mapping as YAML whose types are the same for version 1.1, as PyYAML reads it, and 1.2."""
    return "".join(_block(tree, "")) if tree else "{}\n"


def hydra_text(text: str) -> str:
    r"""A text as it stands in an override of Hydra that sets it unchanged.

    >>> print(hydra_text("it's ${here}"))
    'it\'s \${here}'
    """
    text = BEFORE_INTERPOLATION.sub(lambda found: found[1] * 2 + "\\${", text)
    # Backslashes count only before a mark, the closing one included, and are doubled there.
    return "'" + BEFORE_QUOTE.sub(lambda found: found[1] * 2 + (found[2] and "\\'"), text) + "'"


def _pieces(word: str) -> list[str | Placeholder]:
    pieces: list[str | Placeholder] = []
    end = 0
    for found in PIECE.finditer(word):
        pieces.append(word[end : found.start()])
        end = found.end()
        if found[0] in ("{{", "}}"):
            pieces.append(found[0][0])
        elif found[1] is None:
            raise BadCommand(
                f"has a '{found[0]}' by itself in {word!r}. A placeholder is written {{lr}}, without blanks, and a "
                "brace that is meant as one is written {{ or }}"
            )
        else:
            name, _, file = found[1].partition(":")
            pieces.append(Placeholder(name, file) if name in FILES and file else Placeholder(found[1]))
    pieces.append(word[end:])
    return [piece for piece in pieces if piece != ""]


def _value(configuration: Mapping[str, Any], name: str) -> Any:
    if name not in configuration:
        raise BadCommand(f"has the placeholder {{{name}}}, and there is no '{name}' in the configuration")
    return configuration[name]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, bool) else json.dumps(value)


def _words(value: Any) -> list[str]:
    """A value as words of its own: of a list each element."""
    return [_word(each) for each in value] if isinstance(value, (list, tuple)) else [_word(value)]


def _word(value: Any) -> str:
    text = _text(value)
    # In a word of its own argparse would take it for an option.
    return format(Decimal(text), "f") if isinstance(value, float) and text.startswith("-") and "e" in text else text


def _rest(values: Mapping[str, Any], name: str) -> list[str]:
    if name == "arguments":
        return [word for name, value in values.items() for word in _argument(name, value)]
    return [f"{name}={_hydra(value)}" for name, value in values.items()] if name == "overrides" else []


def _flags(values: Mapping[str, bool], with_no: bool) -> list[str]:
    return [f"--{name}" if value else f"--no-{name}" for name, value in values.items() if value or with_no]


def _argument(name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [f"--{name}", *_words(value)]
    text = _text(value)
    # A text that begins with a dash would be taken for the next option, unless it is part of this one.
    takes_for_option = text.startswith("-") and not NEGATIVE.fullmatch(text)
    return [f"--{name}={text}"] if takes_for_option else [f"--{name}", text]


def _hydra(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_hydra, value)) + "]"
    return hydra_text(value) if isinstance(value, str) else json.dumps(value)


def _file_name(placeholder: Placeholder, files: Mapping[str, str]) -> str:
    stem = os.path.splitext(os.path.basename(placeholder.file))[0] or "configuration"
    return f"{len(files)}-{stem}.{placeholder.name}"  # two files may have one name


def _put(tree: dict[str, Any], name: str, value: Any, whole: str) -> None:
    first, dot, deeper = name.partition(".")
    if name in tree or not dot:
        if isinstance(tree.get(name), dict):
            raise BadCommand(f"would put the value of '{whole}' where a mapping is in the file: name what lies in it")
        if not name:
            raise BadCommand(f"would put '{whole}' into a file, where each part between its dots needs a name")
        tree[name] = value
        return
    if tree.get(first) is None and first:
        tree[first] = {}
    inner = tree.get(first)
    if not isinstance(inner, dict):
        raise BadCommand(f"would put '{whole}' into a file where '{first}' is no mapping but {json.dumps(inner)}")
    _put(inner, deeper, value, whole)


def _block(tree: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{_key(key)}:\n", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{_key(key)}: {_flow(value)}\n")
    return lines


def _key(key: str) -> str:
    return key if PLAIN_KEY.fullmatch(key) and key.lower() not in NO_TEXT_IN_YAML else _quoted(key)


def _flow(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, float):
        return _float(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _float(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = ".nan" if value != value else repr(value)
    return text if "." in text else text.replace("e", ".0e")  # 1e-05 is a text for PyYAML


def _quoted(text: str) -> str:
    return '"' + "".join(map(_sign, text)) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"
