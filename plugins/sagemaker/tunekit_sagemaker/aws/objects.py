"""What is kept in S3: written once, listed, read."""

from __future__ import annotations

import json
from typing import IO, Any

import attrs

from tunekit_sagemaker.aws.errors import asking, aws_errors, code_of, is_missing, meaning

NOT_THERE = ("404", "NoSuchKey", "403", "AccessDenied")  # who may not list a bucket is not told what is missing
THERE = ("PreconditionFailed", "412")
AGAIN = ("ConditionalRequestConflict", "409")  # another process writes the same
TRIES = 5


@attrs.frozen
class Listed:
    """An object, as a list has it.

    Attributes:
        size: In bytes.
        tag: Another one for another content.
    """

    size: int
    tag: str


def put_once(s3: Any, bucket: str, key: str, body: IO[bytes] | bytes) -> bool:
    """Write an object unless there is one of that key.

    Returns:
        Whether it was written; false if there was one, which may be ours: an answer may have been lost.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            s3.head_object(Bucket=bucket, Key=key)
            return False
        except s3.exceptions.ClientError as error:
            if code_of(error) not in NOT_THERE:
                raise
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
            return True
        except s3.exceptions.ClientError as error:
            if code_of(error) in THERE:
                return False
            if code_of(error) not in AGAIN or not tries_left:
                raise
        if not isinstance(body, bytes):
            body.seek(0)
    return False


def read_json(s3: Any, bucket: str, key: str) -> Any:
    """What a small object says in JSON; ``None`` if there is none, or it says something else.

    Raises:
        Busy, NoAccess, Refused: If S3 cannot be asked.
    """
    try:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except aws_errors() as error:
        if is_missing(error):
            return None
        raise meaning(error) from error
    except ValueError:
        return None


def list_objects(s3: Any, bucket: str, prefix: str) -> dict[str, Listed]:
    """All objects whose keys begin with a prefix, by their keys.

    Raises:
        Busy, NoAccess, Refused: If S3 cannot be asked.
    """
    with asking():
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    entries = (entry for page in pages for entry in page.get("Contents", ()))
    return {entry["Key"]: Listed(entry["Size"], entry["ETag"]) for entry in entries}
