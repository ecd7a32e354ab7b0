"""What SageMaker takes: a request is compared with botocore's description of the service before anything is sent.

botocore itself checks types, names and minimum lengths alone, so that a pattern, a maximum or a value that is not in an
enumeration shows only once AWS refuses it, or once a job that is paid for fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from tunekit_core import ConfigurationError
from tunekit_sagemaker.aws.rules import beyond_the_model

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape, StringShape, StructureShape

LONGEST_SHOWN = 100  # characters of a value in a problem
MOST_SHOWN = 10  # values of an enumeration in a problem; there are 225 types of instances
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str, datetime),
    "structure": (Mapping,),
    "map": (Mapping,),
    "list": (list, tuple),
}
# Of Java's classes of characters. Python's \w is letters, numbers and the underscore; the patterns of operations that
# are used here allow all three wherever they allow letters.
CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": "",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{Alnum}": "a-zA-Z0-9",
}


class RequestRefused(ConfigurationError):
    """SageMaker would refuse a request.

    Attributes:
        operation: Name of the operation, such as ``"CreateTrainingJob"``.
        problems: All that is wrong with it, one text each.
    """

    def __init__(self, operation: str, problems: Sequence[str]) -> None:
        found = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
        super().__init__(f"SageMaker would refuse this request for {operation}: {found}: {'; '.join(problems)}")
        self.operation = operation
        self.problems = tuple(problems)


def require_valid(operation: str, request: Mapping[str, Any]) -> None:
    """Check a request before it is sent.

    Raises:
        RequestRefused: If SageMaker would refuse it; names all problems.
    """
    problems = check_request(operation, request)
    if problems:
        raise RequestRefused(operation, problems)


def check_request(operation: str, request: Mapping[str, Any]) -> list[str]:
    """Everything for which SageMaker would refuse a request, in the words of AWS where it has some.

    Values of maps are not shown, since hyperparameters are long and variables of the environment may be secret.

    Args:
        operation: Name of the operation, such as ``"CreateTrainingJob"``.
        request: As a client of boto3 takes it, or as it arrives in JSON.

    Returns:
        One text for each problem; nothing if the request is fine.
    """
    shape = service_model().operation_model(operation).input_shape
    problems = [] if shape is None else list(_check(shape, request, ""))
    # The rules beyond the model read what they compare, so that has to have its types.
    return problems or (beyond_the_model(request) if operation == "CreateTrainingJob" else [])


def check_instance_type(name: str) -> str | None:
    """What is wrong with the name of a type of instances for training, if anything is."""
    shape = service_model().shape_for("TrainingInstanceType")
    return next(_check(shape, name, "instanceType"), None)


def instance_types() -> tuple[str, ...]:
    """The types of instances for training that the installed botocore knows."""
    return tuple(service_model().shape_for("TrainingInstanceType").enum)


@cache
def service_model() -> ServiceModel:
    """What botocore knows of SageMaker. Takes a part of a second the first time."""
    from botocore.loaders import Loader  # only where something is checked: a local run has nothing of AWS
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def _check(shape: Shape, value: Any, path: str, *, hidden: bool = False) -> Iterator[str]:
    """Problems of a value; ``hidden`` where it must not be shown."""
    from botocore.model import ListShape, MapShape, StringShape, StructureShape

    if not _has_type(shape, value):
        yield _problem(value, path, f"Member must be of type {shape.type_name}", hidden=hidden)
    elif isinstance(shape, StructureShape):
        yield from _check_structure(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _check_size(shape, len(value), value, path, "length", hidden=True)
        for key, entry in value.items():
            yield from _check(shape.key, key, f"{path}.key")
            yield from _check(shape.value, entry, f"{path}.{key}.value", hidden=True)
    elif isinstance(shape, ListShape):
        yield from _check_size(shape, len(value), value, path, "length", hidden=True)
        for number, entry in enumerate(value, start=1):
            yield from _check(shape.member, entry, f"{path}.{number}.member")
    elif isinstance(shape, StringShape):
        yield from _check_string(shape, value, path, hidden=hidden)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _check_size(shape, value, value, path, "value", hidden=hidden)


def _has_type(shape: Shape, value: Any) -> bool:
    return isinstance(value, TYPES[shape.type_name]) and (not isinstance(value, bool) or shape.type_name == "boolean")


def _check_structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _problem(None, _within(path, name), "Member must not be null")
    for name, entry in value.items():
        if name not in shape.members:
            close = get_close_matches(str(name), shape.members, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            where = f" of '{path}'" if path else ""
            yield f"Unknown member '{name}'{where}: {hint}Members are {', '.join(shape.members)}"
        elif entry is not None or name not in shape.required_members:
            yield from _check(shape.members[name], entry, _within(path, name))


def _check_string(shape: StringShape, value: str, path: str, *, hidden: bool) -> Iterator[str]:
    yield from _check_size(shape, len(value), value, path, "length", hidden=hidden)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compiled(pattern).fullmatch(value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}", hidden=hidden)
    if shape.enum and value not in shape.enum:
        yield _problem(value, path, f"Member must satisfy enum value set: [{_enumeration(value, shape.enum)}]")


def _check_size(shape: Shape, size: float, value: Any, path: str, what: str, *, hidden: bool) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _problem(value, path, f"Member must have {what} greater than or equal to {least}", hidden=hidden)
    if most is not None and size > most:
        yield _problem(value, path, f"Member must have {what} less than or equal to {most}", hidden=hidden)


def _problem(value: Any, path: str, constraint: str, *, hidden: bool = False) -> str:
    text = "null" if value is None else str(value)
    shown = "Value null" if value is None else "Value" if hidden else f"Value '{text[:LONGEST_SHOWN]}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _within(path: str, name: str) -> str:
    """AWS writes members with a small first letter: ``resourceConfig.instanceType``."""
    small = name[:1].lower() + name[1:]
    return f"{path}.{small}" if path else small


def _enumeration(value: str, allowed: Sequence[str]) -> str:
    """All that is allowed, or of many what comes closest."""
    if len(allowed) <= MOST_SHOWN:
        return ", ".join(allowed)
    close = get_close_matches(value, allowed, n=MOST_SHOWN, cutoff=0)
    return f"{', '.join(close)}, and {len(allowed) - len(close)} more"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's, where classes such as digits hold ASCII alone."""
    translated = pattern
    for java, python in CLASSES.items():
        translated = translated.replace(java, python)
    return re.compile(translated, 0 if translated != pattern else re.ASCII)
