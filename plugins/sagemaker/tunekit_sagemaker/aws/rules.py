"""What SageMaker asks of a training job beyond the description of its members, as its documentation says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_HYPERPARAMETER = 256  # characters; the model allows 2500, what is written about it does not
DEFAULT_MAX_RUNTIME = 86_400  # seconds
LONGEST_MAX_RUNTIME = 28 * 86_400  # seconds


def beyond_the_model(request: Mapping[str, Any]) -> list[str]:
    """Problems of a request for a training job whose members have their types and lie in their ranges."""
    return [
        *_hyperparameters(request.get("HyperParameters", {})),
        *_algorithm(request),
        *_resources(request),
        *_stopping(request),
    ]


def _hyperparameters(hyperparameters: Mapping[str, str]) -> Iterator[str]:
    for name, value in hyperparameters.items():
        if len(value) > LONGEST_HYPERPARAMETER:
            yield (
                f"Value at 'hyperParameters.{name}.value' failed to satisfy constraint: "
                f"Member must have length less than or equal to {LONGEST_HYPERPARAMETER}"
            )


def _algorithm(request: Mapping[str, Any]) -> Iterator[str]:
    if "ServerlessJobConfig" in request:
        return
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        yield "Value null at 'algorithmSpecification' failed to satisfy constraint: Member must not be null"
    elif ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "Exactly one of 'trainingImage' and 'algorithmName' of 'algorithmSpecification' has to be set"


def _resources(request: Mapping[str, Any]) -> Iterator[str]:
    if "ServerlessJobConfig" in request:
        return
    resources = request.get("ResourceConfig")
    if resources is None:
        yield "Value null at 'resourceConfig' failed to satisfy constraint: Member must not be null"
        return
    for name in ("SelectedInstanceType", "SelectedInstanceCount"):
        if name in resources:
            yield f"'{name}' of 'resourceConfig' is read-only: leave it out"
    preferences, groups = resources.get("InstancePreferences"), resources.get("InstanceGroups")
    if preferences is not None:
        yield from _preferences(request, resources, preferences)
    elif groups:
        for number, group in enumerate(groups, start=1):
            yield from _at_least_one(
                group["InstanceCount"], f"resourceConfig.instanceGroups.{number}.member.instanceCount"
            )
    else:
        if "InstanceType" not in resources:
            yield _null("resourceConfig.instanceType")
        yield from _at_least_one(resources.get("InstanceCount"), "resourceConfig.instanceCount")
    if "VolumeSizeInGB" in resources:
        yield from _at_least_one(resources["VolumeSizeInGB"], "resourceConfig.volumeSizeInGB")
    if resources.get("KeepAlivePeriodInSeconds") and request.get("EnableManagedSpotTraining"):
        yield "'keepAlivePeriodInSeconds' is not supported with 'enableManagedSpotTraining': set one of them"


def _preferences(
    request: Mapping[str, Any], resources: Mapping[str, Any], preferences: list[Mapping[str, Any]]
) -> Iterator[str]:
    for name in ("InstanceType", "InstanceGroups", "InstancePlacementConfig"):
        if name in resources:
            yield f"'instancePreferences' and '{name[0].lower()}{name[1:]}' are mutually exclusive: set one of them"
    if request.get("EnableManagedSpotTraining"):
        yield "'instancePreferences' is not supported with 'enableManagedSpotTraining': set one of them"
    types = [preference["InstanceType"] for preference in preferences]
    for name in sorted({name for name in types if types.count(name) > 1}):
        yield f"'{name}' appears more than once in 'resourceConfig.instancePreferences'"
    counts = [preference.get("InstanceCount") for preference in preferences]
    if "InstanceCount" in resources and counts == [None] * len(counts):
        yield from _at_least_one(resources["InstanceCount"], "resourceConfig.instanceCount")
    elif "InstanceCount" in resources or None in counts:
        yield "'instanceCount' has to be set in 'resourceConfig', or in each of 'instancePreferences', and not in both"
    else:
        for number, count in enumerate(counts, start=1):
            yield from _at_least_one(count, f"resourceConfig.instancePreferences.{number}.member.instanceCount")


def _stopping(request: Mapping[str, Any]) -> Iterator[str]:
    stopping = request.get("StoppingCondition", {})
    longest, wait = stopping.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME), stopping.get("MaxWaitTimeInSeconds")
    if longest > LONGEST_MAX_RUNTIME:
        yield (
            f"Value '{longest}' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
            f"Member must have value less than or equal to {LONGEST_MAX_RUNTIME}"
        )
    if wait is not None and not request.get("EnableManagedSpotTraining"):
        yield "'maxWaitTimeInSeconds' is supported with 'enableManagedSpotTraining' alone: leave it out"
    elif wait is not None and wait < longest:
        yield f"'maxWaitTimeInSeconds' ({wait}) has to be at least 'maxRuntimeInSeconds' ({longest})"
    elif wait is None and request.get("EnableManagedSpotTraining"):
        yield "'maxWaitTimeInSeconds' has to be set with 'enableManagedSpotTraining'"


def _at_least_one(count: int | None, path: str) -> Iterator[str]:
    """The minimum in the model is 0, since other members may say it instead."""
    if count is None:
        yield _null(path)
    elif count < 1:
        constraint = "Member must have value greater than or equal to 1"
        yield f"Value '{count}' at '{path}' failed to satisfy constraint: {constraint}"


def _null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
