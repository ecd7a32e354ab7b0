"""The request that creates a training job."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from tunekit_core import as_json
from tunekit_sagemaker.jobs.hyperparameters import as_hyperparameters, as_texts

OPT_ML = "/opt/ml"
CHANNEL, TRIAL_CHANNEL = "tunekit", "trial"
ENTRY = f"{OPT_ML}/input/data/{CHANNEL}/entry.py"
CHECKPOINTS = f"{OPT_ML}/checkpoints"
SPEC, TRIAL, RUN, SEED = "TUNEKIT_SPEC", "TUNEKIT_TRIAL", "TUNEKIT_RUN", "TUNEKIT_SEED"
LONGEST_VARIABLE = 512
CONFIGURATION_FILE, SPEC_FILE = "configuration.json", "spec.json"
CHECKPOINT_FOLDER = "TUNEKIT_CHECKPOINT_DIR"
INPUTS = "InputDataConfig"
OF_TUNEKIT = "tunekit:"  # begins the keys of our tags


@attrs.frozen(kw_only=True)
class Bootstrap:
    """The program is started by our bootstrap, which comes with it.

    Attributes:
        code: S3 folder with both.
        spec: What the bootstrap is told.
    """

    code: str
    spec: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Toolkit:
    """The program is started by AWS's toolkit, which is the entry point of the image.

    Attributes:
        program: The file that is started, within the archive.
        archive: S3 address of the program's archive.
        region: Where the archive is.
        checkpoints: Hyperparameters that name the folder of checkpoints.
    """

    program: str
    archive: str
    region: str
    checkpoints: Sequence[str] = ()


@attrs.frozen
class Image:
    """The image holds the program, and its entry point starts that."""


@attrs.frozen(kw_only=True)
class Machines:
    """What the jobs of an experiment run on, and for how long at most.

    Attributes:
        instance_type: Such as ``"ml.m5.large"``.
        instance_count: How many of them a job gets.
        instance_types: Others that do as well, in order of preference; the first is ``instance_type``.
        volume_gb: Of the disk.
        max_run: Seconds that the program of a job may run.
        max_wait: Of a spot instance: seconds that a job may take, with waiting; ``None`` for an instance on demand.
        keep_alive: Seconds for which an instance is kept for the next job.
    """

    instance_type: str
    instance_count: int = 1
    instance_types: tuple[str, ...] = ()
    volume_gb: int = 30
    max_run: int = 86_400
    max_wait: int | None = None
    keep_alive: int = 0


@attrs.frozen(kw_only=True)
class Account:
    """On whose behalf jobs run, and where they may reach.

    Attributes:
        role: ARN of the role of the jobs.
        image: URI of the image of the container.
        subnets: Of a private network; empty for none.
        security_groups: In it.
        kms_key: That encrypts volumes and output; ``None`` for the default one.
        tags: Of each job, by key.
        overrides: What else is in the request, or otherwise; merged last. Channels come beside those of tunekit.
    """

    role: str
    image: str
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key: str | None = None
    tags: Mapping[str, str] = attrs.field(factory=dict)
    overrides: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Job:
    """What one job runs.

    Attributes:
        name: Of the job.
        configuration: What the program is told, by name.
        launch: How the program is started.
        environment: Variables of the program.
        checkpoints: S3 folder that is copied to the job and back.
        output: S3 folder that SageMaker writes its archives to.
        inputs: S3 folder for what is too large for a request.
        further_files: What else lies there, by names of files.
        metrics: By name the patterns that find metrics in what the job prints.
    """

    name: str
    configuration: Mapping[str, Any]
    launch: Bootstrap | Toolkit | Image
    environment: Mapping[str, str]
    checkpoints: str
    output: str
    inputs: str
    further_files: Mapping[str, str] = attrs.field(factory=dict)
    metrics: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """What is in ``inputs``, by the name of the file that has it.

        Only our bootstrap reads files.
        """
        files = dict(self.further_files)
        if not isinstance(self.launch, Bootstrap):
            return files
        if as_hyperparameters(self.configuration) is None:
            files[CONFIGURATION_FILE] = as_json(dict(self.configuration))
        if len(json.dumps(self.launch.spec)) > LONGEST_VARIABLE:
            files[SPEC_FILE] = json.dumps(self.launch.spec)
        return files


def variables_of_trial(trial_id: int, run: int, seed: int) -> dict[str, str]:
    """The variables by which the program of a job learns which run of which trial it is, and the trial's seed."""
    return {TRIAL: str(trial_id), RUN: str(run), SEED: str(seed)}


def request_of(job: Job, machines: Machines, account: Account) -> dict[str, Any]:
    """The arguments of ``CreateTrainingJob``."""
    launch = job.launch
    request: dict[str, Any] = {
        "TrainingJobName": job.name,
        "RoleArn": account.role,
        "AlgorithmSpecification": {
            "TrainingImage": account.image,
            "TrainingInputMode": "File",
            **_entry_point(launch),
            **_metrics(job),
        },
        "HyperParameters": _hyperparameters(job),
        "Environment": {**job.environment, **_variables(job)},
        "OutputDataConfig": {"S3OutputPath": job.output, **_key("KmsKeyId", account)},
        "CheckpointConfig": {"S3Uri": job.checkpoints, "LocalPath": CHECKPOINTS},
        "ResourceConfig": _resources(machines, account),
        "StoppingCondition": _stopping(machines),
        "EnableManagedSpotTraining": machines.max_wait is not None,
        "Tags": [{"Key": key, "Value": value} for key, value in account.tags.items()],
    }
    if account.subnets:
        request["VpcConfig"] = {
            "Subnets": list(account.subnets),
            "SecurityGroupIds": list(account.security_groups),
        }
    request = merged(request, account.overrides)
    channels = [*_channels(job), *request.get(INPUTS, ())]  # those of the user come beside ours
    return {**request, INPUTS: channels} if channels else request


def merged(request: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A request with what else is to be in it; what is a mapping in both is merged."""
    both = dict(request)
    for key, value in overrides.items():
        deeper = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = merged(both[key], value) if deeper else value
    return both


def _entry_point(launch: Bootstrap | Toolkit | Image) -> dict[str, Any]:
    """That of the image stays, unless it is the bootstrap."""
    if not isinstance(launch, Bootstrap):
        return {}
    return {"ContainerEntrypoint": ["python3"], "ContainerArguments": [ENTRY]}


def _metrics(job: Job) -> dict[str, Any]:
    definitions = [{"Name": name, "Regex": pattern} for name, pattern in job.metrics.items()]
    return {"MetricDefinitions": definitions} if definitions else {}


def _hyperparameters(job: Job) -> dict[str, str]:
    launch = job.launch
    if isinstance(launch, Bootstrap):
        return as_hyperparameters(job.configuration) or {}
    texts = as_texts(job.configuration)
    if isinstance(launch, Image):
        return texts
    ours = {"program": launch.program, "submit_directory": launch.archive, "region": launch.region}
    encoded = {f"sagemaker_{name}": json.dumps(value) for name, value in ours.items()}
    return {**texts, **dict.fromkeys(launch.checkpoints, CHECKPOINTS), **encoded}


def _variables(job: Job) -> dict[str, str]:
    if not isinstance(job.launch, Bootstrap):
        return {CHECKPOINT_FOLDER: CHECKPOINTS}
    return {} if SPEC_FILE in job.files else {SPEC: json.dumps(job.launch.spec)}


def _channels(job: Job) -> list[dict[str, Any]]:
    if not isinstance(job.launch, Bootstrap):
        return []
    channels = [_channel(CHANNEL, job.launch.code)]
    if job.files:
        channels.append(_channel(TRIAL_CHANNEL, job.inputs))
    return channels


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _key(name: str, account: Account) -> dict[str, str]:
    return {} if account.kms_key is None else {name: account.kms_key}


def _resources(machines: Machines, account: Account) -> dict[str, Any]:
    resources: dict[str, Any] = {
        "InstanceCount": machines.instance_count,
        "VolumeSizeInGB": machines.volume_gb,
        **_key("VolumeKmsKeyId", account),
    }
    if machines.instance_types:
        resources["InstancePreferences"] = [{"InstanceType": each} for each in machines.instance_types]
    else:
        resources["InstanceType"] = machines.instance_type
    if machines.keep_alive:
        resources["KeepAlivePeriodInSeconds"] = machines.keep_alive
    return resources


def _stopping(machines: Machines) -> dict[str, int]:
    if machines.max_wait is None:
        return {"MaxRuntimeInSeconds": machines.max_run}
    return {"MaxRuntimeInSeconds": machines.max_run, "MaxWaitTimeInSeconds": machines.max_wait}
