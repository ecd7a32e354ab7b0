"""The options of the launcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import attrs

from tunekit_core import InvalidOption, option
from tunekit_sagemaker.jobs.options import LONGEST_RUN, JobOptions

# Several instances would each run the runs of a job, and what they cost would not be known.
MACHINES = {
    "InstanceCount": "each job runs on one instance",
    "InstanceGroups": "each job runs on one instance",
    "InstanceType": "type hydra.launcher.instance_type=TYPE",
}
Field = Literal["method", "problem", "dataset", "seed", "run"]


@attrs.frozen(kw_only=True)
class SageMakerLauncherOptions(JobOptions):
    """What jobs run on that have experiments in them, in whose name, and where their files go.

    Raises:
        InvalidOption: If options exclude each other.
    """

    PATH: ClassVar[str] = "hydra.launcher"

    max_run: int | None = option(
        None,
        help="Seconds after which a job is ended. Unless given, with runs in real time 1.2 times the sum of their time "
        "limits and 10 minutes, and with simulated ones a day.",
        at_least=1,
        at_most=LONGEST_RUN,
    )
    group_by: tuple[Field, ...] | None = option(
        None,
        help="Runs that agree in all of these are in one job. Unless given, each run in real time has a job of its "
        "own; of simulated runs those of one method have one, or one for each seed where the method is expensive.",
    )
    environment: Mapping[str, str] = option(
        attrs.Factory(dict),
        help="Variables of the jobs. Whoever may describe training jobs sees them, so they are no place for secrets.",
    )
    metrics: bool = option(
        True, help="Whether the best value and its hyperparameters are shown as metrics of the job by SageMaker."
    )
    wait_for_quota: int = option(
        600,
        help="Seconds for which a quota is waited for, since the last job was begun; 0 gives up at once.",
        at_least=0,
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        resources = self.overrides.get("ResourceConfig")
        for name, instead in MACHINES.items():
            if isinstance(resources, Mapping) and name in resources:
                raise InvalidOption(f"overrides.ResourceConfig.{name}", resources[name], f"cannot be given: {instead}")
        if self.max_run is not None:
            self.check_max_wait(self.max_run)
