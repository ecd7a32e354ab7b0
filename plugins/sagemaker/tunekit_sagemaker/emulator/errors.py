"""What an operation of SageMaker answers where it refuses a request."""

from __future__ import annotations


class ApiError(Exception):
    """An answer that is an error, in AWS's words.

    Attributes:
        code: Such as ``"ValidationException"``.
        message: For people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> ApiError:
    """The error for all that is wrong with a request, and for jobs that do not exist."""
    return ApiError("ValidationException", message)
