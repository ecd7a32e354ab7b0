"""The image of a framework: from the table of tunekit, without the SDK of SageMaker, and what is told without it."""

import sys

import boto3
import pytest

from tunekit_core import ConfigurationError, InvalidOption, SearchSpace, choice
from tunekit_core.testing import toy_problem
from tunekit_sagemaker.aws.images import has_gpu, image_for
from tunekit_sagemaker.backend.options import SageMakerOptions

from .experiment import Setup, tune
from .test_sagemaker_launch import Training

PYTORCH = {"image": None, "framework": "pytorch 2.3 py311"}


@pytest.fixture(autouse=True)
def without_the_sdk(monkeypatch):
    """Also where somebody has it installed."""
    for name in ("sagemaker", "sagemaker.core"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    ("framework", "region", "instance_type", "uri"),
    [
        (
            *("pytorch 2.3 py311", "us-east-1", "ml.g5.xlarge"),
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-gpu-py311",
        ),
        (
            *("tensorflow 2.16.2 py310", "eu-south-1", "ml.m5.large"),
            "692866216735.dkr.ecr.eu-south-1.amazonaws.com/tensorflow-training:2.16.2-cpu-py310",
        ),
        (
            *("pytorch 2.8.0 py312", "cn-north-1", "ml.p4d.24xlarge"),
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:2.8.0-gpu-py312",
        ),
        (
            *("pytorch 2.1 py310", "us-gov-west-1", "ml.c5.xlarge"),
            "442386744353.dkr.ecr.us-gov-west-1.amazonaws.com/pytorch-training:2.1-cpu-py310",
        ),
    ],
)
def test_the_image_of_a_framework(framework, region, instance_type, uri):
    assert image_for(framework, region, instance_type) == uri


@pytest.mark.parametrize(
    ("instance_type", "gpu"),
    [
        ("ml.p3.2xlarge", True),
        ("ml.p4de.24xlarge", True),
        ("ml.g4dn.xlarge", True),
        ("ml.p6-b200.48xlarge", True),
        ("ml.m5.large", False),
        ("ml.c7i-flex.large", False),
        ("ml.trn1.2xlarge", False),
    ],
)
def test_a_type_has_gpus_if_its_family_is_p_or_g_and_a_number(instance_type, gpu):
    assert has_gpu(instance_type) is gpu


@pytest.mark.parametrize(
    ("framework", "region", "instance_type"),
    [
        ("huggingface 4.36 py310", "us-east-1", "ml.g5.xlarge"),
        ("pytorch 2.3", "us-east-1", "ml.g5.xlarge"),
        ("pytorch 2.x py311", "us-east-1", "ml.g5.xlarge"),
        ("pytorch 1.1 py3", "us-east-1", "ml.g5.xlarge"),
        ("pytorch 2.3 py311", "us-iso-east-1", "ml.g5.xlarge"),
        ("pytorch 2.3 py311", "us-east-1", "ml.trn1.2xlarge"),
    ],
)
def test_what_the_table_lacks_is_refused_with_what_to_type(framework, region, instance_type):
    with pytest.raises(
        InvalidOption,
        match=rf"^backend.framework='{framework}' leaves open which image it is: for {region} and {instance_type} .*"
        r"Type backend.image=URI .*: pip install 'tunekit-sagemaker\[sdk\]'\.$",
    ):
        image_for(framework, region, instance_type)


@pytest.mark.parametrize("framework", ["pytorch", "pytorch 2.3 3.11", "pytorch 2.3 py311 gpu", ""])
def test_what_names_no_framework_with_its_versions_is_told(framework):
    with pytest.raises(
        InvalidOption, match=r"^framework='.*' has to be a framework.* backend.framework='pytorch 2.3 py311'"
    ):
        SageMakerOptions(framework=framework)


def images_of(emulator):
    client = boto3.client("sagemaker")
    described = [client.describe_training_job(TrainingJobName=job.name) for job in emulator.jobs]
    return {
        job["ResourceConfig"]["InstanceType"]: job["AlgorithmSpecification"]["TrainingImage"].rpartition("/")[2]
        for job in described
    }


@pytest.mark.usefixtures("at_any_rate")
def test_jobs_have_the_image_of_the_framework(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=2, options=PYTORCH))
    assert images_of(emulator) == {"ml.m5.large": "pytorch-training:2.3-cpu-py311"}


@pytest.mark.usefixtures("at_any_rate")
def test_an_image_that_is_given_wins(tmp_path, emulator):
    tune(tmp_path, Setup(count=1, epochs=2, options={**PYTORCH, "image": "mine"}))
    assert images_of(emulator) == {"ml.m5.large": "mine"}


@pytest.mark.usefixtures("at_any_rate")
def test_each_job_has_the_image_for_what_it_runs_on(tmp_path, emulator):
    setup = Setup(
        count=2,
        epochs=2,
        values={"machine": "ml.g5.xlarge"},
        options={**PYTORCH, "instance_type_attr": "machine"},
    )
    tune(tmp_path, setup)
    assert images_of(emulator) == {"ml.g5.xlarge": "pytorch-training:2.3-gpu-py311"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"framework": "mxnet 1.9 py38"}, r"^backend.framework='mxnet 1.9 py38' leaves open which image"),
        (
            {"instance_types": ("ml.g5.xlarge", "ml.m5.large")},
            r"^backend.instance_types=\['ml.g5.xlarge', 'ml.m5.large'\] has types with GPUs and types without",
        ),
        ({"instance_type_attr": "machine"}, r"^backend.framework='pytorch 2.3 py311' .* and ml.trn1.2xlarge"),
    ],
)
def test_a_missing_image_is_told_before_there_is_a_folder(tmp_path, emulator, options, message):
    training = Training()
    training.space = SearchSpace({"machine": choice(["ml.m5.large", "ml.trn1.2xlarge"])})
    backend = training.backend(tmp_path / "run", toy_problem(training), **{**PYTORCH, **options})
    with pytest.raises(ConfigurationError, match=message):
        backend.check()
    assert not (tmp_path / "run").exists()
