"""What answers of AWS mean: wait and try again, it is done already, or it can never be done."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "LimitExceededException",
    }
)
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
QUOTA = "ResourceLimitExceeded"
IN_USE = "ResourceInUse"
INVALID = "ValidationException"
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})


def code_of(error: Exception) -> str:
    """The code of an answer of AWS; the name of the class of another error."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def text_of(error: Exception) -> str:
    """What AWS says, for people."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return f"{said.get('Code', 'error')}: {said.get('Message', '')}".removesuffix(": ")
    return f"{type(error).__name__}: {error}"


def passes(error: Exception) -> bool:
    """Whether the same request may be answered some time later: AWS is busy, not reachable, or has an error itself."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in THROTTLED or status >= 500
    return isinstance(error, ConnectionError | HTTPClientError)


def lacks_credentials(error: Exception) -> bool:
    """Whether there are no credentials, or they are valid no more: then nothing can be asked."""
    without = NoCredentialsError | PartialCredentialsError | CredentialRetrievalError | TokenRetrievalError
    return code_of(error) in EXPIRED or isinstance(error, without)


def is_missing(error: Exception) -> bool:
    """Whether what was asked for does not exist. SageMaker says so of jobs as of a request that is not valid."""
    if code_of(error) in NOT_FOUND:
        return True
    return code_of(error) == INVALID and "not found" in text_of(error).lower()


AWS_ERRORS = (ClientError, BotoCoreError)
