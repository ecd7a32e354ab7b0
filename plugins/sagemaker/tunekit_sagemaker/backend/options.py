"""The options of the SageMaker backend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from tunekit_core import InvalidOption, option
from tunekit_sagemaker.aws.images import split_framework

MOST_INSTANCE_TYPES = 5  # of SageMaker


@attrs.frozen(kw_only=True)
class SageMakerOptions:
    """What training jobs run on, in whose name, and where their files go.

    Raises:
        InvalidOption: If options exclude each other.
    """

    instance_type: str = option("ml.m5.large", help="On what each trial runs, such as ``ml.g5.xlarge``.")
    instance_count: int = option(1, help="On how many instances each trial runs.", at_least=1)
    instance_types: tuple[str, ...] = option(
        (),
        help="Several types in order of preference, in place of ``instance_type``: where one has no capacity the next "
        "is taken.",
    )
    instance_type_attr: str | None = option(
        None, help="The hyperparameter that says on which type a trial runs, where that is tuned."
    )
    instance_count_attr: str | None = option(
        None, help="The hyperparameter that says on how many instances a trial runs, where that is tuned."
    )
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
    launch: Literal["bootstrap", "script", "image"] = option(
        "bootstrap",
        help="How the program is started: by a bootstrap that travels with it; ``script`` by the toolkit in the "
        "image, whose entry point stays; ``image`` where the image holds the program, and nothing is uploaded. With "
        "the last two, checkpoints are all that the program keeps in ``/opt/ml/checkpoints``, and no trial starts "
        "from the checkpoint of another.",
    )
    role: str | None = option(
        None,
        help="ARN of the role of the jobs. Unless given: ``TUNEKIT_SAGEMAKER_ROLE``, that of the notebook or job where "
        "this runs, or the account's SageMaker execution role.",
    )
    region: str | None = option(None, help="Region of AWS; unless given that of the environment.")
    s3_bucket: str | None = option(None, help="Bucket for programs and checkpoints; SageMaker's default one.")
    s3_prefix: str = option("", help="Folder in the bucket, below which all of them are.")
    max_run: int = option(86_400, help="Seconds after which a job is ended.", at_least=1, at_most=2_419_200)
    spot: bool = option(False, help="Whether jobs run on spot instances, which are cheaper and may be taken away.")
    max_wait: int | None = option(
        None, help="With ``spot``: seconds that a job may take, waiting for an instance included.", at_least=1
    )
    keep_alive: int = option(
        0,
        help="Seconds for which an instance is kept after a job for the next one, which then begins at once. They are "
        "paid. Not with ``spot``.",
        at_least=0,
        at_most=21_600,
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
    delete_checkpoints: bool = option(
        False,
        help="Whether the checkpoints of a trial are removed once it cannot be resumed any more. Those of the best "
        "trial stay.",
    )
    max_checkpoints: int | None = option(
        None,
        help="How many paused trials keep their checkpoints. Beyond that the least promising lose theirs, and start "
        "over if they are resumed after all. ``null`` keeps all.",
        at_least=0,
    )
    prices: Mapping[str, float] = option(
        attrs.Factory(dict),
        help="Dollars an hour by type of instance, such as ``{ml.m5.large: 0.115}``. Those of other types are in the "
        "file that the variable ``TUNEKIT_PRICES`` names, or else in the list that ships, of us-east-1.",
    )
    poll_interval: float = option(
        5.0, help="Seconds between two looks at the jobs, and at what they log.", at_least=0.01
    )
    settle_time: float = option(
        30.0, help="Seconds for which the log of a job that is over is waited for, unless its end is in it.", at_least=0
    )
    trial_retries: int = option(
        0,
        help="How often a trial that failed is started again, from its checkpoint, before it counts as failed.",
        at_least=0,
    )
    overrides: Mapping[str, Any] = option(
        attrs.Factory(dict),
        help="What else is in the request for a job, in the words of ``CreateTrainingJob``. "
        "Channels in ``InputDataConfig`` come beside those of tunekit.",
    )

    def __attrs_post_init__(self) -> None:
        if len(self.instance_types) > MOST_INSTANCE_TYPES:
            raise InvalidOption(
                "instance_types", list(self.instance_types), f"may name {MOST_INSTANCE_TYPES} types at most"
            )
        if self.framework is not None:
            split_framework(self.framework)
        if self.instance_types and self.instance_type_attr is not None:
            raise InvalidOption(
                "instance_types",
                list(self.instance_types),
                f"cannot be had with backend.instance_type_attr={self.instance_type_attr}, which says on which type a "
                "trial runs. Leave one of the two out",
            )
        if self.launch == "image" and (self.requirements is not None or self.source_dependencies):
            name = "source_dependencies" if self.requirements is None else "requirements"
            raise InvalidOption(
                name,
                list(self.source_dependencies) if self.requirements is None else self.requirements,
                "cannot be had with backend.launch=image, with which nothing is uploaded. Leave it out, or type "
                "backend.launch=bootstrap",
            )
        for name, price in self.prices.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 < price < math.inf:
                raise InvalidOption("prices", dict(self.prices), f"needs dollars an hour, above 0, for {name}")
        if self.spot and self.keep_alive:
            raise InvalidOption(
                "keep_alive", self.keep_alive, "cannot be had with backend.spot=true. Leave one of the two out"
            )
        if self.max_wait is not None and not self.spot:
            raise InvalidOption("max_wait", self.max_wait, "is for spot instances: add backend.spot=true")
        if self.max_wait is not None and self.max_wait < self.max_run:
            raise InvalidOption(
                "max_wait",
                self.max_wait,
                f"must be at least backend.max_run={self.max_run}, since it counts the run as well",
            )
        if bool(self.subnets) != bool(self.security_groups):
            raise InvalidOption(
                "subnets",
                list(self.subnets),
                "and backend.security_groups go together: give both, or neither",
            )
