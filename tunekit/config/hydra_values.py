"""Values of the command line in the form that Hydra's grammar takes: what it does not take bare is quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tunekit.config.free_names import encoded_name

BARE = re.compile(r"[A-Za-z0-9_/\\+.$%*@?|:\s,-]*")
TOKEN = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"|(?P<mark>[()\[\]{},])"
    r"""|(?P<text>(?:\$\{[^}]*\}|\\.|[^()\[\]{},'"\\])+)"""
    r"|(?P<other>.)",
    re.DOTALL,
)
QUOTED_TEXT = r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*"""
QUOTED_TEXTS = re.compile(rf"(null|{QUOTED_TEXT}(,{QUOTED_TEXT})*)?", re.DOTALL)
NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9_/\\+.$%*@?|:\s{}-]")  # braces are those of an interpolation
BARE_KEY = re.compile(r"[A-Za-z0-9_/\\+.$%*@?|\s-]+")
KEY = re.compile(r"\s*:")
QUOTED_OR_CALL = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<call>(?<![\w$])[A-Za-z_]\w*\((?:[^()]|\([^()]*\))*\))""",
    re.DOTALL,
)
ENTRY = re.compile(r"""\s*(?P<key>'[^']+'|"[^"]+"|[^\s:'"]+)\s*:\s*(?P<value>.*\S)\s*""", re.DOTALL)
OPENING, CLOSING = "([{", ")]}"
START_OF_CALL = re.compile(r"\s*[^\W\d]\w*\s*\(")
WITH_BRACKETS = re.compile(r"""[^\s\[{('"$].*[()\[\]{}'"]""", re.DOTALL)


def readable(value: str) -> str:
    r"""A value in which texts with signs that Hydra does not take are quoted, and names in braces are its keys.

    >>> readable("verlust_ß"), readable("[a,ö]"), readable("~/a,b"), readable("[{'lr':3}]")
    ("'verlust_ß'", "[a,'ö']", "'~/a',b", '[{lr:3}]')
    """
    if BARE.fullmatch(value):
        return value
    written: list[str] = []
    brackets: list[str] = []
    position = 0
    while match := TOKEN.match(value, position):
        token, position = match[0], match.end()
        inside = brackets[-1] if brackets else ""
        is_start = not written or written[-1].strip()[-1:] in ("", ",", "{")
        if match["mark"] and token in OPENING:
            brackets.append(token)
        elif match["mark"] and token in CLOSING and brackets:
            brackets.pop()
        elif inside == "{" and is_start and match["quoted"] and KEY.match(value, position):
            token = _key(token[1:-1])
        elif match["text"] and inside == "{" and is_start and ":" in token:
            name, colon, rest = token.partition(":")
            token = _key(name) + colon + _text(rest)
        elif match["text"] and inside != "(" and not value.startswith("(", position):
            token = _text(token)
        written.append(token)
    return "".join(written)


def readable_entry(value: str) -> str:
    """The same of an entry of a search space, where what has brackets and is no list is one text, such as a domain."""
    return quoted(value) if START_OF_CALL.match(value) or WITH_BRACKETS.match(value.strip()) else readable(value)


def readable_text(value: str) -> str:
    r"""The same of what is one text, whatever signs are in it; several to sweep over are in quotes, each.

    >>> readable_text("python train.py --lr {lr}"), readable_text("'a','b'"), readable_text("null")
    ("'python train.py --lr {lr}'", "'a','b'", 'null')
    """
    return value if QUOTED_TEXTS.fullmatch(value) else quoted(value)


def quoted(text: str, mark: str = "'") -> str:
    r"""Text as Hydra reads it unchanged: in quotation marks, with a backslash before those in it.

    >>> quoted("choice(['a'])")
    "'choice([\\'a\\'])'"
    """
    # Backslashes count only before a mark, the closing one included, and are doubled there.
    return mark + re.sub(rf"(\\*)({mark}|\Z)", lambda found: found[1] * 2 + (found[2] and "\\" + mark), text) + mark


def readable_calls(value: str) -> str:
    """The same of what has calls in brackets, which Hydra takes in quotes alone, as those of an option of the sweeper.

    >>> readable_calls("[{method: BO, seed: range(5,20)}]")
    "[{method: BO, seed: 'range(5,20)'}]"
    """
    return readable(QUOTED_OR_CALL.sub(lambda found: found["quoted"] or quoted(found["call"]), value))


def entries(value: str) -> list[tuple[str, str]]:
    """The keys of a mapping and their values, each as it is typed; nothing of what is no mapping, or not one alone.

    >>> entries("{regret_bound: 0.1, max_cost: {usd: 3, a: [1,2]}}"), entries("{a: 1},{a: 2}")
    ([('regret_bound', '0.1'), ('max_cost', '{usd: 3, a: [1,2]}')], [])
    """
    if not (value.startswith("{") and value.endswith("}")):
        return []
    parts, depth = [""], 0
    for match in TOKEN.finditer(value[1:-1]):
        token = match[0]
        depth += (token in OPENING) - (token in CLOSING) if match["mark"] else 0
        if depth < 0:
            return []
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    found = [ENTRY.fullmatch(part) for part in parts]
    return [(match["key"].strip("'\""), match["value"]) for match in found if match] if all(found) else []


def as_text(value: Any) -> str:
    """A value of a file as it is typed; text at the top is left as it is, in which there may be a sweep.

    >>> as_text(None), as_text("range(3)"), as_text([1, "a b"]), as_text({"x": True})
    ('null', 'range(3)', "[1,'a b']", '{x:true}')
    """
    return value if isinstance(value, str) else _as_text(value)


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(str(name))}:{_as_text(each)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(_as_text, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value)


def _key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else encoded_name(name.strip())


def _text(text: str) -> str:
    stripped = text.strip()
    return text.replace(stripped, quoted(stripped)) if stripped and NEEDS_QUOTES.search(stripped) else text
