"""Objects of the SDK of SageMaker become options and a script, and what cannot is refused by its name.

Nothing of the SDK is imported, so objects with its attributes do here; ``sdk/with_sdk.py`` has the real ones.
"""

import subprocess
import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest

from tunekit_core import ConfigurationError
from tunekit_sagemaker.sdk import read_estimator

ROLE = "arn:aws:iam::123456789012:role/jobs"
PATTERNS = [".env", ".git"]


class Source(SimpleNamespace):
    model_fields: ClassVar = {"ignore_patterns": SimpleNamespace(default=PATTERNS)}


class ModelTrainer(SimpleNamespace):
    """What one of version 3 has unless it is told more."""

    def __init__(self, folder, **changes):
        source = {"source_dir": str(folder), "entry_script": "train.py", "requirements": None, "command": None}
        defaults = {
            "training_mode": SimpleNamespace(value="SAGEMAKER_TRAINING_JOB"),
            "sagemaker_session": SimpleNamespace(boto_region_name="eu-west-1"),
            "role": ROLE,
            "source_code": Source(**source, args=None, ignore_patterns=PATTERNS),
            "compute": SimpleNamespace(instance_type="ml.g5.xlarge", instance_count=2, volume_size_in_gb=50),
            "networking": None,
            "stopping_condition": SimpleNamespace(max_runtime_in_seconds=3600, max_wait_time_in_seconds=None),
            "training_image": "image",
            "output_data_config": SimpleNamespace(s3_output_path="s3://bucket/output", kms_key_id=None),
            "input_data_config": None,
            "checkpoint_config": None,
            "training_input_mode": "File",
            "environment": {},
            "hyperparameters": {},
            "tags": None,
        }
        super().__init__(**{**defaults, **changes})


class EstimatorBase(SimpleNamespace):
    """What one of version 2 has unless it is told more."""

    def __init__(self, folder, **changes):
        nothing = ("keep_alive_period_in_seconds", "max_wait", "subnets", "security_group_ids", "tags")
        also = ("volume_kms_key", "output_kms_key", "metric_definitions", "max_retry_attempts", "environment")
        defaults = {
            **dict.fromkeys((*nothing, *also)),
            "sagemaker_session": SimpleNamespace(boto_region_name="us-east-1"),
            "role": ROLE,
            "entry_point": "train.py",
            "source_dir": str(folder),
            "image_uri": None,
            "instance_type": "ml.m5.large",
            "instance_count": 1,
            "volume_size": 30,
            "use_spot_instances": False,
            "max_run": 86400,
            "input_mode": "File",
            "encrypt_inter_container_traffic": False,
        }
        super().__init__(**{**defaults, **changes})

    def training_image_uri(self):
        return "image-of-framework"

    def enable_network_isolation(self):
        return False

    def hyperparameters(self):
        return {"lr": "0.1", "act": '"relu"', "n": 3, "text": "plain", "sagemaker_program": '"train.py"'}


class PyTorch(EstimatorBase):
    pass


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text("")
    return tmp_path


def test_a_trainer_becomes_options_and_a_script(folder):
    job = read_estimator(ModelTrainer(folder, environment={"A": "b"}, hyperparameters={"lr": 0.1, "act": "relu"}))
    assert job.options == {
        "image": "image",
        "role": ROLE,
        "region": "eu-west-1",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 2,
        "volume_gb": 50,
        "max_run": 3600,
    }
    assert job.script == {"command": "python train.py", "folder": str(folder), "environment": {"A": "b"}}
    assert job.hyperparameters == {"lr": 0.1, "act": "relu"}


def test_all_that_a_trainer_may_say_is_carried_over(folder):
    data = SimpleNamespace(channel_name="train", data_source="s3://bucket/data/", content_type=None)
    trainer = ModelTrainer(
        folder,
        compute=SimpleNamespace(
            instance_type="ml.m5.large",
            instance_count=1,
            volume_size_in_gb=30,
            volume_kms_key_id="disks",
            keep_alive_period_in_seconds=600,
        ),
        networking=SimpleNamespace(
            subnets=["subnet-1"],
            security_group_ids=["sg-1"],
            enable_network_isolation=True,
            enable_inter_container_traffic_encryption=None,
        ),
        output_data_config=SimpleNamespace(kms_key_id="outputs"),
        tags=[SimpleNamespace(key="team", value="speech")],
        input_data_config=[data],
        training_input_mode="FastFile",
        _metric_definitions=[SimpleNamespace(name="loss", regex="loss=(.*)")],
    )
    options = read_estimator(trainer).options
    assert (options["keep_alive"], options["subnets"], options["security_groups"]) == (600, ("subnet-1",), ("sg-1",))
    assert options["tags"] == {"team": "speech"}
    assert options["overrides"] == {
        "ResourceConfig": {"VolumeKmsKeyId": "disks"},
        "OutputDataConfig": {"KmsKeyId": "outputs"},
        "EnableNetworkIsolation": True,
        "AlgorithmSpecification": {
            "TrainingInputMode": "FastFile",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3Uri": "s3://bucket/data/",
                        "S3DataType": "S3Prefix",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
    }


def test_an_estimator_becomes_options_and_a_script(folder):
    estimator = PyTorch(
        folder,
        use_spot_instances=True,
        max_run=3600,
        max_wait=7200,
        volume_kms_key="key",
        output_kms_key="key",
        dependencies=["helpers"],
        tags=[{"Key": "team", "Value": "speech"}],
    )
    job = read_estimator(estimator)
    assert job.options == {
        "image": "image-of-framework",
        "role": ROLE,
        "region": "us-east-1",
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "volume_gb": 30,
        "spot": True,
        "max_run": 3600,
        "max_wait": 7200,
        "kms_key": "key",
        "source_dependencies": ("helpers",),
        "tags": {"team": "speech"},
    }
    assert job.script == {"command": "python train.py", "folder": str(folder)}
    assert job.hyperparameters == {"lr": 0.1, "act": "relu", "n": 3, "text": "plain"}


def test_a_script_without_a_folder_lies_where_it_is(folder):
    job = read_estimator(PyTorch(folder, source_dir=None, entry_point=str(folder / "train.py")))
    assert job.script == {"command": "python train.py", "folder": str(folder)}


@pytest.mark.parametrize("changes", [{"entry_point": None, "image_uri": "own"}])
def test_an_image_with_its_own_program_needs_no_script(folder, changes):
    job = read_estimator(PyTorch(folder, **changes))
    assert (job.options["launch"], job.options["image"]) == ("image", "own")
    assert "folder" not in job.script
    assert read_estimator(ModelTrainer(folder, source_code=None)).options["launch"] == "image"


def source(folder, **changes):
    said = {"source_dir": str(folder), "entry_script": "train.py", "requirements": None, "command": None, "args": None}
    return Source(**{**said, "ignore_patterns": PATTERNS, **changes})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"distributed": object()}, "distributed: tunekit does not carry"),
        ({"algorithm_name": "mine"}, "algorithm_name: tunekit does not carry"),
        ({"_remote_debug_config": object()}, "remote_debug_config: tunekit does not carry"),
        ({"compute": SimpleNamespace(instance_groups=[1])}, "instance_groups: tunekit does not carry"),
        ({"training_mode": SimpleNamespace(value="LOCAL_CONTAINER")}, "training_mode=LOCAL_CONTAINER: tunekit starts"),
        ({"hyperparameters": "values.yaml"}, "a file of hyperparameters: tunekit takes values"),
        ({"source_code": {"command": "bash run.sh"}}, "command: tunekit does not carry"),
        ({"source_code": {"entry_script": None}}, "no entry_script: tunekit runs a script"),
        ({"source_code": {"entry_script": "train.sh"}}, "the script 'train.sh': tunekit runs one of Python"),
        ({"source_code": {"entry_script": "none.py"}}, "the script 'none.py': there is no file"),
        ({"source_code": {"source_dir": "s3://bucket/code"}}, "source_dir='s3://bucket/code': tunekit uploads"),
        ({"source_code": {"ignore_patterns": ["*.bin"]}}, "ignore_patterns: tunekit leaves out"),
        (
            {"input_data_config": [SimpleNamespace(channel_name="train", data_source="/data")]},
            "the input 'train': tunekit hands on what lies in S3",
        ),
        ({"training_image": object()}, "image: <object object"),
    ],
)
def test_what_a_trainer_says_that_cannot_be_carried_over_is_refused_by_name(folder, changes, name):
    if isinstance(changes.get("source_code"), dict):
        changes = {"source_code": source(folder, **changes["source_code"])}
    with pytest.raises(ConfigurationError) as caught:
        read_estimator(ModelTrainer(folder, **changes))
    assert f"The ModelTrainer has {name}" in str(caught.value)
    assert "Leave it out" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"distribution": {"torch_distributed": {"enabled": True}}}, "distribution: tunekit does not carry"),
        ({"git_config": {"repo": "x"}}, "git_config: tunekit does not carry"),
        ({"rules": [1]}, "rules: tunekit does not carry"),
        ({"role": "jobs"}, "role='jobs': tunekit needs its ARN"),
        ({"source_dir": "code.tar.gz"}, "source_dir='code.tar.gz': tunekit uploads"),
    ],
)
def test_what_an_estimator_says_that_cannot_be_carried_over_is_refused_by_name(folder, changes, name):
    with pytest.raises(ConfigurationError, match="The PyTorch has ") as caught:
        read_estimator(PyTorch(folder, **changes))
    assert name in str(caught.value)


def test_something_else_is_refused():
    with pytest.raises(ConfigurationError, match="A dict is no ModelTrainer and no estimator of the sagemaker SDK"):
        read_estimator({})


def test_nothing_of_the_sdk_is_imported():
    program = "import sys; import tunekit_sagemaker.sdk; print('sagemaker' in sys.modules, 'boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
