"""An estimator, of version 2 of the SDK."""

from __future__ import annotations

import json
from typing import Any

from tunekit_sagemaker.sdk.handed_over import (
    IN_THE_IMAGE,
    HandedOver,
    as_options,
    keys_of,
    program,
    refusal,
    refuse_what_is_set,
    region_of,
)

NOT_CARRIED = (
    "compiler_config",
    "container_arguments",
    "container_entry_point",
    "disable_output_compression",
    "distribution",
    "enable_infra_check",
    "git_config",
    "instance_groups",
    "instance_placement_config",
    "is_llmft_recipe",
    "is_nova_job",
    "model_uri",
    "profiler_config",
    "rules",
    "tensorboard_output_config",
    "training_repository_access_mode",
    "_enable_remote_debug",
    "_enable_session_tag_chaining",
)
OF_TOOLKIT = "sagemaker_"  # begins what the SDK tells the toolkit in the image


def read_estimator_of_v2(estimator: Any) -> HandedOver:
    """What an estimator says of its jobs."""
    what = type(estimator).__name__
    refuse_what_is_set(estimator, NOT_CARRIED, what)
    entry = getattr(estimator, "entry_point", None)
    image = getattr(estimator, "image_uri", None) or estimator.training_image_uri()
    options = {
        "image": image,
        "role": _role(estimator.role, what),
        "region": region_of(estimator.sagemaker_session),
        "instance_type": estimator.instance_type,
        "instance_count": estimator.instance_count,
        "volume_gb": estimator.volume_size,
        "keep_alive": estimator.keep_alive_period_in_seconds,
        "spot": estimator.use_spot_instances,
        "max_run": estimator.max_run,
        "max_wait": estimator.max_wait,
        "subnets": tuple(estimator.subnets or ()),
        "security_groups": tuple(estimator.security_group_ids or ()),
        "tags": {tag["Key"]: tag["Value"] for tag in estimator.tags or ()},
        "source_dependencies": tuple(getattr(estimator, "dependencies", None) or ()),
        "launch": "image" if entry is None else None,
        **keys_of(estimator.volume_kms_key, estimator.output_kms_key),
    }
    definitions = estimator.metric_definitions or ()
    overrides = {
        "EnableNetworkIsolation": estimator.enable_network_isolation(),
        "EnableInterContainerTrafficEncryption": estimator.encrypt_inter_container_traffic,
        "ResourceConfig": {"TrainingPlanArn": getattr(estimator, "training_plan", None)},
        "RetryStrategy": {"MaximumRetryAttempts": estimator.max_retry_attempts},
        "AlgorithmSpecification": {
            "TrainingInputMode": None if estimator.input_mode == "File" else estimator.input_mode,
            "MetricDefinitions": [{"Name": each["Name"], "Regex": each["Regex"]} for each in definitions],
        },
    }
    folder = getattr(estimator, "source_dir", None)
    script = {"command": IN_THE_IMAGE} if entry is None else program(folder, entry, what)
    script |= {"environment": dict(estimator.environment)} if estimator.environment else {}
    return HandedOver(as_options(options, overrides, what), script, _hyperparameters(estimator))


def _role(role: Any, what: str) -> str:
    """Its ARN: the SDK looks the others up."""
    if not isinstance(role, str) or not role.startswith("arn:"):
        raise refusal(what, f"role={role!r}", "tunekit needs its ARN, as in arn:aws:iam::123456789012:role/NAME")
    return role


def _hyperparameters(estimator: Any) -> dict[str, Any]:
    """The values: estimators of frameworks give them in JSON."""
    given = estimator.hyperparameters() or {}
    return {name: _value(value) for name, value in given.items() if not name.startswith(OF_TOOLKIT)}


def _value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
