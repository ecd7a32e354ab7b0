"""What answers of AWS mean: wait and try again, it is done already, or it can never be done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from tunekit_core import TunekitError

Answer = TypeVar("Answer")

THROTTLED = frozenset({"TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException"})
UNTIMELY = frozenset({"SlowDown", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict"})
NOT_FOUND = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NoSuchKey", "404"})
EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
    }
)
UNKNOWN = frozenset({"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"})
QUOTA = "ResourceLimitExceeded"
IN_USE = "ResourceInUse"
INVALID = "ValidationException"
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
SECONDS_OF_PATIENCE = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds until it is tried again


class Busy(TunekitError, RuntimeError):
    """AWS does not do it now, and may some time later.

    Attributes:
        is_quota: Whether as many instances run as the account may have.
    """

    def __init__(self, message: str, *, is_quota: bool = False) -> None:
        super().__init__(message)
        self.is_quota = is_quota


class NoAccess(TunekitError, RuntimeError):
    """AWS refuses whoever asks: every other request would be refused like this one."""


class Refused(TunekitError, RuntimeError):
    """AWS refuses this request."""


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """What is asked of AWS within it fails with an error that says what that means.

    Raises:
        Busy, NoAccess, Refused: If it does.
    """
    try:
        yield
    except aws_errors() as error:
        raise meaning(error) from error


def patiently(ask: Callable[[], Answer], seconds: float = SECONDS_OF_PATIENCE) -> Answer:
    """Ask again and again while AWS is busy.

    Args:
        ask: What does so; it may be done twice.
        seconds: For how long.

    Raises:
        Busy: If it still is then.
    """
    limit, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        try:
            return ask()
        except Busy:
            if time.monotonic() + pause > limit:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def aws_errors() -> tuple[type[Exception], ...]:
    """All errors that a client of boto3 raises. A function, so that botocore is not imported before one is used."""
    from botocore.exceptions import BotoCoreError, ClientError

    return ClientError, BotoCoreError


def meaning(error: Exception) -> Busy | NoAccess | Refused:
    """The error to raise for one of a client."""
    if code_of(error) == QUOTA:
        return Busy(text_of(error), is_quota=True)
    if passes(error):
        return Busy(text_of(error))
    if lacks_credentials(error) or code_of(error) in DENIED:
        return NoAccess(text_of(error))
    return Refused(text_of(error))


def code_of(error: Exception) -> str:
    """The code of what AWS refused, such as ``"ResourceInUse"``; empty for an error of another kind."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def text_of(error: Exception) -> str:
    """What AWS says, for people."""
    if not code_of(error):
        return f"{type(error).__name__}: {error}"
    said = getattr(error, "response", {}).get("Error", {})
    return f"{said['Code']}: {said.get('Message', '')}".removesuffix(": ")


def passes(error: Exception) -> bool:
    """Whether the same request may be answered some time later: AWS is busy, not reachable, or has an error itself."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

    if isinstance(error, ClientError):
        code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return "Throttl" in code or code in THROTTLED or code in UNTIMELY or status >= 500
    return isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError)


def lacks_credentials(error: Exception) -> bool:
    """Whether there are no credentials, or they are valid no more: then nothing can be asked."""
    from botocore.exceptions import (
        CredentialRetrievalError,
        NoCredentialsError,
        PartialCredentialsError,
        TokenRetrievalError,
    )

    without = NoCredentialsError | PartialCredentialsError | CredentialRetrievalError | TokenRetrievalError
    return code_of(error) in EXPIRED or code_of(error) in UNKNOWN or isinstance(error, without)


def is_missing(error: Exception) -> bool:
    """Whether what was asked for does not exist. SageMaker says so of jobs as of a request that is not valid."""
    if code_of(error) in NOT_FOUND:
        return True
    return code_of(error) == INVALID and "not found" in text_of(error).lower()
