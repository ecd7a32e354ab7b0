"""What AWS takes and the emulator does not: said at once, since a job that runs otherwise than asked shows nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

IGNORED = frozenset(  # has no effect on a job that is a process of this machine
    {"EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "ExperimentConfig", "VpcConfig"}
    | {"InfraCheckConfig", "RemoteDebugConfig", "SessionChainingConfig", "TensorBoardOutputConfig"}
    | {"DebugHookConfig", "ProfilerConfig"}
)
HANDLED = frozenset(
    {"TrainingJobName", "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig"}
    | {"ResourceConfig", "StoppingCondition", "Tags", "EnableManagedSpotTraining", "CheckpointConfig", "Environment"}
    | {"RetryStrategy"}
)


def unsupported(request: Mapping[str, Any]) -> str | None:
    """The first thing of a valid request that the emulator does not have, as a text; ``None`` if there is none."""
    return next(_all_unsupported(request), None)


def _all_unsupported(request: Mapping[str, Any]) -> Iterator[str]:
    for name in request:
        if name not in HANDLED | IGNORED:
            yield _text(name)
    algorithm, output = request.get("AlgorithmSpecification", {}), request["OutputDataConfig"]
    if "AlgorithmName" in algorithm:
        yield _text("AlgorithmSpecification.AlgorithmName")
    if algorithm.get("TrainingInputMode") == "Pipe":
        yield _text("AlgorithmSpecification.TrainingInputMode=Pipe")
    if output.get("CompressionType") == "NONE":
        yield _text("OutputDataConfig.CompressionType=NONE")
    for name in ("InstanceGroups", "TrainingPlanArn", "InstancePlacementConfig"):
        if name in request.get("ResourceConfig", {}):
            yield _text(f"ResourceConfig.{name}")
    for number, channel in enumerate(request.get("InputDataConfig", ()), start=1):
        yield from _of_channel(channel, f"InputDataConfig.{number}")
    local = request.get("CheckpointConfig", {}).get("LocalPath", "/opt/ml/checkpoints")
    if not local.startswith("/opt/ml/") or ".." in local.split("/"):
        yield f"{_text('CheckpointConfig.LocalPath')} Here it has to be in /opt/ml."


def _of_channel(channel: Mapping[str, Any], path: str) -> Iterator[str]:
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        yield f"{_text(f'{path}.DataSource')} Here it has to have an S3DataSource."
        return
    if source["S3DataType"] != "S3Prefix":
        yield _text(f"{path}.DataSource.S3DataSource.S3DataType={source['S3DataType']}")
    if source.get("S3DataDistributionType", "FullyReplicated") != "FullyReplicated":
        yield _text(f"{path}.DataSource.S3DataSource.S3DataDistributionType={source['S3DataDistributionType']}")
    for name, plain in (("CompressionType", "None"), ("RecordWrapperType", "None")):
        if channel.get(name, plain) != plain:
            yield _text(f"{path}.{name}={channel[name]}")
    if channel.get("InputMode") == "Pipe":
        yield _text(f"{path}.InputMode=Pipe")


def _text(what: str) -> str:
    return f"The emulator does not have {what}."
