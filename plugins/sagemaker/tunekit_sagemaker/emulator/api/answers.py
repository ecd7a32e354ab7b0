"""Answers in the forms that clients of AWS read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


def json_answer(content: Mapping[str, Any], status: int = 200, error: str | None = None) -> Response:
    """An answer of a service that speaks JSON."""
    from werkzeug.wrappers import Response

    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    if error is not None:
        headers["x-amzn-ErrorType"] = error
    return Response(json.dumps(content), status=status, headers=headers, content_type="application/x-amz-json-1.1")


def error_answer(service: str, code: str, message: str, status: int, *, speaks_json: bool) -> Response:
    """An error as a service words it."""
    from werkzeug.wrappers import Response

    if speaks_json:
        return json_answer({"__type": code, "message": message}, status, code)
    request_id = uuid.uuid4()
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        text = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    else:
        kind = "Receiver" if status >= 500 else "Sender"
        error = f"<Error><Type>{kind}</Type>{inner}</Error>"
        text = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status=status, content_type="text/xml")
