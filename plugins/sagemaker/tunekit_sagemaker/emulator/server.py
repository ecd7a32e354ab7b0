"""The parts that come from moto, and the server in front of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tunekit_core import ConfigurationError

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


class MissingExtra(ConfigurationError):
    """What the emulator needs is not installed."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"The emulator of SageMaker needs moto, flask and flask-cors, and {missing} is not installed. "
            "Type: pip install 'tunekit-sagemaker[emulator]'"
        )


@cache  # its state belongs to the process anyway, and each service that is asked for the first time takes a while
def moto_application() -> Any:
    """The WSGI application that answers for all services but SageMaker.

    Raises:
        MissingExtra: If it is not installed.
    """
    try:
        import flask_cors  # noqa: F401  moto warns without it, and raises an error that does not name it
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    except ImportError as error:
        raise MissingExtra(error.name or "a part of them") from error
    return DomainDispatcherApplication(create_backend_app)


def make_server(port: int, application: Any) -> BaseWSGIServer:
    """A server that answers on the loopback device alone, and writes nothing about that.

    Raises:
        ConfigurationError: If the port is taken.
    """
    import socket

    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug import serving

    class QuietHandler(MotoRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            pass

    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that ended just now is no obstacle
        listener.bind(("127.0.0.1", port))
        listener.listen(serving.LISTEN_QUEUE)
    except OSError as error:
        listener.close()
        text = f"port={port} cannot be used: {error.strerror}. Another emulator? Type --port 0 for a free one."
        raise ConfigurationError(text, option="port", value=port) from error
    with listener:  # the server has a copy of its own
        return serving.make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
        )
