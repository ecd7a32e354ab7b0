"""Serves the page that shows what runs, to this machine alone and to whoever knows its address.

The address holds a token: other programs and other users of the machine do not know it. A page of somebody else in the
same browser cannot read it either: no answer allows that, and a request that names this server otherwise than by its
own address, as where a name of the internet was bent to this machine, is refused. What steers an experiment is taken
from the page alone: a browser says where a request comes from, and sends JSON to another server only if that agrees.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from tunekit.pages.live import live_page
from tunekit_core.errors import ConfigurationError

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
STATE, STEER = "state.json", "steer"
JSON = "application/json"
MOST_BYTES = 100_000  # of what is asked
FETCHED_FROM, SAME = "Sec-Fetch-Site", "same-origin"  # a browser tells it, and no page can change it
SECONDS_OF_A_REQUEST = 10.0
Steer: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""Does what the page asks for, in values of JSON, and says what has become of it."""

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class LiveServer(ThreadingHTTPServer):
    """Answers with the page and with what it shows.

    Args:
        port: Where; 0 for any that is free.
        steer: Called with what the page asks for, in a thread of its own; ``None`` where it can ask for nothing.

    Raises:
        OSError: If the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, port: int, steer: Steer | None = None) -> None:
        self.token = secrets.token_urlsafe(32)
        self.steer = steer
        self._state = b"{}"
        super().__init__((HOST, port), _Answers)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    @property
    def state(self) -> bytes:
        """What the page shows, as JSON."""
        return self._state

    def show(self, state: Mapping[str, Any]) -> None:
        """From now on the page shows this, in values of JSON."""
        self._state = json.dumps(state, allow_nan=False).encode("ascii")

    def server_bind(self) -> None:
        """Bind, without asking what this machine is called elsewhere, which can take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Where whoever asked has gone, nothing is written about that."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Answers(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = SECONDS_OF_A_REQUEST
    server: LiveServer

    def do_GET(self) -> None:
        name = self._name()
        if name is None:
            return
        if name == "":
            page = live_page()
            self._answer("text/html; charset=utf-8", page.html.encode(), page.policy)
        elif name == STATE:
            self._answer(JSON, self.server.state, "default-src 'none'")
        else:
            self.send_error(405 if self._can_steer(name) else 404)

    def do_POST(self) -> None:
        name = self._name()
        if name is None:
            return
        if self.server.steer is None or not self._can_steer(name):
            self.send_error(405)
            return
        refusal = self._why_not_from_the_page()
        if refusal:
            self.send_error(refusal)
            return
        try:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except (ValueError, RecursionError):
            self.send_error(400)
            return
        told = json.dumps(self.server.steer(asked), allow_nan=False).encode("ascii")
        self._answer(JSON, told, "default-src 'none'")

    def _refuse(self) -> None:
        self.send_error(405)

    do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse

    def _name(self) -> str | None:
        """What is asked for behind the token; ``None`` if the request was refused, since it does not know that."""
        if self.headers.get("Host") not in {f"{name}:{self.server.server_port}" for name in NAMES}:
            self.send_error(403)
            return None
        token, slash, name = self.path.removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self.send_error(404)
            return None
        return name

    def _can_steer(self, name: str) -> bool:
        return name == STEER and self.server.steer is not None

    def _why_not_from_the_page(self) -> int:
        """The status with which a request to steer is refused, as not made by the page; 0 if it was made by that."""
        headers = self.headers
        if headers.get("Origin") != f"http://{headers['Host']}" or headers.get(FETCHED_FROM, SAME) != SAME:
            return 403
        if headers.get("Content-Type") != JSON:
            return 415
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in headers:
            return 411
        return 413 if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES else 0

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Nothing of what was asked for is in the answer."""
        self.close_connection = True
        self._answer("text/plain", b"", "default-src 'none'", code)

    def _answer(self, kind: str, content: bytes, policy: str, code: int = 200) -> None:
        self.send_response(code)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Content-Security-Policy": policy}
        for name, value in {**headers, **HEADERS, **({"Allow": self._allowed()} if code == 405 else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _allowed(self) -> str:
        return "POST" if self._can_steer(self.path.rpartition("/")[2]) else "GET"

    def version_string(self) -> str:
        return "tunekit"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the token is in what is asked for."""


@contextmanager
def serving(port: int, steer: Steer | None = None) -> Iterator[LiveServer]:
    """While the block runs, a server answers in a thread of its own.

    Args:
        port: Where; 0 for any that is free.
        steer: As for :class:`LiveServer`.

    Raises:
        ConfigurationError: If the port cannot be had.
    """
    try:
        server = LiveServer(port, steer)
    except OSError as error:
        raise ConfigurationError(
            f"port={port} cannot be had on this machine: {error.strerror}. Leave port= out for any that is free, or "
            "type another one.",
            option="port",
            value=port,
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="tunekit-page", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
