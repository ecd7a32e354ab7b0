"""Functions that make domains, and the readers of their text and JSON forms."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from tunekit_core.errors import ConfigurationError, shown, suggestion
from tunekit_core.space.categorical import Choice, Kind, Ordinal
from tunekit_core.space.domain import Domain, Value
from tunekit_core.space.finite import FiniteRange
from tunekit_core.space.numbers import Integer, Real


def uniform(lower: float, upper: float) -> Domain:
    """Real numbers from ``lower`` to ``upper``, uniform."""
    return Real(lower, upper)


def loguniform(lower: float, upper: float) -> Domain:
    """Real numbers above 0 whose logarithm is uniform, such as a learning rate."""
    return Real(lower, upper, "log")


def reverseloguniform(lower: float, upper: float) -> Domain:
    """Real numbers from 0 to below 1 such that the logarithm of 1 - value is uniform, such as a momentum."""
    return Real(lower, upper, "reverse log")


def randint(lower: int, upper: int) -> Domain:
    """Integers from ``lower`` to ``upper``, the upper end included, uniform; a single one if they are equal."""
    return Integer(lower, upper)


def lograndint(lower: int, upper: int) -> Domain:
    """Integers from ``lower`` to ``upper``, the upper end included, uniform on the logarithmic scale.

    Integer v has the weight of the interval from log(v - 0.5) to log(v + 0.5). The two ends have theirs in
    full, while rounding a number between the logarithms of the bounds would halve them.
    """
    return Integer(lower, upper, log=True)


def choice(categories: Sequence[Value]) -> Domain:
    """Unordered categories, all with equal weight. The first one is the default."""
    return Choice(categories)


def ordinal(categories: Sequence[Value], kind: Kind | None = None) -> Domain:
    """Ordered categories, all with equal weight when drawn.

    Args:
        categories: Text, numbers, truth values or ``None``, in order.
        kind: Distances in the encoding: ``"equal"``, by value (``"nn"``) or by its logarithm (``"nn-log"``).
            ``None`` is ``"nn"`` for increasing numbers and ``"equal"`` for anything else.
    """
    return Ordinal(categories, kind)


def finrange(lower: float, upper: float, size: int, cast_int: bool = False) -> Domain:
    """``size`` numbers at equal distances from ``lower`` to ``upper``, both included, with equal weights.

    ``finrange(lower, lower, 1)`` is a single number.
    """
    return FiniteRange(lower, upper, size, cast_int=cast_int)


def logfinrange(lower: float, upper: float, size: int, cast_int: bool = False) -> Domain:
    """``size`` numbers at equal ratios from ``lower`` to ``upper``, both included, with equal weights.

    ``logfinrange(8, 64, 4, cast_int=True)`` is 8, 16, 32, 64.
    """
    return FiniteRange(lower, upper, size, log=True, cast_int=cast_int)


EXAMPLES: Mapping[Callable[..., Domain], str] = {
    uniform: "uniform(0.0, 0.9)",
    loguniform: "loguniform(0.0001, 0.1)",
    reverseloguniform: "reverseloguniform(0.9, 0.999)",
    randint: "randint(1, 64)",
    lograndint: "lograndint(1, 64)",
    choice: "choice(['relu', 'tanh'])",
    ordinal: "ordinal([16, 32, 64])",
    finrange: "finrange(0.0, 0.6, 3)",
    logfinrange: "logfinrange(8, 64, 4, cast_int=True)",
}
FUNCTIONS: Mapping[str, Callable[..., Domain]] = {function.__name__: function for function in EXAMPLES}


def parse_domain(text: str) -> Domain:
    """The domain that a text such as ``loguniform(0.0001, 0.1)`` describes.

    The text is read, never run: a function of this module with numbers, quoted text, lists, ``True``,
    ``False`` and ``None`` as arguments.

    Raises:
        ConfigurationError: If the text is not of that form, or the domain cannot be built.
    """
    if not isinstance(text, str):
        raise ConfigurationError(f"{shown(text)} is no text, and so not a domain. {_known()}", value=text)
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        reason = f"{text!r} is not a domain: {error.args[0]}."
        raise ConfigurationError(f"{reason} {_known()}", value=text) from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ConfigurationError(f"{text!r} is not a domain. {_known()}", value=text)
    keywords = {str(keyword.arg): _literal(keyword.value, text) for keyword in call.keywords}
    return build_domain(call.func.id, [_literal(argument, text) for argument in call.args], keywords)


def domain_from_json(payload: Mapping[str, Any]) -> Domain:
    """The domain that :meth:`Domain.to_json` wrote.

    Raises:
        ConfigurationError: If the name or an argument is not known, or the domain cannot be built.
    """
    arguments = {key: value for key, value in payload.items() if key != "domain"}
    return build_domain(str(payload.get("domain")), (), arguments)


def build_domain(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Domain:
    """The domain that a function of this module makes.

    Raises:
        ConfigurationError: If no function has that name, the arguments do not fit it, or it refuses them.
    """
    if name not in FUNCTIONS:
        raise ConfigurationError(f"No domain is named '{name}'. {suggestion(name, FUNCTIONS)}{_known()}", value=name)
    function = FUNCTIONS[name]
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise ConfigurationError(
            f"{name} takes ({', '.join(signature.parameters)}), as in {EXAMPLES[function]}: {error}.",
            value=name,
        ) from error
    return function(*bound.args, **bound.kwargs)


def _literal(node: ast.expr, text: str) -> Any:
    if isinstance(node, ast.Name):
        raise ConfigurationError(f"{text}: text must be quoted: write '{node.id}' in quotes.", value=text)
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(element, text) for element in node.elts]
    try:
        return cast(object, ast.literal_eval(node))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{text}: {ast.unparse(node)} must be a number, quoted text, True, False, None or a list of these.",
            value=text,
        ) from error


def _known() -> str:
    return f"Known are: {', '.join(EXAMPLES.values())}."
