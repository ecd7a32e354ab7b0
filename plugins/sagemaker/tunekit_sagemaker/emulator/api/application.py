"""The WSGI application: SageMaker's requests are answered here, all others by moto, and faults come before both."""

from __future__ import annotations

import io
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tunekit_sagemaker.emulator.api.answers import error_answer, json_answer
from tunekit_sagemaker.emulator.api.calls import LONGEST_FORM, Asked, Call, asked
from tunekit_sagemaker.emulator.api.control_plane import ControlPlane
from tunekit_sagemaker.emulator.errors import ApiError
from tunekit_sagemaker.emulator.faults import LOST_ANSWER, STATUSES, TIMEOUT, Faults

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

MOST_CALLS = 200_000  # that are remembered
LONGEST_SILENCE = 600.0  # seconds; no client waits longer for an answer
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Front:
    """Takes every request.

    Whoever may send requests may run programs as this user, so those that are not signed with the key of this emulator
    are refused: it is random, and other users of the machine do not have it.

    Args:
        moto: Answers what is not SageMaker's.
        control_plane: Answers what is.
        faults: What goes wrong on demand.
        closing: Set when the emulator ends.

    Attributes:
        access_key: Of all who may use the emulator.
        own_agent: What the emulator's own clients call themselves: no fault happens to their calls, and none is
            remembered.
        calls: Those of others, the oldest first.
    """

    def __init__(
        self, moto: Application, control_plane: ControlPlane, faults: Faults, closing: threading.Event
    ) -> None:
        self._moto = moto
        self._control_plane = control_plane
        self._faults = faults
        self._closing = closing
        self.access_key = "EMU" + secrets.token_hex(8).upper()
        self.own_agent = "emulator-" + secrets.token_hex(16)
        self.calls: deque[Call] = deque(maxlen=MOST_CALLS)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        if self.own_agent in environ.get("HTTP_USER_AGENT", ""):
            return self._moto(environ, start_response)
        began, clock = time.time(), time.monotonic()
        what = asked(environ, _form(environ))
        statuses: list[int] = []

        def note(status: str, *arguments: Any) -> Any:
            statuses.append(int(status.split()[0]))
            return start_response(status, *arguments)

        try:
            return self._answer(what, environ, note)
        finally:
            status = statuses[-1] if statuses else 0
            seconds = time.monotonic() - clock
            self.calls.append(
                Call(service=what.service, operation=what.operation, time=began, seconds=seconds, status=status)
            )

    def _answer(self, what: Asked, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        speaks_json = "HTTP_X_AMZ_TARGET" in environ
        if what.access_key != self.access_key:
            _read_body(environ)
            code = "InvalidAccessKeyId" if what.service == "s3" else "UnrecognizedClientException"
            message = "The security token included in the request is invalid. Use what the emulator printed."
            return error_answer(what.service, code, message, 403, speaks_json=speaks_json)(environ, start_response)
        code = self._faults.of_call(what.operation) or ""
        if code in ("", LOST_ANSWER):
            carry_out: Application = self._sagemaker(what) if what.service == "sagemaker" else self._moto
            if not code:
                return carry_out(environ, start_response)
            list(carry_out(environ, lambda *_: None))
            code = "InternalFailure"
        elif code == TIMEOUT:
            self._closing.wait(LONGEST_SILENCE)
        else:
            _read_body(environ)
        message = (
            "Rate exceeded" if code.startswith("Throttling") else f"{code}: a fault that the emulator was asked for"
        )
        status = STATUSES.get(code, 400)
        return error_answer(what.service, code, message, status, speaks_json=speaks_json)(environ, start_response)

    def _sagemaker(self, what: Asked) -> Application:
        def carry_out(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return self._of_control_plane(what, _read_body(environ))(environ, start_response)

        return carry_out

    def _of_control_plane(self, what: Asked, body: bytes) -> Response:
        try:
            try:
                request = json.loads(body or b"{}")
            except ValueError as error:
                raise ApiError("SerializationException", f"The request is no JSON: {error}") from error
            return json_answer(self._control_plane.carry_out(what.operation, what.region, request))
        except ApiError as error:
            return error_answer(
                what.service, error.code, error.message, STATUSES.get(error.code, 400), speaks_json=True
            )


def _form(environ: Environ) -> bytes:
    """The body if it is a form, which is small; it can be read again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded") or length > LONGEST_FORM:
        return b""
    form: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(form)
    return form


def _read_body(environ: Environ) -> bytes:
    """All of the body: a client that is still sending when the connection is closed does not read the answer."""
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        return bytes(stream.read(int(length)))
    return bytes(stream.read()) if environ.get("wsgi.input_terminated") else b""
