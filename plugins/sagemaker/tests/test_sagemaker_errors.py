"""What errors of AWS mean."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from tunekit_sagemaker.aws.errors import (
    Busy,
    NoAccess,
    Refused,
    asking,
    code_of,
    is_missing,
    patiently,
    text_of,
)


def answer(code, status=400, message="it says"):
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "Operation")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("ThrottlingException"), Busy),
        (answer("Throttling"), Busy),
        (answer("TooManyRequestsException", 429), Busy),
        (answer("SlowDown", 503), Busy),
        (answer("503", 503), Busy),
        (answer("InternalFailure", 500), Busy),
        (answer("ConditionalRequestConflict", 409), Busy),
        (answer("ResourceLimitExceeded"), Busy),
        (EndpointConnectionError(endpoint_url="u"), Busy),
        (ConnectionClosedError(endpoint_url="u"), Busy),
        (ReadTimeoutError(endpoint_url="u"), Busy),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Busy),
        (answer("AccessDeniedException"), NoAccess),
        (answer("AccessDenied", 403), NoAccess),
        (answer("403", 403), NoAccess),
        (answer("ExpiredToken"), NoAccess),
        (answer("ExpiredTokenException"), NoAccess),
        (answer("UnrecognizedClientException", 403), NoAccess),
        (answer("RequestTimeTooSkewed", 403), NoAccess),
        (NoCredentialsError(), NoAccess),
        (answer("ValidationException"), Refused),
        (answer("NoSuchBucket", 404), Refused),
        (ParamValidationError(report="r"), Refused),
    ],
)
def test_an_error_means_to_wait_or_that_nothing_or_this_cannot_be_had(error, kind):
    with pytest.raises(kind), asking():
        raise error


def test_that_a_quota_is_used_up_is_known():
    with pytest.raises(Busy) as raised, asking():
        raise answer("ResourceLimitExceeded")
    assert raised.value.is_quota
    with pytest.raises(Busy) as raised, asking():
        raise answer("ThrottlingException")
    assert not raised.value.is_quota


def test_an_error_of_ours_is_left_as_it_is():
    with pytest.raises(KeyError), asking():
        raise KeyError("x")


def test_an_error_is_told_by_its_code():
    assert text_of(answer("SlowDown")) == "SlowDown: it says"
    assert text_of(answer("SlowDown", message="")) == "SlowDown"
    assert text_of(ValueError("x")) == "ValueError: x"
    assert code_of(answer("SlowDown")) == "SlowDown"


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (answer("NoSuchKey", 404), True),
        (answer("404", 404), True),
        (answer("ValidationException", message="Requested resource not found."), True),
        (answer("ValidationException", message="The status is Completed."), False),
        (answer("AccessDenied"), False),
    ],
)
def test_what_does_not_exist_is_told_from_what_is_refused(error, missing):
    assert is_missing(error) is missing


def test_it_is_asked_again_until_aws_is_busy_no_more():
    answers = [Busy("no"), Busy("no"), "yes"]

    def ask():
        given = answers.pop(0)
        if isinstance(given, Busy):
            raise given
        return given

    assert patiently(ask) == "yes"


def test_patience_has_an_end():
    def ask():
        raise Busy("no")

    with pytest.raises(Busy, match="no"):
        patiently(ask, seconds=0.6)
