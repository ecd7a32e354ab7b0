"""What options say of the jobs of an experiment: on what they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunekit_sagemaker.backend.options import SageMakerOptions
from tunekit_sagemaker.jobs.request import Machines


def machines_of(options: SageMakerOptions, configuration: Mapping[str, Any], n_without_capacity: int = 0) -> Machines:
    """What a configuration runs on.

    Args:
        options: Those of the backend.
        configuration: That of the trial.
        n_without_capacity: How often SageMaker had no instance for the run. Of spot instances it tries one type alone,
            so that we try the next one.
    """
    instance_type = configuration.get(options.instance_type_attr or "", options.instance_type)
    types = options.instance_types
    if options.spot and types:
        instance_type, types = types[n_without_capacity % len(types)], ()
    return Machines(
        instance_type=str(types[0] if types else instance_type),
        instance_count=int(configuration.get(options.instance_count_attr or "", options.instance_count)),
        instance_types=types,
        volume_gb=options.volume_gb,
        max_run=options.max_run,
        max_wait=options.max_wait_of(options.max_run),
        keep_alive=options.keep_alive,
    )
