"""What looks like a domain and is none: a slip of the hand, or what other tools take.

It is refused, never taken for a constant, and where it can be told what is meant, that is named. Honest text that would
be refused, such as ``Adam(lr=0.1)``, is a choice of one: ``choice(['Adam(lr=0.1)'])``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from difflib import get_close_matches
from typing import Any

from tunekit_core.errors import ConfigurationError
from tunekit_core.space.domain import Domain, as_lists, as_number, is_value, plain
from tunekit_core.space.text import EXAMPLES, FUNCTIONS, parse_domain

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
NAME = r"(?P<name>[^\W\d][\w.-]*(?: +[^\W\d][\w.-]*)?)"
CALL = re.compile(rf"\s*~?\s*{NAME}\s*\(", re.DOTALL)
NOTHING_BUT_A_CALL = re.compile(r"\s*[^\W\d][\w.]*\(.*\)\s*", re.DOTALL)
OTHER_BRACKETS = re.compile(rf"\s*~?\s*{NAME}\s*[\[{{<]", re.DOTALL)
NUMBERS_ALONE = re.compile(rf"\s*~?\s*{NAME}[\s:=]+(?=[-+.\d])", re.DOTALL)
A_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
FROM_TO = re.compile(rf"\s*({A_NUMBER})\s*(?:\.\.+|…|to|->|–)\s*({A_NUMBER})\s*")
BROKEN = r"[-+]?\d*(?:\.\d+(?:[eE][-+]?\d+)?|[eE]-\d+)"  # with a point or a negative exponent: 1-2 may be a name
DASHED = re.compile(rf"\s*({BROKEN})\s*-\s*({A_NUMBER})\s*")
FAR_APART = 100  # times as large
QUOTES_AND_BRACKETS = " '\"()[]{}<>"
NEAR = 0.85  # how close a name is that is meant: "unifrm" is, "original" is no "ordinal"
LESS_NEAR = 0.75  # where a text is refused anyway
OTHER_NAMES = {
    "uniform": "float real double uniformfloat suggestfloat uniformvalues suggestuniform",
    "loguniform": "loguniformvalues suggestloguniform logreal logfloat reciprocal loguniformfloat",
    "randint": "int integer intuniform suggestint quniformint integers range arange randrange uniforminteger",
    "lograndint": "logint logrange loginteger uniformlogint loguniformint",
    "choice": "categorical choices suggestcategorical category gridsearch oneof enum sample",
    "finrange": "quniform linspace discreteuniform suggestdiscreteuniform quniformvalues",
    "logfinrange": "qloguniform logspace geomspace qloguniformvalues",
    "": "normal lognormal gaussian norm lognorm randn qnormal qlognormal truncnorm beta gamma expon",
}
"""By the domain that is meant what other tools call it, in small letters; by nothing what we have no domain for."""
MEANT = {other: name for name, others in OTHER_NAMES.items() for other in others.split()} | {
    name: name for name in FUNCTIONS
}
KIND_KEYS = ("distribution", "_type", "type", "dist", "domain", "sampler")
LOWER = ("min", "lower", "low", "minvalue", "lower_bound", "_min")
UPPER = ("max", "upper", "high", "maxvalue", "upper_bound", "_max")
LISTS = ("values", "choices", "categories", "_value", "options", "bounds", "range")
CHOICE_OF_ONE = "Text that is no domain is a choice of one: choice([{!r}])."
NO_SUCH = "a domain with bounds, such as uniform(0.0, 0.9)"


def text_like_a_domain(text: str) -> bool:
    """Whether a text looks like a domain: one, or what is meant to be one.

    >>> [text_like_a_domain(text) for text in ("uniform(0, 1)", "log uniform(1, 2)", "uniform[0, 1]", "Adam(lr=0.1)")]
    [True, True, True, True]
    >>> [text_like_a_domain(text) for text in ("1e-4..1", "0.001-0.1", "1 to 10")]
    [True, True, True]
    >>> [text_like_a_domain(text) for text in ("1-2", "2024-01-31", "16:9", "1e4", "3..")]
    [False, False, False, False, False]
    >>> [text_like_a_domain(text) for text in ("f(x) = 3", "data[1].csv", "normal", "model (second)")]
    [False, False, False, False]
    """
    if NOTHING_BUT_A_CALL.fullmatch(text) or text.strip() in FUNCTIONS or _from_to(text):
        return True
    if match := CALL.match(text):
        return _meant(match["name"]) is not None
    match = OTHER_BRACKETS.match(text) or NUMBERS_ALONE.match(text)
    return match is not None and _meant(match["name"], FUNCTIONS) is not None


def instead_of_text(text: str) -> str:
    """What to type instead of a text that looks like a domain and is none."""
    if match := _from_to(text):
        words = f"Write {_all_between(*map(_number_of_text, match.groups()))}"
        return f"{words}. {CHOICE_OF_ONE.format(text)}"
    match = CALL.match(text) or OTHER_BRACKETS.match(text) or NUMBERS_ALONE.match(text)
    name = _meant(match["name"] if match else text, near=LESS_NEAR)
    if name:
        words = f"Write {_call_of_text(name, text[match.end() :] if match else '')}"
    else:
        words = f"Known are: {', '.join(EXAMPLES.values())}"
    return f"{words}. {CHOICE_OF_ONE.format(text)}"


def instead_of_mapping(fields: Mapping[Any, Any]) -> str | None:
    """What to write instead of a domain as other tools have it, such as ``{"type": "uniform", "min": 0, "max": 1}``.

    Returns:
        ``None`` if the mapping does not look like a domain; an example if it cannot be told what is meant.
    """
    small = {str(key).lower(): value for key, value in fields.items()}
    kind = next((small[key] for key in KIND_KEYS if isinstance(small.get(key), str)), None)
    name = None if kind is None else _meant(kind)
    bounds = _bounds(small)
    values = next((small[key] for key in LISTS if isinstance(small.get(key), list | tuple)), None)
    if name is None and kind is not None and kind.lower() not in ("fixed", "range", "uniform", "constant"):
        return None
    if len(small) == 1 and (given := next(iter(small))) in FUNCTIONS:
        return f"Write {_call_of_text(given, str(small[given]))}"
    if kind is None and set(small) == {"value"} and is_value(plain(small["value"])):
        return f"Write {as_lists(plain(small['value']))!r}"
    if kind is None and bounds is None and not (values is not None and len(small) == 1):
        return None
    return f"Write {_domain_meant(name, kind or '', small, bounds, values)}"


def instead_of_object(entry: object) -> str:
    """What to write instead of an object that is neither a domain nor a constant."""
    function = next((each for each in EXAMPLES if each is entry), None)
    if function is not None:
        return f"It is the function {function.__name__}, and not called: write {EXAMPLES[function]}"
    if isinstance(entry, range):
        if entry.step == 1 and len(entry) > 0:
            return f"For all whole numbers in it write randint({entry.start}, {entry.stop - 1})"
        return f"For a choice of its numbers write list({entry!r})"
    if isinstance(entry, Set):
        return "A set has no order, so that its choice would differ from process to process: write a list"
    if isinstance(entry, tuple):
        numbers = [as_number(part) for part in entry]
        between = ""
        if len(numbers) == 2 and None not in numbers and sorted(numbers) == numbers:  # type: ignore[type-var]
            between = f", for all numbers between them {_all_between(*entry)}"
        return f"For a choice of its parts write the list {as_lists(plain(entry))!r}{between}"
    if (words := _of_other_tool(entry)) is not None:
        return f"Write {words}"
    if isinstance(entry, Mapping):
        if not entry:
            return "An empty mapping holds no entry"
        return instead_of_mapping(entry) or "SearchSpace.parse reads a mapping as names with dots"
    if isinstance(entry, float):
        return "It is no finite number"
    if callable(entry):
        return "A function is no domain: what is drawn, and what follows from it, is not computed by a function here"
    return f"An object of type {type(entry).__name__} is not known here"


def _from_to(text: str) -> re.Match[str] | None:
    """The two numbers of a range that is written as people do: ``1e-4..1``, ``0.001-0.1``, ``1 to 10``."""
    return FROM_TO.fullmatch(text) or DASHED.fullmatch(text)


def _number_of_text(text: str) -> float:
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _all_between(lower: float, upper: float) -> str:
    """The domain with these bounds: of whole numbers that of whole numbers; logarithmic where they are far apart."""
    name = "randint" if type(lower) is type(upper) is int else "uniform"
    prefix = "log" if 0 < FAR_APART * lower <= upper else ""
    return f"{prefix}{name}({lower!r}, {upper!r})"


def _of_other_tool(entry: object) -> str | None:
    """The domain that an object of scipy.stats, Optuna or Ray stands for."""
    frozen = getattr(entry, "dist", None)
    if frozen is not None and hasattr(entry, "support"):
        lower, upper = entry.support()
        return _domain_meant(
            _meant(getattr(frozen, "name", "")),
            "",
            {},
            (plain(lower), plain(upper)),
            None,
        )
    fields = {
        key: getattr(entry, key)
        for key in (*LOWER, *UPPER, "log", "step", "choices", "categories")
        if hasattr(entry, key)
    }
    values = next((fields[key] for key in ("choices", "categories") if isinstance(fields.get(key), list | tuple)), None)
    bounds = _bounds(fields)
    if bounds is None and values is None:
        return None
    kind = f"{type(entry).__name__} {type(getattr(entry, 'sampler', None)).__name__}"
    return _domain_meant(None, kind, fields, bounds, values)


def _meant(name: str, among: Mapping[str, Any] = MEANT, near: float = NEAR) -> str | None:
    """The domain that a name means, the empty text if it means one that we do not have, else ``None``."""
    bare = re.sub(r"[\W_]", "", name.rpartition(".")[2]).lower()
    close = [bare] if bare in among else get_close_matches(bare, FUNCTIONS, n=1, cutoff=near)
    return MEANT[close[0]] if close else None


def _bounds(fields: Mapping[str, Any]) -> tuple[Any, Any] | None:
    lower = next((fields[key] for key in LOWER if as_number(fields.get(key)) is not None), None)
    upper = next((fields[key] for key in UPPER if as_number(fields.get(key)) is not None), None)
    return None if lower is None or upper is None else (lower, upper)


def _domain_meant(
    name: str | None, kind: str, fields: Mapping[str, Any], bounds: tuple[Any, Any] | None, values: Any
) -> str:
    is_log = "log" in kind.lower() or bool(fields.get("log")) or bool(fields.get("log_scale"))
    if values and (kind == "range" or (bounds is None and name not in (None, "choice"))):
        numbers = [as_number(part) for part in values]
        bounds = (values[0], values[1]) if len(values) == 2 and None not in numbers else None
    if bounds is None:
        if values is not None and is_value(plain(values)):
            return f"the list {as_lists(plain(values))!r}"
        return EXAMPLES[FUNCTIONS[name]] if name else NO_SUCH
    if name in (None, "", "choice", "finrange", "logfinrange") or kind == "range":
        whole = all(type(bound) is int for bound in bounds) and "float" not in kind.lower()
        name = ("log" if is_log else "") + ("randint" if whole or "int" in kind.lower() else "uniform")
    elif is_log and not name.startswith("log"):
        name = f"log{name}"
    return _call(name, [repr(bound) for bound in bounds])


def _call_of_text(name: str, arguments: str) -> str:
    """The call of a domain with what stands in a text, if it is one, else an example of it."""
    if name not in ("choice", "ordinal"):
        return _call(name, NUMBER.findall(arguments))
    parts = [part.strip(QUOTES_AND_BRACKETS) for part in re.split("[,|;]", arguments)]
    categories = [part if NUMBER.fullmatch(part) else repr(part) for part in parts if part]
    return _call(name, [f"[{', '.join(categories)}]"])


def _call(name: str, arguments: list[str]) -> str:
    """The call of a domain with the first of these arguments, if it is one, else an example of it."""
    function: Callable[..., Domain] = FUNCTIONS[name]
    for count in (3, 2, 1):
        text = f"{name}({', '.join(arguments[:count])})"
        try:
            parse_domain(text)
        except ConfigurationError:
            continue
        return f"{text}, both ends included" if "randint" in name else text
    return EXAMPLES[function]
