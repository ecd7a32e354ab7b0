"""The bucket that holds what jobs are given and what they leave."""

from __future__ import annotations

from typing import Any

from tunekit_core import InvalidOption
from tunekit_sagemaker.aws.clients import Clients
from tunekit_sagemaker.aws.errors import code_of

WITHOUT_CONSTRAINT = "us-east-1"  # S3 takes every name of a region as a constraint but this
MISSING = ("404", "NoSuchBucket")
DENIED = ("403", "AccessDenied")


def find_bucket(clients: Clients, bucket: str | None = None) -> str:
    """The name of the bucket, in the region of the jobs.

    Args:
        clients: What asks AWS.
        bucket: Its name; unless given, that which SageMaker has by default, and which is created if there is none.

    Raises:
        InvalidOption: If there is none, or it lies elsewhere.
    """
    if bucket is not None:
        _check(clients, bucket)
        return bucket
    account = clients.identity().account
    name = f"sagemaker-{clients.region}-{account}"
    try:
        clients.s3.head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except clients.s3.exceptions.ClientError as error:
        if code_of(error) in DENIED:  # anybody could have taken that name before
            raise InvalidOption(
                "backend.s3_bucket",
                None,
                f"stands for {name}, which may not be used: it belongs to another account, or there is no permission "
                "to see it. Type backend.s3_bucket=NAME with a bucket of yours",
            ) from error
        if code_of(error) not in MISSING:
            raise
        _create(clients, name)
    return name


def _check(clients: Clients, bucket: str) -> None:
    try:
        answer = clients.s3.head_bucket(Bucket=bucket)
    except clients.s3.exceptions.ClientError as error:
        if code_of(error) in DENIED:  # who may write below a prefix alone is refused here
            return
        if code_of(error) not in (*MISSING, "301", "400"):
            raise
        headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
        region = headers.get("x-amz-bucket-region", clients.region)
        if region == clients.region:
            raise InvalidOption(
                "backend.s3_bucket",
                bucket,
                f"names no bucket. Create it with `aws s3 mb s3://{bucket} --region {clients.region}`, or leave the "
                "option out",
            ) from error
    else:
        region = answer.get("BucketRegion", clients.region)
    if region != clients.region:
        raise InvalidOption(
            "backend.s3_bucket",
            bucket,
            f"lies in {region}, and jobs run in {clients.region}: type backend.region={region}, or name a bucket there",
        )


def _create(clients: Clients, name: str) -> None:
    constraint: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": clients.region}}
    try:
        clients.s3.create_bucket(Bucket=name, **({} if clients.region == WITHOUT_CONSTRAINT else constraint))
    except clients.s3.exceptions.ClientError as error:
        if code_of(error) not in ("BucketAlreadyOwnedByYou", "OperationAborted"):
            raise
        clients.s3.get_waiter("bucket_exists").wait(Bucket=name)  # another process creates it
