"""What is wrong with an argument that Hydra cannot read, without the words of its parser."""

from __future__ import annotations

import re
import shlex

from tunekit.config.arguments import SPACE
from tunekit.config.free_names import decoded_text
from tunekit.config.hydra_values import quoted

TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\\.|.""", re.DOTALL)
PAIRS = {")": "(", "]": "[", "}": "{"}
MISSING = re.compile(r"(^|[,\[({])\s*,|,\s*$|,\s*[\])}]")
KEY = re.compile(r"[\w$][\w$-]*([.@/][\w$][\w$-]*)*")
CALL = re.compile(r"(?P<name>[^\W\d]\w*)\s*\(")


def cannot_be_read(override: str) -> str:
    """A message for an argument, with what to type next.

    Args:
        override: As Hydra was given it.
    """
    typed = decoded_text(override.lstrip("+"))
    key, _, value = typed.partition("=")
    message = f"'{typed}' cannot be read: {_reason(key, value)}. {_remedy(key, value)}"
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message)


def _reason(key: str, value: str) -> str:
    if not KEY.fullmatch(key.lstrip("~")):
        return f"'{key}' is no name of an option"
    open_brackets: list[str] = []
    for match in TOKEN.finditer(value):
        sign = match[0]
        if sign in "'\"":
            return f"the quotation mark {sign} is not closed"
        if sign in PAIRS.values():
            open_brackets.append(sign)
        elif sign in PAIRS and (not open_brackets or open_brackets.pop() != PAIRS[sign]):
            return f"the bracket {sign} was not opened"
    if open_brackets:
        return f"the bracket {open_brackets[-1]} is not closed"
    if MISSING.search(value):
        return "there is nothing before or after a comma"
    if value.strip().startswith("("):
        return "a list has square brackets, as in [1,2]"
    if match_of_call := CALL.search(value):
        return f"what begins with {match_of_call['name']}( is neither a list nor plain text"
    return "its value is neither a number, plain text nor a list"


def _remedy(key: str, value: str) -> str:
    if not KEY.fullmatch(key.lstrip("~")):
        return "Options are written key=value, such as seed=3."
    if f"{key}.".startswith(SPACE):
        return (
            f'Each domain is written on its own and in quotes: "{SPACE}lr=loguniform(1e-4,1e-1)"; a list is a choice '
            f"of its elements: '{SPACE}units=[16,32,64]'."
        )
    if not value.isprintable():
        return "Signs that cannot be seen, such as the end of a line, are no part of it."
    as_text = shlex.quote(key + "=" + quoted(value, mark='"'))
    return (
        "What the shell might change (brackets, commas with blanks, stars) goes in quotes, such as 'seed=range(20)'. "
        f"Text with such signs needs quotes of its own: {as_text}"
    )
