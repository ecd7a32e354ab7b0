"""What can be told of options before anything is asked of AWS, of every job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunekit_core import ConfigurationError, InvalidOption, suggestion
from tunekit_sagemaker.aws.limits import check_request, instance_types
from tunekit_sagemaker.aws.role import ROLE
from tunekit_sagemaker.jobs.options import JobOptions

PLACE = "s3://bucket/tunekit/"
SOME_ROLE = "arn:aws:iam::123456789012:role/NAME"
EXAMPLE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-cpu-py311"
EXAMPLES = {
    "instance_type": "ml.m5.large",
    "instance_types": "[ml.m5.large]",
    "prices": "'{ml.m5.large: 0.115}'",
}
PROBLEM = re.compile(r"(?:Value .*)?\bat '([^']*)' failed to satisfy constraint: (.*)")
# Which option says what is at a place of the request; whatever else is there is in the overrides.
OPTIONS = {
    "algorithmSpecification.trainingImage": "image",
    "resourceConfig.instanceType": "instance_type",
    "resourceConfig.instanceCount": "instance_count",
    "resourceConfig.instancePreferences": "instance_types",
    "resourceConfig.volumeSizeInGB": "volume_gb",
    "resourceConfig.volumeKmsKeyId": "kms_key",
    "outputDataConfig.kmsKeyId": "kms_key",
    "vpcConfig.subnets": "subnets",
    "vpcConfig.securityGroupIds": "security_groups",
    "tags": "tags",
}


def check_job_options(options: JobOptions, what_runs: str) -> None:
    """Check what is said of every job by itself.

    Args:
        options: What is said.
        what_runs: In the jobs, for messages: ``"trials"``.

    Raises:
        InvalidOption: If the image is missing, or the role or the type of instances is none.
    """
    if options.image is None and options.framework is None:
        raise InvalidOption(
            "image",
            None,
            f"leaves open in which image {what_runs} run. Type {options.PATH}.image=URI with one that has python3 and "
            f"what they need, such as {options.PATH}.image={EXAMPLE}, or let it be found: "
            f"{options.PATH}.framework='pytorch 2.3 py311'",
        )
    if options.role is not None and not ROLE.fullmatch(options.role):
        raise InvalidOption("role", options.role, f"is no role: give its ARN, as in {options.PATH}.role={SOME_ROLE}")
    check_type(f"{options.PATH}.instance_type", options.instance_type)
    for each in options.prices:
        check_type(f"{options.PATH}.prices", each)


def check_type(typed: str, value: str) -> None:
    """See that there is a type of instances.

    Args:
        typed: The option as it is typed.
        value: Its value, or one of them.

    Raises:
        InvalidOption: If there is none.
    """
    known, option = instance_types(), typed.rpartition(".")[2]
    if value not in known:
        raise InvalidOption(
            option,
            value,
            f"is no type of instances that the installed boto3 knows for training. {suggestion(value, known)}Type "
            f"{typed}={EXAMPLES[option]}, for example; for a "
            "newer type `pip install --upgrade boto3`",
        )


def check_job_request(request: Mapping[str, Any], options: JobOptions, environment: str, alternative: str) -> None:
    """Check that SageMaker would take a request.

    Args:
        request: One whose names and places may be made up.
        options: What it was made from.
        environment: The option that has the variables of the job, as it is typed.
        alternative: What to type where its hyperparameters are the problem; empty if there is nothing.

    Raises:
        ConfigurationError: If it would not; the option is named.
    """
    for text in check_request("CreateTrainingJob", request):
        found = PROBLEM.fullmatch(text)
        place, allowed = ("", text) if found is None else (found[1], found[2])
        problem = f"is what SageMaker would refuse in `{place or 'the request'}`: {allowed}"
        if place.startswith("environment"):
            raise ConfigurationError(f"{environment} {problem}.", option=environment)
        if place.startswith("hyperParameters") and alternative:
            name, _, _ = alternative.partition("=")
            name = name.rpartition(".")[2]
            raise InvalidOption(name, getattr(options, name), f"{problem}. Type {alternative}")
        option = next((OPTIONS[each] for each in OPTIONS if place.startswith(each)), "overrides")
        raise InvalidOption(option, getattr(options, option), problem)
