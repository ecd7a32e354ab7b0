"""With the SDK of SageMaker installed, of either version: its objects, its images, and that it tells nobody of it.

``nox -s sagemaker_sdk`` runs this once with each; the plain tests do not collect it.
"""

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import boto3
import pytest

from tunekit_core import (
    ConfigurationError,
    ExperimentRecord,
    InvalidOption,
    Problem,
    Streams,
    Tuner,
    create,
    load_experiment,
)
from tunekit_sagemaker.aws import clients, rates
from tunekit_sagemaker.aws.images import OF_ACCOUNT, OTHER_ACCOUNTS, image_for
from tunekit_sagemaker.aws.limits import instance_types
from tunekit_sagemaker.sdk import read_estimator

IS_2 = version("sagemaker").startswith("2.")
PAGE = Path(__file__).parents[4] / "docs/how-to/tune-on-sagemaker.md"
ROLE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-1"
SCRIPT = """
import argparse
from tunekit import Reporter

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--act")
parser.add_argument("--epochs", type=int)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, args.epochs + 1):
    report(epoch=epoch, loss=args.lr + (args.act != "relu"))
"""
of_version_2 = pytest.mark.skipif(not IS_2, reason="the SDK is of version 3")
of_version_3 = pytest.mark.skipif(IS_2, reason="the SDK is of version 2")

pytestmark = [
    pytest.mark.filterwarnings("default"),  # the SDK and what it needs warn when they are imported
    pytest.mark.skipif(sys.platform != "linux", reason="the emulator is for Linux"),
]


@pytest.fixture(autouse=True)
def without_account(monkeypatch):
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")  # asks for what the emulator does not have
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    monkeypatch.setattr(rates, "RATES", {})
    monkeypatch.setattr(clients, "ATTEMPTS", 1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "training").mkdir()
    (tmp_path / "training/train.py").write_text(SCRIPT)
    return tmp_path / "training"


# Images


def retrieve(framework, region, version, python, instance_type):
    if IS_2:
        from sagemaker import image_uris
    else:
        from sagemaker.core import image_uris
    return image_uris.retrieve(
        framework, region, version=version, py_version=python, instance_type=instance_type, image_scope="training"
    )


NEWEST = [("pytorch", "2.6", "py312"), ("tensorflow", "2.19", "py312")]  # of older ones the SDK lacks some regions


@pytest.mark.parametrize(("framework", "number", "python"), NEWEST)
@pytest.mark.parametrize("region", sorted({*OF_ACCOUNT, *OTHER_ACCOUNTS}))
def test_our_table_says_what_the_sdk_says(framework, number, python, region):
    for instance_type in ("ml.m5.large", "ml.g5.xlarge"):
        ours = image_for(f"{framework} {number} {python}", region, instance_type)
        assert ours == retrieve(framework, region, number, python, instance_type)


def test_for_each_type_of_instances_our_table_says_what_the_sdk_says():
    different = []
    for instance_type in instance_types():
        try:
            expected = retrieve("pytorch", "us-east-1", "2.3", "py311", instance_type)
        except ValueError:
            continue
        try:
            found = image_for("pytorch 2.3 py311", "us-east-1", instance_type)
        except InvalidOption as error:
            found = str(error)
        if found != expected:
            different.append((instance_type, found, expected))
    assert different == []


def test_what_our_table_lacks_is_asked_of_the_sdk():
    assert image_for("pytorch 2.3", "us-east-1", "ml.g5.xlarge") == (
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-gpu-py311"
    )
    xgboost = image_for("xgboost 1.7-1", "us-east-1", "ml.m5.large")
    assert xgboost == "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.mark.parametrize("framework", ["pytorhc 2.3", "huggingface 4.36 py310"])
def test_what_the_sdk_lacks_too_is_refused(framework):
    with pytest.raises(
        InvalidOption, match=rf"^backend.framework='{framework}' names no image: .*Type backend.image=URI"
    ):
        image_for(framework, "us-east-1", "ml.g5.xlarge")


def test_the_sdk_tells_nobody_that_it_is_used():
    """In a process of its own, in which it is imported first, and in which no name can be looked up."""
    program = (
        "import socket\n"
        "def refuse(*arguments, **options): raise SystemExit(f'asks for {arguments[0]}')\n"
        "socket.getaddrinfo = refuse\n"
        "from tunekit_sagemaker.aws.images import image_for\n"
        "print(image_for('xgboost 1.7-1', 'us-east-1', 'ml.m5.large'))\n"
        "import threading\n"
        "assert threading.active_count() == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("sagemaker-xgboost:1.7-1\n")
    assert "deprecat" not in done.stderr.lower()


# Objects


def tune(job, folder):
    space = {**job.hyperparameters, "lr": "loguniform(1e-3,10)"}
    progress = {"metric": "loss", "resource": "epoch", "max_resource": 2, "max_resource_attr": "epochs"}
    benchmark = create("benchmark", "script", **job.script, space=space, **progress)
    problem = Problem(space=benchmark.space, objective=benchmark.objective, max_resource=benchmark.max_resource)
    streams = Streams(0)
    options = {**job.options, "poll_interval": 0.1, "settle_time": 2.0}
    return Tuner(
        scheduler=create("scheduler", "fifo", problem, streams, create("searcher", "random", problem, streams)),
        backend=create("backend", "sagemaker", problem, benchmark, folder, streams, **options),
        stopping=[create("stopping", "max_num_trials_finished", problem, count=1)],
        n_workers=1,
        record=ExperimentRecord(folder, keep_events=True),
    ).run()


def job_of(emulator):
    (job,) = emulator.jobs
    return boto3.client("sagemaker").describe_training_job(TrainingJobName=job.name)


def session_of_2():
    import sagemaker

    return sagemaker.Session(default_bucket="bucket-of-sdk")


@of_version_2
def test_an_estimator_of_pytorch_is_tuned(emulator, folder, tmp_path):
    from sagemaker.pytorch import PyTorch

    estimator = PyTorch(
        entry_point="train.py",
        source_dir="training",
        role=ROLE,
        framework_version="2.3",
        py_version="py311",
        instance_count=1,
        instance_type="ml.g5.xlarge",
        volume_size=40,
        max_run=3600,
        keep_alive_period_in_seconds=60,
        hyperparameters={"lr": 0.1, "act": "relu"},
        environment={"A": "b"},
        tags={"team": "speech"},
        metric_definitions=[{"Name": "loss", "Regex": '"loss": ([-+0-9.e]+)'}],
        sagemaker_session=session_of_2(),
    )
    result = tune(read_estimator(estimator), tmp_path / "results/tag/method/run")
    assert result.incumbent.report.losses[0] == result.incumbent.configuration["lr"]
    job = job_of(emulator)
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-gpu-py311"
    assert job["AlgorithmSpecification"]["TrainingImage"] == image.replace(
        "us-east-1", os.environ["AWS_DEFAULT_REGION"]
    )
    assert job["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "loss", "Regex": '"loss": ([-+0-9.e]+)'}]
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 40
    assert job["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 60
    assert (job["RoleArn"], job["StoppingCondition"]["MaxRuntimeInSeconds"]) == (ROLE, 3600)
    assert (job["Environment"]["A"], job["HyperParameters"]["act"]) == ("b", "relu")


@of_version_2
def test_an_estimator_of_hugging_face_has_the_image_that_the_sdk_says(emulator, folder):
    from sagemaker.huggingface import HuggingFace

    estimator = HuggingFace(
        entry_point="train.py",
        source_dir="training",
        role=ROLE,
        transformers_version="4.36",
        pytorch_version="2.1",
        py_version="py310",
        instance_count=1,
        instance_type="ml.g5.xlarge",
        use_spot_instances=True,
        max_wait=90_000,
        sagemaker_session=session_of_2(),
    )
    options = read_estimator(estimator).options
    assert "/huggingface-pytorch-training:2.1-transformers4.36-gpu-py310-" in options["image"]
    assert (options["spot"], options["max_wait"]) == (True, 90_000)


@of_version_2
def test_an_estimator_of_an_image_of_ones_own_runs_what_is_in_it(emulator):
    from sagemaker.estimator import Estimator

    estimator = Estimator(
        image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1",
        role=ROLE,
        instance_count=2,
        instance_type="ml.m5.large",
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
        encrypt_inter_container_traffic=True,
        hyperparameters={"lr": 0.1},
        sagemaker_session=session_of_2(),
    )
    job = read_estimator(estimator)
    assert job.options["launch"] == "image"
    assert (job.options["subnets"], job.options["instance_count"]) == (("subnet-1",), 2)
    assert job.options["overrides"] == {"EnableInterContainerTrafficEncryption": True}
    assert job.hyperparameters == {"lr": 0.1}


@of_version_2
def test_what_an_estimator_asks_for_beyond_that_is_refused(emulator, folder):
    from sagemaker.pytorch import PyTorch

    estimator = PyTorch(
        entry_point="train.py",
        source_dir="training",
        role=ROLE,
        framework_version="2.3.0",
        py_version="py311",
        instance_count=2,
        instance_type="ml.g5.xlarge",
        distribution={"torch_distributed": {"enabled": True}},
        sagemaker_session=session_of_2(),
    )
    with pytest.raises(ConfigurationError, match="The PyTorch has distribution: tunekit does not carry that over"):
        read_estimator(estimator)


def trainer(**changes):
    from sagemaker.core.training.configs import Compute, OutputDataConfig, SourceCode
    from sagemaker.train import ModelTrainer

    said = {
        "role": ROLE,
        "training_image": "image",
        "source_code": SourceCode(source_dir="training", entry_script="train.py"),
        "compute": Compute(instance_type="ml.m5.large", instance_count=1),
        "output_data_config": OutputDataConfig(s3_output_path="s3://bucket-of-sdk/output"),
    }
    return ModelTrainer(**{**said, **changes})


@of_version_3
def test_a_model_trainer_is_tuned(emulator, folder, tmp_path):
    from sagemaker.core.training.configs import Compute, MetricDefinition, Networking, StoppingCondition, Tag

    given = trainer(
        compute=Compute(
            instance_type="ml.g5.xlarge", instance_count=1, volume_size_in_gb=40, keep_alive_period_in_seconds=60
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
        networking=Networking(enable_network_isolation=True),
        environment={"A": "b"},
        hyperparameters={"lr": 0.1, "act": "relu"},
        tags=[Tag(key="team", value="speech")],
    ).with_metric_definitions([MetricDefinition(name="loss", regex='"loss": ([-+0-9.e]+)')])
    result = tune(read_estimator(given), tmp_path / "results/tag/method/run")
    assert result.incumbent.report.losses[0] == result.incumbent.configuration["lr"]
    job = job_of(emulator)
    assert job["AlgorithmSpecification"]["TrainingImage"] == "image"
    assert job["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "loss", "Regex": '"loss": ([-+0-9.e]+)'}]
    assert job["ResourceConfig"]["VolumeSizeInGB"] == 40
    assert job["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 60
    assert job["EnableNetworkIsolation"] is True
    assert (job["RoleArn"], job["StoppingCondition"]["MaxRuntimeInSeconds"]) == (ROLE, 3600)
    assert (job["Environment"]["A"], job["HyperParameters"]["act"]) == ("b", "relu")


@of_version_3
def test_inputs_and_spot_instances_of_a_trainer_are_carried_over(emulator, folder):
    from sagemaker.core.training.configs import Compute, InputData, S3DataSource, StoppingCondition

    place = S3DataSource(
        s3_uri="s3://bucket/more/", s3_data_type="S3Prefix", s3_data_distribution_type="ShardedByS3Key"
    )
    given = trainer(
        compute=Compute(instance_type="ml.m5.large", instance_count=1, enable_managed_spot_training=True),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3600, max_wait_time_in_seconds=7200),
        input_data_config=[
            InputData(channel_name="train", data_source="s3://bucket/data/"),
            InputData(channel_name="more", data_source=place),
        ],
    )
    options = read_estimator(given).options
    assert (options["spot"], options["max_wait"]) == (True, 7200)
    channels = options["overrides"]["InputDataConfig"]
    assert [each["DataSource"]["S3DataSource"]["S3Uri"] for each in channels] == [
        "s3://bucket/data/",
        "s3://bucket/more/",
    ]
    assert channels[1]["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "ShardedByS3Key"


@of_version_3
def test_what_a_trainer_asks_for_beyond_that_is_refused(emulator, folder):
    from sagemaker.train.distributed import Torchrun

    with pytest.raises(ConfigurationError, match="The ModelTrainer has distributed: tunekit does not carry that over"):
        read_estimator(trainer(distributed=Torchrun()))


@of_version_3
def test_the_program_in_the_page_runs(emulator, folder):
    (text,) = re.findall(r'^```python title="tune_with_sdk.py"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(compile(text, "tune_with_sdk.py", "exec"), {"__name__": "__main__"})
    experiment = load_experiment(Path("results/sdk/ASHA/0"))
    assert experiment.metadata["status"] == "completed"
    assert experiment.metadata["n_completed"] + experiment.metadata["n_stopped"] == 3
