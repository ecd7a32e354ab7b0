"""What is asked of SageMaker for each option, and how often it is asked."""

import pytest

from tunekit_core import choice

from .experiment import Setup, tune

pytestmark = pytest.mark.usefixtures("at_any_rate")
KEY = "arn:aws:kms:us-east-1:123456789012:key/a"


def first_job(tmp_path, emulator, **setup):
    tune(tmp_path, Setup(**{"count": 1, "epochs": 1, **setup}))
    return emulator.jobs[0]


def test_the_request_of_a_trial_says_all_that_it_needs(tmp_path, emulator):
    job = first_job(tmp_path / "tag/method/run", emulator)
    root, experiment = f"s3://sagemaker-us-east-1-123456789012/tunekit-trials/tag/method/run-{_of(job)}/", _of(job)
    code = job.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert code.startswith("s3://sagemaker-us-east-1-123456789012/tunekit-code/")
    x = job.request["HyperParameters"]["x"]
    assert 0.0 <= float(x) <= 1.0
    assert "-0-0-" in job.name
    assert job.request == {
        "TrainingJobName": job.name,
        "RoleArn": emulator.role,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3"],
            "ContainerArguments": ["/opt/ml/input/data/tunekit/entry.py"],
        },
        "HyperParameters": {"x": x, "epochs": "1", "seconds": "0.0"},
        "Environment": {
            "TUNEKIT_TRIAL": "0",
            "TUNEKIT_RUN": "0",
            "TUNEKIT_SEED": "224355907",
            "TUNEKIT_SPEC": '{"command": ["python3", "train.py", "{arguments}"], "folder": ".", "resource": "epoch"}',
        },
        "InputDataConfig": [
            {
                "ChannelName": "tunekit",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": code,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"{root}0/output/"},
        "CheckpointConfig": {"S3Uri": f"{root}0/checkpoints/", "LocalPath": "/opt/ml/checkpoints"},
        "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30, "InstanceType": "ml.m5.large"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "EnableManagedSpotTraining": False,
    }
    assert job.tags == {"tunekit:experiment": experiment, "tunekit:trial": "0", "tunekit:run": "0"}


def _of(job):
    return job.tags["tunekit:experiment"]


def test_spot_instances_in_a_private_network_with_a_key_and_tags(tmp_path, emulator):
    options = {
        "spot": True,
        "max_run": 600,
        "max_wait": 900,
        "subnets": ("subnet-1", "subnet-2"),
        "security_groups": ("sg-1",),
        "kms_key": KEY,
        "tags": {"team": "vision"},
        "volume_gb": 50,
        "s3_prefix": "/ours/",
    }
    job = first_job(tmp_path, emulator, options=options)
    assert job.request["EnableManagedSpotTraining"] is True
    assert job.request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900}
    assert job.request["VpcConfig"] == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert job.request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert job.request["ResourceConfig"] == {
        "InstanceCount": 1,
        "VolumeSizeInGB": 50,
        "VolumeKmsKeyId": KEY,
        "InstanceType": "ml.m5.large",
    }
    assert job.request["CheckpointConfig"]["S3Uri"].startswith(
        "s3://sagemaker-us-east-1-123456789012/ours/tunekit-trials/"
    )
    assert job.tags["team"] == "vision"


def test_a_spot_instance_is_waited_for_as_long_as_it_may_run_unless_told(tmp_path, emulator):
    job = first_job(tmp_path, emulator, options={"spot": True, "max_run": 600})
    assert job.request["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200}


def test_several_types_of_instances_in_order_of_preference_that_are_kept(tmp_path, emulator):
    types = ("ml.m5.xlarge", "ml.m5.large")
    job = first_job(tmp_path, emulator, options={"instance_types": types, "keep_alive": 60})
    assert job.request["ResourceConfig"] == {
        "InstanceCount": 1,
        "VolumeSizeInGB": 30,
        "InstancePreferences": [{"InstanceType": "ml.m5.xlarge"}, {"InstanceType": "ml.m5.large"}],
        "KeepAlivePeriodInSeconds": 60,
    }


def test_overrides_come_last_and_leave_what_is_beside_them(tmp_path, emulator):
    overrides = {"ResourceConfig": {"VolumeSizeInGB": 99}, "EnableNetworkIsolation": True}
    job = first_job(tmp_path, emulator, options={"overrides": overrides})
    assert job.request["ResourceConfig"] == {"InstanceCount": 1, "VolumeSizeInGB": 99, "InstanceType": "ml.m5.large"}
    assert job.request["EnableNetworkIsolation"] is True


def test_a_type_of_instance_that_is_tuned_is_that_of_the_job(tmp_path, emulator):
    values = {"machine": choice(["ml.c5.xlarge", "ml.m5.2xlarge"]), "how_many": 2}
    options = {"instance_type_attr": "machine", "instance_count_attr": "how_many"}
    job = first_job(tmp_path, emulator, values=values, options=options)
    assert job.request["ResourceConfig"]["InstanceType"] == job.request["HyperParameters"]["machine"]
    assert job.request["ResourceConfig"]["InstanceType"] in ("ml.c5.xlarge", "ml.m5.2xlarge")
    assert job.request["ResourceConfig"]["InstanceCount"] == 2


def test_a_configuration_that_is_too_large_for_a_request_travels_beside_it(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=2, values={"text": "x" * 300}))
    (job,) = emulator.jobs
    assert job.request["HyperParameters"] == {}
    names = [channel["ChannelName"] for channel in job.request["InputDataConfig"]]
    uri = job.request["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"]
    assert names == ["tunekit", "trial"]
    assert uri.endswith("/0/inputs/0/")
    assert job.status == "Completed"
