"""Who asks AWS, in whose name jobs run, and where their files are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tunekit_core import ConfigurationError, InvalidOption
from tunekit_sagemaker.aws.bucket import find_bucket
from tunekit_sagemaker.aws.clients import Clients, advice_on_the_address
from tunekit_sagemaker.aws.errors import Busy, NoAccess, Refused, asking
from tunekit_sagemaker.aws.images import image_for
from tunekit_sagemaker.aws.role import find_role
from tunekit_sagemaker.jobs.options import JobOptions
from tunekit_sagemaker.jobs.request import Account

OF_BACKEND = "backend."  # under which messages of what asks AWS name options


def find_account(options: JobOptions, chosen_by: str) -> tuple[Clients, str, str]:
    """What asks AWS, the role of jobs, and the bucket.

    Args:
        options: What was said of them.
        chosen_by: What was typed to have jobs at all, such as ``"backend=sagemaker"``.

    Raises:
        ConfigurationError: If one of them is missing, or AWS does not answer.
    """
    with said_to_use(chosen_by), typed_after(f"{options.PATH}."):
        clients = Clients(options.region)
        return clients, find_role(clients, options.role), find_bucket(clients, options.s3_bucket)


def image_of(options: JobOptions, region: str, instance_type: str) -> str:
    """The image of jobs: that which is given, or else that of a framework for what they run on.

    Raises:
        InvalidOption: If there is none.
    """
    if options.image is not None:
        return options.image
    assert options.framework is not None  # one of the two is checked
    return image_for(options.framework, region, instance_type)


def account_of(options: JobOptions, role: str) -> Account:
    """On whose behalf jobs run that have a role; which image they have depends on the job."""
    return Account(
        role=role,
        image="",
        subnets=options.subnets,
        security_groups=options.security_groups,
        kms_key=options.kms_key,
        tags=options.tags,
        overrides=options.overrides,
    )


@contextmanager
def said_to_use(chosen_by: str) -> Iterator[None]:
    """What AWS refuses within it is an error that says how to see who asks.

    Args:
        chosen_by: What was typed, which is why AWS is asked.
    """
    try:
        with asking():
            yield
    except (Busy, NoAccess, Refused) as error:
        cause = error.__cause__
        advice = (advice_on_the_address(cause) if isinstance(cause, Exception) else "") or (
            "Type `aws sts get-caller-identity` to see who asks, and `aws configure` to say so. Without an account: "
            "python -m tunekit sagemaker-emulator"
        )
        raise ConfigurationError(
            f"{chosen_by} cannot use AWS: {str(error).removesuffix('.')}. {advice}",
            option=chosen_by.partition("=")[0],
            value="sagemaker",
        ) from error


@contextmanager
def typed_after(before: str) -> Iterator[None]:
    """What is wrong with an option within it is told with the name under which the option is typed.

    Args:
        before: What stands before it, such as ``"hydra.launcher."``.
    """
    try:
        yield
    except InvalidOption as error:
        name = str(error.option)
        if "." in name and not name.startswith(OF_BACKEND):
            raise
        name = f"{before}{name.removeprefix(OF_BACKEND)}"
        raise InvalidOption(name, error.value, error.problem.replace(OF_BACKEND, before)) from error
