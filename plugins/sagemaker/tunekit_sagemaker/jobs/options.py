"""What can be said of every training job, whatever it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from tunekit_core import InvalidOption, option
from tunekit_sagemaker.aws.images import split_framework

LONGEST_RUN = 2_419_200  # seconds, of SageMaker
# By these jobs are found again, and what they leave: with another name a job would run that nobody knows of.
OURS = {
    "TrainingJobName": "which is made for each job",
    "CheckpointConfig": "where results and checkpoints are looked for",
}


@attrs.frozen(kw_only=True)
class JobOptions:
    """On what jobs run, in whose name, and where their files go.

    Attributes:
        PATH: What stands before the name of an option when it is typed.

    Raises:
        InvalidOption: If options exclude each other.
    """

    PATH: ClassVar[str]

    instance_type: str = option("ml.m5.large", help="On what each job runs, such as ``ml.c5.xlarge``.")
    volume_gb: int = option(30, help="Gigabytes of the disk of an instance.", at_least=1)
    image: str | None = option(
        None,
        help="URI of the image of the container; it needs ``python3``. In place of it, ``framework`` may be given.",
    )
    framework: str | None = option(
        None,
        help="The framework whose image of AWS is taken, with its version and that of Python, such as ``pytorch 2.3 "
        "py311`` or ``tensorflow 2.19 py312``; all that the SDK of SageMaker knows, where that is installed.",
    )
    role: str | None = option(
        None,
        help="ARN of the role of the jobs. Unless given: ``TUNEKIT_SAGEMAKER_ROLE``, that of the notebook or job where "
        "this runs, or the account's SageMaker execution role.",
    )
    region: str | None = option(None, help="Region of AWS; unless given that of the environment.")
    s3_bucket: str | None = option(None, help="Bucket for programs and checkpoints; SageMaker's default one.")
    s3_prefix: str = option("", help="Folder in the bucket, below which all of them are.")
    spot: bool = option(False, help="Whether jobs run on spot instances, which are cheaper and may be taken away.")
    max_wait: int | None = option(
        None, help="With ``spot``: seconds that a job may take, waiting for an instance included.", at_least=1
    )
    subnets: tuple[str, ...] = option((), help="Subnets of a private network in which jobs run.")
    security_groups: tuple[str, ...] = option((), help="Security groups in it.")
    kms_key: str | None = option(None, help="Key that encrypts disks and outputs.")
    tags: Mapping[str, str] = option(attrs.Factory(dict), help="Tags of the jobs, beside those of tunekit.")
    source_dependencies: tuple[str, ...] = option(
        (), help="Further files and folders that are uploaded with the program, and importable by it."
    )
    requirements: str | None = option(
        None,
        help="A file of requirements, which are installed beside those in ``requirements.txt`` of the program.",
    )
    prices: Mapping[str, float] = option(
        attrs.Factory(dict),
        help="Dollars an hour by type of instance, such as ``{ml.m5.large: 0.115}``. Those of other types are in the "
        "file that the variable ``TUNEKIT_PRICES`` names, or else in the list that ships, of us-east-1.",
    )
    overrides: Mapping[str, Any] = option(
        attrs.Factory(dict),
        help="What else is in the request for a job, in the words of ``CreateTrainingJob``. "
        "Channels in ``InputDataConfig`` come beside those of tunekit.",
    )

    def __attrs_post_init__(self) -> None:
        if self.framework is not None:
            split_framework(self.framework, self.PATH)
        for name, price in self.prices.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 < price < math.inf:
                raise InvalidOption("prices", dict(self.prices), f"needs dollars an hour, above 0, for {name}")
        for name, what in OURS.items():
            if name in self.overrides:
                raise InvalidOption(f"overrides.{name}", self.overrides[name], f"cannot be given, {what}: leave it out")
        if self.max_wait is not None and not self.spot:
            raise InvalidOption("max_wait", self.max_wait, f"is for spot instances: add {self.PATH}.spot=true")
        if bool(self.subnets) != bool(self.security_groups):
            raise InvalidOption(
                "subnets",
                list(self.subnets),
                f"and {self.PATH}.security_groups go together: give both, or neither",
            )

    @property
    def prefix(self) -> str:
        """What all keys in the bucket begin with: empty, or ending in a slash."""
        folder = self.s3_prefix.strip("/")
        return f"{folder}/" if folder else ""

    def max_wait_of(self, max_run: int) -> int | None:
        """Seconds that a job on a spot instance may take, whose program may run for so many; else ``None``."""
        return max(self.max_wait or 2 * max_run, max_run) if self.spot else None

    def check_max_wait(self, max_run: int) -> None:
        """See that a job may take at least as long as its program may run."""
        if self.max_wait is not None and self.max_wait < max_run:
            raise InvalidOption(
                "max_wait",
                self.max_wait,
                f"must be at least {self.PATH}.max_run={max_run}, since it counts the run as well",
            )
