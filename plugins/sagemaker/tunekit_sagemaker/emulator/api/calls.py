"""Which operation of which service an HTTP request asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import attrs
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

SCOPE = re.compile(r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request")
LONGEST_FORM = 1_000_000  # bytes


@attrs.frozen(kw_only=True)
class Call:
    """One call that was answered.

    Attributes:
        service: As it is named in signatures, such as ``"logs"``.
        operation: Such as ``"GetLogEvents"``.
        time: When it came, in seconds since the epoch.
        seconds: Until it was answered.
        status: Of the HTTP answer.
    """

    service: str
    operation: str
    time: float
    seconds: float
    status: int


@attrs.frozen(kw_only=True)
class Asked:
    """What a request asks for.

    Attributes:
        access_key: Whose it is; empty if it is not signed.
        region: For which it is signed.
        service: For which it is signed.
        operation: Its name; empty if that cannot be told.
    """

    access_key: str
    region: str
    service: str
    operation: str


def asked(environ: Mapping[str, Any], form: bytes) -> Asked:
    """Read it from a WSGI environment.

    Args:
        environ: Of the request.
        form: The body, where it is a form.
    """
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if "X-Amz-Credential" in query:  # a link that was signed before
        signature = f"Credential={query['X-Amz-Credential'][0]}"
    scope = SCOPE.search(signature)
    access_key, region, service = scope.groups() if scope else ("", "us-east-1", "")
    return Asked(
        access_key=access_key, region=region, service=service, operation=_operation(environ, query, service, form)
    )


def _operation(environ: Mapping[str, Any], query: Mapping[str, list[str]], service: str, form: bytes) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target).rpartition(".")[2]
    if service == "s3":
        return _s3_operation(environ, query)
    action = parse_qs(form.decode("utf-8", "replace")).get("Action") or query.get("Action") or [""]
    return action[0]


def _s3_operation(environ: Mapping[str, Any], query: Mapping[str, list[str]]) -> str:
    """The operation that asks for most of what the request has."""
    bucket, _, key = environ.get("PATH_INFO", "/").lstrip("/").partition("/")
    level = "key" if key else "bucket" if bucket else "service"
    best, most = "", -1
    for name, method, at, values, headers in _s3_operations():
        if (method, at) != (environ["REQUEST_METHOD"], level) or not all(header in environ for header in headers):
            continue
        fits = all(key in query and (not value or query[key] == [value]) for key, value in values)
        if fits and len(values) + len(headers) > most:
            best, most = name, len(values) + len(headers)
    return best


@cache
def _s3_operations() -> list[tuple[str, str, str, tuple[tuple[str, str], ...], tuple[str, ...]]]:
    """Of each operation its name, method, what it is about, and what its query and its headers have to hold."""
    model = ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")
    return [_s3_signs(model.operation_model(name)) for name in model.operation_names]


def _s3_signs(operation: OperationModel) -> tuple[str, str, str, tuple[tuple[str, str], ...], tuple[str, ...]]:
    path, _, static = operation.http["requestUri"].partition("?")
    level = "key" if "{Key+}" in path else "bucket" if "{Bucket}" in path else "service"
    values = [(key, found[0]) for key, found in parse_qs(static, keep_blank_values=True).items() if key != "x-id"]
    headers = []
    shape = operation.input_shape
    for name in shape.required_members if shape is not None else ():
        where = shape.members[name].serialization
        if where.get("location") == "querystring":
            values.append((where["name"], ""))
        elif where.get("location") == "header":
            headers.append("HTTP_" + where["name"].upper().replace("-", "_"))
    return operation.name, operation.http["method"], level, tuple(values), tuple(headers)
