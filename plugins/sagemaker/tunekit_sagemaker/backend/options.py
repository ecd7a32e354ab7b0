"""The options of the SageMaker backend."""

from __future__ import annotations

from typing import ClassVar, Literal

import attrs

from tunekit_core import InvalidOption, option
from tunekit_sagemaker.jobs.options import LONGEST_RUN, JobOptions

MOST_INSTANCE_TYPES = 5  # of SageMaker


@attrs.frozen(kw_only=True)
class SageMakerOptions(JobOptions):
    """What training jobs run on, in whose name, and where their files go.

    Raises:
        InvalidOption: If options exclude each other.
    """

    PATH: ClassVar[str] = "backend"

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
    launch: Literal["bootstrap", "script", "image"] = option(
        "bootstrap",
        help="How the program is started: by a bootstrap that travels with it; ``script`` by the toolkit in the "
        "image, whose entry point stays; ``image`` where the image holds the program, and nothing is uploaded. With "
        "the last two, checkpoints are all that the program keeps in ``/opt/ml/checkpoints``, and no trial starts "
        "from the checkpoint of another.",
    )
    max_run: int = option(86_400, help="Seconds after which a job is ended.", at_least=1, at_most=LONGEST_RUN)
    keep_alive: int = option(
        0,
        help="Seconds for which an instance is kept after a job for the next one, which then begins at once. They are "
        "paid. Not with ``spot``.",
        at_least=0,
        at_most=21_600,
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

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if len(self.instance_types) > MOST_INSTANCE_TYPES:
            raise InvalidOption(
                "instance_types", list(self.instance_types), f"may name {MOST_INSTANCE_TYPES} types at most"
            )
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
        if self.spot and self.keep_alive:
            raise InvalidOption(
                "keep_alive", self.keep_alive, "cannot be had with backend.spot=true. Leave one of the two out"
            )
        self.check_max_wait(self.max_run)
