"""Serves the page that shows what runs, to this machine alone and to whoever knows its address.

The address holds a token: other programs and other users of the machine do not know it. A page of somebody else in the
same browser cannot read it either: no answer allows that, and a request that names this server otherwise than by its
own address, as where a name of the internet was bent to this machine, is refused.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tunekit.pages.live import live_page
from tunekit_core.errors import ConfigurationError

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
STATE = "state.json"
SECONDS_OF_A_REQUEST = 10.0
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

    Raises:
        OSError: If the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
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
        """Whoever asked has gone: nothing is written about that."""


class _Answers(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = SECONDS_OF_A_REQUEST
    server: LiveServer

    def do_GET(self) -> None:
        if self.headers.get("Host") not in {f"{name}:{self.server.server_port}" for name in NAMES}:
            self.send_error(403)
            return
        token, slash, name = self.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self.send_error(404)
        elif slash and name == "":
            page = live_page()
            self._answer("text/html; charset=utf-8", page.html.encode(), page.policy)
        elif name == STATE:
            self._answer("application/json", self.server.state, "default-src 'none'")
        else:
            self.send_error(404)

    def _refuse(self) -> None:
        self.send_error(405)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Nothing of what was asked for is in the answer."""
        self.close_connection = True
        self._answer("text/plain", b"", "default-src 'none'", code)

    def _answer(self, kind: str, content: bytes, policy: str, code: int = 200) -> None:
        self.send_response(code)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Content-Security-Policy": policy}
        for name, value in {**headers, **HEADERS, **({"Allow": "GET"} if code == 405 else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        return "tunekit"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the token is in what is asked for."""


@contextmanager
def serving(port: int) -> Iterator[LiveServer]:
    """While the block runs, a server answers in a thread of its own.

    Args:
        port: Where; 0 for any that is free.

    Raises:
        ConfigurationError: If the port cannot be had.
    """
    try:
        server = LiveServer(port)
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
