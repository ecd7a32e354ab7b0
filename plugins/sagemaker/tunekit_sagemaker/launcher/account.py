"""Whose account a study is in, and which of its buckets: that of the first launch is that of all."""

from __future__ import annotations

import attrs

from tunekit_core import ConfigurationError, Launch, is_secret, mask_secrets
from tunekit_sagemaker.jobs.account import find_account
from tunekit_sagemaker.launcher.options import SageMakerLauncherOptions
from tunekit_sagemaker.study.address import Address, read_address
from tunekit_sagemaker.study.places import StudyPlaces
from tunekit_sagemaker.study.study import Study

DEFAULT_BUCKET = "sagemaker-"  # begins the name of that which is made where there is none


@attrs.frozen
class StudyAccount:
    """Who asks for a study.

    Attributes:
        study: The study.
        role: ARN of the role of its jobs.
    """

    study: Study
    role: str


def find_study_account(launch: Launch, options: SageMakerLauncherOptions, chosen_by: str) -> StudyAccount:
    """Find who asks for a study, and where it is.

    Args:
        launch: What is launched.
        options: Those of the launcher.
        chosen_by: What was typed to launch it.

    Raises:
        ConfigurationError: If something is missing, or the study is elsewhere: its runs would be begun twice.
        RecordError: If what says where it is is damaged.
    """
    noted = read_address(launch.results_dir, launch.experiment_tag)
    asked = options
    if noted is not None:
        is_named = not noted.bucket.startswith(DEFAULT_BUCKET)
        asked = attrs.evolve(
            options,
            region=options.region or noted.region,
            s3_bucket=options.s3_bucket or (noted.bucket if is_named else None),
        )
    clients, role, bucket = find_account(asked, chosen_by)
    if noted is not None and (noted.bucket, noted.prefix) != (bucket, options.prefix):
        raise ConfigurationError(
            f"experiment_tag={launch.experiment_tag} was launched to s3://{noted.bucket}/{noted.prefix}, and now "
            f"would be to s3://{bucket}/{options.prefix}, where its runs would be begun again. Type the options "
            "hydra.launcher.s3_bucket, s3_prefix and region, and use the account, with which it was launched, or type "
            "another experiment_tag.",
            option="hydra.launcher.s3_bucket",
            value=options.s3_bucket,
        )
    return StudyAccount(Study(clients, StudyPlaces(bucket, options.prefix, launch.experiment_tag)), role)


def note_address(account: StudyAccount, launch: Launch, options: SageMakerLauncherOptions) -> None:
    """Note beside the results where the study is."""
    places, region = account.study.places, account.study.clients.region
    secrets = [value for name, value in options.environment.items() if is_secret(name, value)]
    command = mask_secrets(launch.command, secrets)
    address = Address(bucket=places.bucket, prefix=places.prefix, region=region, command=command)
    address.write(launch.results_dir, launch.experiment_tag)
