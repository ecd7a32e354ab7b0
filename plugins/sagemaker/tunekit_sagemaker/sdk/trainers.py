"""A ``ModelTrainer``, of version 3 of the SDK."""

from __future__ import annotations

from pathlib import Path
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
    said,
)

WHAT = "ModelTrainer"
OF_TRAINER = (
    "algorithm_name",
    "distributed",
    "model_package_config",
    "training_image_config",
    "_infra_check_config",
    "_is_llmft_recipe",
    "_is_nova_recipe",
    "_jumpstart_config",
    "_remote_debug_config",
    "_session_chaining_config",
    "_tensorboard_output_config",
)
OF_COMPUTE = ("instance_groups", "instance_placement_config", "instance_preferences")
REQUIREMENTS = "requirements.txt"  # which the bootstrap installs where it is found


def read_trainer(trainer: Any) -> HandedOver:
    """What a trainer says of its jobs."""
    refuse_what_is_set(trainer, OF_TRAINER, WHAT)
    mode = getattr(trainer.training_mode, "value", trainer.training_mode)
    if mode != "SAGEMAKER_TRAINING_JOB":
        raise refusal(WHAT, f"training_mode={mode}", "tunekit starts training jobs")
    if not isinstance(trainer.hyperparameters, dict):
        raise refusal(WHAT, "a file of hyperparameters", "tunekit takes values: a mapping")
    compute, network, stop = trainer.compute, trainer.networking, trainer.stopping_condition
    output, source = trainer.output_data_config, trainer.source_code
    for part in (compute, network, stop, output):
        if type(part).__name__.startswith("HyperPod"):
            raise refusal(WHAT, "a HyperPodCompute", "tunekit starts training jobs")
    refuse_what_is_set(compute, OF_COMPUTE, WHAT)
    script, options_of_source = _source(source)
    options = {
        "image": trainer.training_image,
        "role": trainer.role,
        "region": region_of(trainer.sagemaker_session),
        "instance_type": said(compute, "instance_type"),
        "instance_count": said(compute, "instance_count"),
        "volume_gb": said(compute, "volume_size_in_gb"),
        "keep_alive": said(compute, "keep_alive_period_in_seconds"),
        "spot": said(compute, "enable_managed_spot_training"),
        "max_run": said(stop, "max_runtime_in_seconds"),
        "max_wait": said(stop, "max_wait_time_in_seconds"),
        "subnets": _tuple(said(network, "subnets")),
        "security_groups": _tuple(said(network, "security_group_ids")),
        "tags": {tag.key: tag.value for tag in trainer.tags or ()},
        **keys_of(said(compute, "volume_kms_key_id"), said(output, "kms_key_id")),
        **options_of_source,
    }
    retry = said(trainer, "_retry_strategy")
    overrides = {
        "EnableNetworkIsolation": said(network, "enable_network_isolation"),
        "EnableInterContainerTrafficEncryption": said(network, "enable_inter_container_traffic_encryption"),
        "StoppingCondition": {"MaxPendingTimeInSeconds": said(stop, "max_pending_time_in_seconds")},
        "ResourceConfig": {"TrainingPlanArn": said(compute, "training_plan_arn")},
        "RetryStrategy": {"MaximumRetryAttempts": said(retry, "maximum_retry_attempts")},
        "AlgorithmSpecification": {
            "TrainingInputMode": None if trainer.training_input_mode == "File" else trainer.training_input_mode,
            "MetricDefinitions": [
                {"Name": each.name, "Regex": each.regex} for each in said(trainer, "_metric_definitions") or ()
            ],
        },
        "InputDataConfig": [_channel(each) for each in trainer.input_data_config or ()],
    }
    script |= {"environment": dict(trainer.environment)} if trainer.environment else {}
    return HandedOver(as_options(options, overrides, WHAT), script, dict(trainer.hyperparameters))


def _source(source: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is run, and what it needs."""
    if source is None:
        return {"command": IN_THE_IMAGE}, {"launch": "image"}
    refuse_what_is_set(source, ("command", "args"), WHAT)
    if source.ignore_patterns != type(source).model_fields["ignore_patterns"].default:
        raise refusal(WHAT, "ignore_patterns", "tunekit leaves out hidden files, caches and results")
    if source.entry_script is None:
        raise refusal(WHAT, "no entry_script", "tunekit runs a script")
    requirements = source.requirements
    further = None if requirements in (None, REQUIREMENTS) else str(Path(source.source_dir or "", requirements))
    return program(source.source_dir, source.entry_script, WHAT), {"requirements": further}


def _channel(data: Any) -> dict[str, Any]:
    """An input, if it lies in S3."""
    source, uri = data.data_source, None
    kind, distribution = "S3Prefix", "FullyReplicated"
    if isinstance(source, str) and source.startswith("s3://"):
        uri = source
    elif type(source).__name__ == "S3DataSource":
        uri, kind = source.s3_uri, source.s3_data_type
        distribution = said(source, "s3_data_distribution_type") or distribution
        refuse_what_is_set(source, ("attribute_names", "instance_group_names", "hub_access_config"), WHAT)
    if uri is None:
        raise refusal(WHAT, f"the input {data.channel_name!r}", "tunekit hands on what lies in S3")
    place = {"S3Uri": uri, "S3DataType": kind, "S3DataDistributionType": distribution}
    channel = {"ChannelName": data.channel_name, "DataSource": {"S3DataSource": place}}
    content_type = said(data, "content_type")
    return channel | ({"ContentType": content_type} if isinstance(content_type, str) else {})


def _tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values or ())
